#include "config/sections.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

/// Adds a problem about the one of the two sizes that the file names.
void refuse_sizes(reader& in, const pool& to) {
  const auto size = std::to_string(to.pool_size);
  const auto most = std::to_string(to.max_pool_size);
  const bool size_named = in.member("pool_size") != nullptr;
  const bool most_named = in.member("max_pool_size") != nullptr;
  const auto note = [](bool named) { return named ? ")" : ", the default)"; };
  if (size_named)
    in.fail(in.path("pool_size"), "the number " + size,
            "at most max_pool_size (" + most + note(most_named));
  else
    in.fail(in.path("max_pool_size"), "the number " + most,
            "at least pool_size (" + size + note(size_named));
}

void refuse_scaling(reader& in, const pool& to) {
  in.fail(in.path(in.member("utilization_hysteresis") ? "utilization_hysteresis"
                                                      : "target_utilization"),
          "hysteresis " + std::to_string(to.utilization_hysteresis)
            + ", target " + std::to_string(to.target_utilization),
          "utilization_hysteresis below target_utilization");
}

void read_pool(reader& in, pool& to) {
  read_fields(in, fields::pool, to, [&](std::string_view key) {
    if (key == "max_pool_size" && in.fits("pool_size") && in.fits(key)
        && to.pool_size > to.max_pool_size)
      refuse_sizes(in, to);
    if (key == "utilization_hysteresis" && in.fits("target_utilization")
        && in.fits(key) && to.utilization_hysteresis >= to.target_utilization)
      refuse_scaling(in, to);
  });
}

void read_breaker(reader&& in, fallback& to) {
  read_fields(in, fields::breaker, to, [&](std::string_view key) {
    if (key == "max_hold_down" && in.fits("hold_down") && in.fits(key)
        && to.hold_down > to.max_hold_down)
      in.fail(in.path(in.member("hold_down") ? "hold_down" : "max_hold_down"),
              "hold_down above max_hold_down",
              "hold_down at most max_hold_down");
  });
  in.finish();
}

/// "a, b or c"
std::string pool_keys() {
  std::string out;
  for (size_t left = pools_as_told.size(); const auto i : pools_as_told)
    out += pool_table[i].key
           + std::string(--left > 1  ? ", "
                         : left == 1 ? " or "
                                     : "");
  return out;
}

void check_windows(reader& in, const tunnel& to) {
  if (in.fits("exchange_window") && in.fits("exchange_window_max")
      && to.exchange_window > to.exchange_window_max)
    in.fail(in.path(in.member("exchange_window_max") ? "exchange_window_max"
                                                     : "exchange_window"),
            "exchange_window above exchange_window_max",
            "exchange_window at most exchange_window_max");
}

/// What of a tunnel has parts of its own.
void read_parts(reader& in, const std::vector<std::string>* servers,
                std::string_view name, tunnel& to) {
  in.strings("servers", to.servers, {false, servers, "a list of server names"});
  read_credentials(in, name, to.credentials);
  if (to.credentials.empty())
    in.require("password", "a string of 1 to 1024 bytes");
  static_assert(max_password == 1024);
  if (in.member("password"))
    in.secret("password", to.password, max_password);
  read_publishing(in.object("publish"), to.publish);
  auto usable = false;
  for (const auto i : pools_as_told) {
    const auto& row = pool_table[i];
    auto pool = in.object(row.key);
    read_pool(pool, to.pools[i]);
    if (row.has_fallback)
      read_fields(pool, fields::fallback_switch, to.fallback);
    pool.finish();
    usable = usable || to.pools[i].enabled;
  }
  if (to.enabled && !usable)
    in.fail(in.path(), "all pools disabled",
            pool_keys() + " enabled, or the tunnel disabled");
  read_breaker(in.object("fallback"), to.fallback);
}

} // namespace

void read_tunnel(const json& value, const std::string& path,
                 std::string_view name, const std::vector<std::string>* servers,
                 tunnel& to, problems& out) {
  reader in{&value, path, out};
  read_fields(in, fields::tunnel, to, [&](std::string_view key) {
    if (key == "enabled")
      read_parts(in, servers, name, to);
    else if (key == "require_tls")
      read_word(in, "client_certificate", to.client_certificate,
                std::array{client_certificate::none, client_certificate::any,
                           client_certificate::endpoint});
    else if (key == "exchange_window_max")
      check_windows(in, to);
    else if (key == "resume_time")
      to.reconnect_grace = to.resume_time;
  });
  read_access(in, to.access);
  read_forward_auth(in, to.access);
  in.finish();
  if (in.member("servers") || !servers)
    return;
  to.servers = *servers;
  if (servers->empty())
    in.fail(path, "no server that takes agents",
            "a server without \"agents\": false");
}

} // namespace aps::config
