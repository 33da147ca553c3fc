#include "actors/watch/event_text.hpp"

#include "actors/base/transports.hpp"
#include "transports/seam/foreign_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps {

namespace {

// What is about all pools of an endpoint names no transport.
log_component pool_of(const std::string& transport) noexcept {
  const auto* row = transport_named(transport);
  return row ? log_of(row->kind) : log_component::hybrid;
}

std::string_view title_of(const std::string& transport) {
  const auto* row = transport_named(transport);
  return row ? row->title : std::string_view{transport};
}

} // namespace

std::string show_duration(duration value) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(value).count();
  if (ms < 1000)
    return std::to_string(ms) + "ms";
  const auto total = ms / 1000;
  std::string out;
  if (total >= 3600)
    out += std::to_string(total / 3600) + "h";
  if (total >= 60)
    out += std::to_string(total / 60 % 60) + "m";
  out += std::to_string(total % 60);
  if (ms % 1000 != 0)
    out += "." + std::to_string(ms % 1000 / 100);
  return out + "s";
}

std::string counted(uint64_t number, std::string_view noun) {
  auto out = std::to_string(number) + " ";
  return out.append(noun).append(number == 1 ? "" : "s");
}

std::string times(uint64_t number) {
  return number == 1 ? "once" : counted(number, "time");
}

std::string place_of(const event& event) {
  if (event.tunnel.empty())
    return event.mapping;
  return event.endpoint.empty() ? event.tunnel
                                : event.tunnel + "." + event.endpoint;
}

namespace {

// With a peer: the node's own answer to it.
std::string render_failure(const event& event) {
  if (!event.peer.empty())
    return "Refused " + event.peer + " with "
           + (event.number == 0 ? "" : std::to_string(event.number) + " ")
           + event.reason + ": " + event.detail;
  const auto place = place_of(event);
  return "Request" + (event.request_id.empty() ? "" : " " + event.request_id)
         + (place.empty() ? "" : " for " + place) + " failed: " + event.detail;
}

std::string say(event_word word, const event& event) {
  switch (word) {
    case event_word::place: return place_of(event);
    case event_word::tunnel: return event.tunnel;
    case event_word::transport: return std::string(title_of(event.transport));
    case event_word::connection: return event.connection;
    case event_word::session: return event.session;
    case event_word::request: return event.request_id;
    case event_word::reason: return event.reason;
    case event_word::detail: return event.detail;
    case event_word::number: return std::to_string(event.number);
    case event_word::exchanges: return counted(event.number, "exchange");
    case event_word::again:
      return event.number == 0   ? ""
             : event.number == 1 ? " (once more)"
                                 : " (" + std::to_string(event.number)
                                     + " more times)";
    case event_word::failure: return render_failure(event);
    case event_word::end: break;
  }
  return {};
}

} // namespace

std::string several_agents(const std::string& tunnel,
                           const std::string& endpoint, size_t count) {
  return "Endpoint " + tunnel + "." + endpoint + " has "
         + std::to_string(count) + " agents now; they share its requests";
}

std::string asked_and_why(std::string_view method, std::string_view url,
                          std::string_view why, size_t room) {
  constexpr size_t fewest = 12; // of a URL that says something
  const auto rest = method.size() + why.size() + 3;
  const auto left = std::min<size_t>(room > rest ? room - rest : 0, 60);
  if (url.empty() || left < std::min(fewest, url.size()))
    return std::string(why);
  return std::string(method) + " " + foreign_text(url, left) + ": "
         + std::string(why);
}

std::string render(const event& event) {
  return std::string(tag_of(component_of(event))) + " " + sentence(event);
}

std::string sentence(const event& event) {
  const auto text = row_of(event.kind).sentence;
  std::string out;
  size_t from = 0;
  for (auto at = text.find('{'); at != text.npos; at = text.find('{', from)) {
    out += text.substr(from, at - from);
    out += say(*event_word_at(text, at), event);
    from = text.find('}', at) + 1;
  }
  return out.append(text.substr(from));
}

std::string_view severity_word(event_kind kind) noexcept {
  switch (row_of(kind).level) {
    case severity::trace:
    case severity::debug: return "debug";
    case severity::info: return "info";
    case severity::warning: break;
  }
  return "warning";
}

nlohmann::json show(const event& event) {
  return {
    {"serial", event.serial},        {"time_ms", event.time_ms},
    {"kind", to_string(event.kind)}, {"severity", severity_word(event.kind)},
    {"tunnel", event.tunnel},        {"endpoint", event.endpoint},
    {"transport", event.transport},  {"connection", event.connection},
    {"session", event.session},      {"request_id", event.request_id},
    {"reason", event.reason},        {"peer", event.peer},
    {"mapping", event.mapping},      {"detail", event.detail},
    {"number", event.number},        {"text", render(event)}};
}

spdlog::level::level_enum level_of(event_kind kind) noexcept {
  switch (row_of(kind).level) {
    case severity::trace: return spdlog::level::trace;
    case severity::debug: return spdlog::level::debug;
    case severity::info: return spdlog::level::info;
    case severity::warning: break;
  }
  return spdlog::level::warn;
}

log_component component_of(const event& event) noexcept {
  return row_of(event.kind).component.value_or(pool_of(event.transport));
}

} // namespace aps
