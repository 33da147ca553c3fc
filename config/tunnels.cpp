#include "config/sections.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

/// Adds a problem about the one of the two sizes that the file names.
void check_sizes(reader& in, const pool& to) {
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

void read_scaling(reader& in, pool& to) {
  bool ok = in.integer<uint32_t>("target_utilization", to.target_utilization,
                                 {5, 100});
  ok &= in.integer<uint32_t>("utilization_hysteresis",
                             to.utilization_hysteresis, {0, 95});
  if (ok && to.utilization_hysteresis >= to.target_utilization)
    in.fail(in.path(in.member("utilization_hysteresis")
                      ? "utilization_hysteresis" : "target_utilization"),
            "hysteresis " + std::to_string(to.utilization_hysteresis)
              + ", target " + std::to_string(to.target_utilization),
            "utilization_hysteresis below target_utilization");
  in.duration("growth_cooldown", to.growth_cooldown, {0, max_seconds});
  in.duration("lifetime_grace", to.lifetime_grace, {0, max_seconds});
}

void read_pool(reader& in, pool& to) {
  constexpr duration_range limits{min_seconds, max_seconds};
  in.boolean("enabled", to.enabled);
  bool ok = in.integer<uint32_t>("pool_size", to.pool_size, {0, 1000});
  ok &= in.integer<uint32_t>("max_pool_size", to.max_pool_size, {1, 1000});
  if (ok && to.pool_size > to.max_pool_size)
    check_sizes(in, to);
  in.duration("idle_timeout", to.idle_timeout, limits);
  in.duration("max_lifetime", to.max_lifetime, limits);
  in.integer<uint32_t>("max_requests_per_connection",
                       to.max_requests_per_connection, {1, 65535});
  in.integer<uint32_t>("max_waiting", to.max_waiting, {0, 1000000});
  in.duration("acquire_timeout", to.acquire_timeout, {0, max_seconds});
  in.duration("ping_interval", to.ping_interval, limits);
  in.duration("stall_timeout", to.stall_timeout, limits);
  in.duration("ping_timeout", to.ping_timeout, limits);
  read_scaling(in, to);
  in.integer<uint32_t>("ejection_failures", to.ejection_failures, {1, 1000});
  in.duration("ejection_time", to.ejection_time, limits);
  in.integer<uint32_t>("max_ejection_percent", to.max_ejection_percent,
                       {0, 100});
  in.integer<uint32_t>("restart_intensity", to.restart_intensity, {1, 10000});
  in.duration("restart_window", to.restart_window, limits);
}

void read_fallback(reader& in, fallback& to) {
  in.boolean("fallback_enabled", to.enabled);
  in.integer<uint32_t>("fallback_threshold", to.threshold, {1, 1000});
}

void read_breaker(reader&& in, fallback& to) {
  constexpr duration_range limits{min_seconds, max_seconds};
  bool ok = in.duration("hold_down", to.hold_down, limits);
  ok &= in.duration("max_hold_down", to.max_hold_down, limits);
  if (ok && to.hold_down > to.max_hold_down)
    in.fail(in.path(in.member("hold_down") ? "hold_down" : "max_hold_down"),
            "hold_down above max_hold_down", "hold_down at most max_hold_down");
  in.integer<uint32_t>("good_probes", to.good_probes, {1, 100});
  in.duration("probe_timeout", to.probe_timeout, limits);
  in.finish();
}

} // namespace

void read_tunnel(const json& value, const std::string& path,
                 const std::vector<std::string>* servers, tunnel& to,
                 problems& out) {
  reader in{&value, path, out};
  in.boolean("enabled", to.enabled);
  in.strings("servers", to.servers, {false, servers, "a list of server names"});
  in.require("password", "a string of 1 to 1024 bytes");
  in.secret("password", to.password, 1024);
  auto websocket = in.object("websocket_pool");
  read_pool(websocket, to.websocket_pool);
  read_fallback(websocket, to.fallback);
  websocket.finish();
  auto grpc = in.object("grpc_pool");
  read_pool(grpc, to.grpc_pool);
  grpc.finish();
  auto poll = in.object("poll_pool");
  read_pool(poll, to.poll_pool);
  poll.finish();
  if (to.enabled && !to.websocket_pool.enabled && !to.grpc_pool.enabled
      && !to.poll_pool.enabled)
    in.fail(path, "all pools disabled",
            "websocket_pool, grpc_pool or poll_pool enabled, or the tunnel "
            "disabled");
  read_breaker(in.object("fallback"), to.fallback);
  in.integer<uint32_t>("max_endpoints", to.max_endpoints, {1, 100000});
  in.integer<uint32_t>("exchange_window", to.exchange_window,
                       {16384, 4194304});
  in.duration("resume_time", to.resume_time, {0, max_seconds});
  to.reconnect_grace = to.resume_time;
  in.duration("reconnect_grace", to.reconnect_grace, {0, max_seconds});
  in.finish();
  if (in.member("servers") || !servers)
    return;
  to.servers = *servers;
  if (servers->empty())
    in.fail(path, "no server that takes agents",
            "a server without \"agents\": false");
}

} // namespace aps::config
