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

/// What of a tunnel has parts of its own.
void read_parts(reader& in, const std::vector<std::string>* servers,
                tunnel& to) {
  in.strings("servers", to.servers, {false, servers, "a list of server names"});
  in.require("password", "a string of 1 to 1024 bytes");
  in.secret("password", to.password, 1024);
  auto websocket = in.object("websocket_pool");
  read_pool(websocket, to.websocket_pool);
  read_fields(websocket, fields::fallback_switch, to.fallback);
  websocket.finish();
  auto grpc = in.object("grpc_pool");
  read_pool(grpc, to.grpc_pool);
  grpc.finish();
  auto poll = in.object("poll_pool");
  read_pool(poll, to.poll_pool);
  poll.finish();
  if (to.enabled && !to.websocket_pool.enabled && !to.grpc_pool.enabled
      && !to.poll_pool.enabled)
    in.fail(in.path(), "all pools disabled",
            "websocket_pool, grpc_pool or poll_pool enabled, or the tunnel "
            "disabled");
  read_breaker(in.object("fallback"), to.fallback);
}

} // namespace

void read_tunnel(const json& value, const std::string& path,
                 const std::vector<std::string>* servers, tunnel& to,
                 problems& out) {
  reader in{&value, path, out};
  read_fields(in, fields::tunnel, to, [&](std::string_view key) {
    if (key == "enabled")
      read_parts(in, servers, to);
    else if (key == "resume_time")
      to.reconnect_grace = to.resume_time;
  });
  in.finish();
  if (in.member("servers") || !servers)
    return;
  to.servers = *servers;
  if (servers->empty())
    in.fail(path, "no server that takes agents",
            "a server without \"agents\": false");
}

} // namespace aps::config
