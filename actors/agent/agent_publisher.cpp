#include "actors/agent/agent_publisher.hpp"

#include "config/host.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>

namespace aps {

namespace {

// No answer by then: it is said again.
constexpr auto publish_patience = std::chrono::seconds(5);

// Others may give up what they have.
constexpr auto refused_pause = std::chrono::seconds(10);

constexpr size_t max_shown = 256;

std::string with_host(std::string_view url, std::string_view host) {
  constexpr std::string_view bare = "tcp://:";
  return url.starts_with(bare)
           ? "tcp://" + config::authority(host, url.substr(bare.size()))
           : std::string{url};
}

} // namespace

agent_publisher::agent_publisher(std::vector<agent_publication> wanted) {
  for (auto& each : wanted) // a name is asked for once
    if (!find(each.name))
      wanted_.push_back({std::move(each.name), std::move(each.target), {}, {}});
}

agent_publisher::state* agent_publisher::find(const std::string& name) {
  const auto i = std::find_if(wanted_.begin(), wanted_.end(),
                              [&](auto& each) { return each.name == name; });
  return i == wanted_.end() ? nullptr : &*i;
}

std::optional<publish_frame> agent_publisher::due(time_point now) {
  if (wanted_.empty() || now < next_)
    return std::nullopt;
  next_ = now + publish_patience;
  publish_frame out{++serial_, {}};
  for (const auto& each : wanted_)
    out.names.push_back({each.name, each.target});
  return out;
}

std::vector<agent_publisher::news>
agent_publisher::on_answer(const published_frame& answer, std::string_view host,
                           time_point now) {
  std::vector<news> out;
  if (answer.serial != serial_)
    return out; // another one is on its way
  for (const auto& each : answer.granted)
    if (auto* known = find(each.name)) {
      const auto url = foreign_text(with_host(each.value, host), max_shown);
      if (known->url != url)
        out.push_back({true, "Published " + known->target + " as " + url, url,
                       known->target});
      known->url = url;
      known->refused.clear();
    }
  for (const auto& each : answer.refused)
    if (auto* known = find(each.name)) {
      const auto why = foreign_text(each.value, max_shown);
      if (known->refused != why)
        out.push_back({false,
                       "Cannot publish " + known->target
                         + (known->name.empty() ? "" : " as " + known->name)
                         + ": the name " + why,
                       {},
                       known->target});
      known->refused = why;
      known->url.clear();
    }
  const auto all = std::all_of(wanted_.begin(), wanted_.end(),
                               [](auto& each) { return !each.url.empty(); });
  next_ = all ? time_point::max() : now + refused_pause;
  return out;
}

} // namespace aps
