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
}

void read_fallback(reader& in, fallback& to) {
  in.boolean("fallback_enabled", to.enabled);
  in.integer<uint32_t>("fallback_threshold", to.threshold, {1, 1000});
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
  if (to.enabled && !to.websocket_pool.enabled && !to.grpc_pool.enabled)
    in.fail(path, "both pools disabled",
            "websocket_pool or grpc_pool enabled, or the tunnel disabled");
  in.duration("reconnect_grace", to.reconnect_grace, {0, max_seconds});
  in.duration("resume_time", to.resume_time, {0, max_seconds});
  in.finish();
  if (!in.member("servers") && servers)
    to.servers = *servers;
}

} // namespace aps::config
