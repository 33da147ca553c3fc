#include "actors/path/stream_doors.hpp"

#include "config/syntax/text.hpp"

#include <algorithm>
#include <system_error>

namespace aps {

bool stream_doors::is_for(const door& door, const config::mapping& rule) {
  return rule.is_raw() && rule.accept_proxy == door.accepts_proxy
         && rule.from.str() == door.from;
}

void stream_doors::retire(door& door) {
  door.port->stop_accepting();
  closing_.push_back(std::move(door));
}

void stream_doors::forget_closed() {
  std::erase_if(closing_,
                [](const door& door) { return door.port->sessions() == 0; });
}

// Why not, or "".
std::string stream_doors::add(const config::mapping& rule,
                              const std::string& key) {
  try {
    doors_.push_back({rule.from.str(), rule.accept_proxy, open_(rule, key)});
    return {};
  } catch (const std::system_error& error) {
    return error.what();
  }
}

std::vector<std::string>
stream_doors::apply(const std::vector<config::mapping>& mappings) {
  std::vector<std::string> failures;
  const std::lock_guard guard{mutex_};
  if (stopped_)
    return failures;
  forget_closed();
  std::erase_if(doors_, [&](door& door) {
    const auto wanted
      = std::any_of(mappings.begin(), mappings.end(),
                    [&](const auto& rule) { return is_for(door, rule); });
    if (!wanted)
      retire(door);
    return !wanted;
  });
  for (size_t i = 0; i < mappings.size(); ++i) {
    const auto& rule = mappings[i];
    const auto open = std::any_of(doors_.begin(), doors_.end(),
                                  [&](auto& one) { return is_for(one, rule); });
    if (!rule.is_raw() || open)
      continue;
    if (auto why = add(rule, config::element_path("$.mappings", i) + ".from");
        !why.empty())
      failures.push_back(std::move(why));
  }
  return failures;
}

std::string stream_doors::open(const config::mapping& rule) {
  const std::lock_guard guard{mutex_};
  if (stopped_)
    return "the node is shutting down";
  forget_closed();
  return add(rule, {});
}

void stream_doors::close(const config::mapping& rule) {
  const std::lock_guard guard{mutex_};
  const auto i
    = std::find_if(doors_.begin(), doors_.end(),
                   [&](const door& door) { return is_for(door, rule); });
  if (i == doors_.end())
    return;
  retire(*i);
  doors_.erase(i);
}

uint16_t stream_doors::port(const std::string& from) const {
  const std::lock_guard guard{mutex_};
  for (const auto& door : doors_)
    if (door.from == from)
      return door.port->port();
  return 0;
}

void stream_doors::stop_accepting() {
  const std::lock_guard guard{mutex_};
  stopped_ = true;
  for (auto& door : doors_)
    door.port->stop_accepting();
}

size_t stream_doors::sessions() const {
  const std::lock_guard guard{mutex_};
  size_t sum = 0;
  for (const auto* all : {&doors_, &closing_})
    for (const auto& door : *all)
      sum += door.port->sessions();
  return sum;
}

void stream_doors::close() {
  std::vector<door> all;
  const std::lock_guard guard{mutex_};
  stopped_ = true;
  all.swap(doors_);
  closing_.clear();
}

} // namespace aps
