#include "config/fields.hpp"

#include <nlohmann/json.hpp>

namespace aps::config {

using nlohmann::json;

namespace {

template <class T>
const char* type_of(T) {
  return std::is_same_v<T, seconds> ? "seconds"
         : std::is_same_v<T, bool>  ? "boolean"
                                    : "integer";
}

/// Adds the keys of a section; `defaults` is as where the file says nothing.
template <class Section, size_t Count>
void add(json& to, const std::vector<std::string>& places,
         const field<Section> (&fields)[Count], const Section& defaults) {
  for (const auto& field : fields)
    std::visit(
      [&](auto member) {
        const auto value = defaults.*member;
        to.push_back({{"section", places},
                      {"key", field.key},
                      {"type", type_of(value)},
                      {"low", field.range.low},
                      {"high", field.range.high},
                      {"or_zero", field.range.or_zero},
                      {"default", plain(value)},
                      {"live", field.used == change::live},
                      {"meaning", field.meaning}});
      },
      field.member);
}

} // namespace

json plain_keys() {
  const tunnel a_tunnel;
  const std::string at = "tunnels.<name>";
  auto out = json::array();
  add(out, {"http", "servers.<name>.http"}, fields::http, {});
  add(out, {"servers.<name>"}, fields::server, {});
  add(out, {at}, fields::tunnel, a_tunnel);
  for (const auto i : pools_as_told) {
    const auto& row = pool_table[i];
    add(out, {at + "." + row.key}, fields::pool, row.settings);
    if (row.has_fallback)
      add(out, {at + "." + row.key}, fields::fallback_switch, {});
  }
  add(out, {at + ".fallback"}, fields::breaker, {});
  add(out, {at + ".publish", at + ".credentials[].publish"}, fields::publishing,
      {});
  add(out, {"mappings[]"}, fields::mapping, {});
  add(out, {"mappings[].health"}, fields::health, {});
  add(out, {"mappings[].timeouts"}, fields::timeouts, {});
  add(out, {"mappings[].retry"}, fields::retry, {});
  add(out, {"mappings[].cc"}, fields::copies, {});
  add(out, {"servers.<name>.compress", "mappings[].compress"},
      fields::compression, {});
  std::vector<std::string> quotas;
  for (const auto* place : {"servers.<name>", "tunnels.<name>", "mappings[]"})
    for (const auto& row : quota_table)
      quotas.push_back(std::string(place) + ".quota" + (*row.key ? "." : "")
                       + row.key);
  add(out, quotas, fields::quota, {});
  add(out, {"mappings[].forward_auth", "tunnels.<name>.forward_auth"},
      fields::forward_auth, {});
  add(out, {"auth"}, fields::auth, {});
  add(out, {"admin"}, fields::admin, {});
  add(out, {"log"}, fields::log, {});
  add(out, {"limits"}, fields::limits, {});
  add(out, {"io"}, fields::io, {});
  add(out, {"targets"}, fields::targets, {});
  add(out, {"streams"}, fields::streams, {});
  return out;
}

} // namespace aps::config
