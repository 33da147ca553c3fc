#define CAF_SUITE config.tunnels

#include "tests/support/test.hpp"

#include "tests/config/bounds.hpp"
#include "tests/config/good.hpp"

using namespace aps::config;

namespace {

constexpr auto websocket_pool = pool_index("websocket_pool");
constexpr auto grpc_pool = pool_index("grpc_pool");
constexpr auto poll_pool = pool_index("poll_pool");

/// A node whose only tunnel, "t", has this text behind its password.
tunnel tunnel_with(const std::string& more) {
  return good(R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p")"
              + (more.empty() ? "" : "," + more) + "}}}")
    .tunnels["t"];
}

} // namespace

CAF_TEST(a tunnel has defaults) {
  const auto t = tunnel_with("");
  CAF_CHECK(t.enabled);
  CAF_CHECK(t.pools[websocket_pool] == pool{});
  CAF_CHECK(t.pools[grpc_pool] == tunnel{}.pools[grpc_pool]);
  CAF_CHECK_EQUAL(t.pools[websocket_pool].pool_size, 3u);
  CAF_CHECK_EQUAL(t.pools[websocket_pool].max_pool_size, 10u);
  CAF_CHECK_EQUAL(t.pools[websocket_pool].idle_timeout.count(), 300.0);
  CAF_CHECK_EQUAL(t.pools[websocket_pool].max_lifetime.count(), 1800.0);
  CAF_CHECK(t.fallback == (fallback{true, 3}));
}

CAF_TEST(a tunnel without servers takes agents on all of them) {
  const auto all = good(R"({"servers": {"a": 1, "b": 2},
    "tunnels": {"t": {"password": "p"},
                "u": {"password": "p", "servers": ["b"]}}})");
  CAF_CHECK_EQUAL(all.tunnels.at("t").servers,
                  (std::vector<std::string>{"a", "b"}));
  CAF_CHECK_EQUAL(all.tunnels.at("u").servers, std::vector<std::string>{"b"});
}

CAF_TEST(fallback keys stand in websocket_pool) {
  const auto t = tunnel_with(R"("websocket_pool":
    {"fallback_enabled": false, "fallback_threshold": 7})");
  CAF_CHECK(t.fallback == (fallback{false, 7}));
  CAF_CHECK(t.pools[websocket_pool] == pool{});
}

CAF_TEST(one of the pools may be off) {
  CAF_CHECK(!tunnel_with(R"("grpc_pool": {"enabled": false})")
               .pools[grpc_pool]
               .enabled);
  CAF_CHECK(!tunnel_with(R"("websocket_pool": {"enabled": false})")
               .pools[websocket_pool]
               .enabled);
}

CAF_TEST(a disabled tunnel may have all pools off) {
  CAF_CHECK(!tunnel_with(R"("enabled": false, "grpc_pool": {"enabled": false},
    "poll_pool": {"enabled": false}, "websocket_pool": {"enabled": false})")
               .enabled);
}

CAF_TEST(times may be fractions and integers may end in a zero fraction) {
  const auto t = tunnel_with(R"("resume_time": 0.25, "grpc_pool":
    {"pool_size": 2.0, "idle_timeout": 1e2, "acquire_timeout": 0})");
  CAF_CHECK_EQUAL(t.resume_time.count(), 0.25);
  CAF_CHECK_EQUAL(t.reconnect_grace.count(), 0.25); // as long, unless set
  CAF_CHECK_EQUAL(t.pools[grpc_pool].pool_size, 2u);
  CAF_CHECK_EQUAL(t.pools[grpc_pool].idle_timeout.count(), 100.0);
  CAF_CHECK_EQUAL(t.pools[grpc_pool].acquire_timeout.count(), 0.0);
}

CAF_TEST(pool sizes fit each other) {
  check({
    {with_tunnel(R"("websocket_pool": {"pool_size": 8, "max_pool_size": 4})"),
     {"$.tunnels.t.websocket_pool.pool_size", "the number 8",
      "at most max_pool_size (4)", ""}},
    {with_tunnel(R"("websocket_pool": {"pool_size": 11})"),
     {"$.tunnels.t.websocket_pool.pool_size", "the number 11",
      "at most max_pool_size (10, the default)", ""}},
    {with_tunnel(R"("websocket_pool": {"max_pool_size": 2})"),
     {"$.tunnels.t.websocket_pool.max_pool_size", "the number 2",
      "at least pool_size (3, the default)", ""}},
    {with_tunnel(R"("grpc_pool": {"enabled": false},
                    "poll_pool": {"enabled": false},
                    "websocket_pool": {"enabled": false})"),
     {"$.tunnels.t", "all pools disabled",
      "websocket_pool, grpc_pool or poll_pool enabled, or the tunnel disabled",
      ""}},
    {with_tunnel(R"("grpc_pool": {"target_utilization": 20})"),
     {"$.tunnels.t.grpc_pool.target_utilization", "hysteresis 30, target 20",
      "utilization_hysteresis below target_utilization", ""}},
    {with_tunnel(R"("exchange_window_max": 100000)"),
     {"$.tunnels.t.exchange_window_max",
      "exchange_window above exchange_window_max",
      "exchange_window at most exchange_window_max", ""}},
    {with_tunnel(R"("exchange_window": 90000, "exchange_window_max": 80000)"),
     {"$.tunnels.t.exchange_window_max",
      "exchange_window above exchange_window_max",
      "exchange_window at most exchange_window_max", ""}},
    {with_tunnel(R"("fallback": {"hold_down": 31})"),
     {"$.tunnels.t.fallback.hold_down", "hold_down above max_hold_down",
      "hold_down at most max_hold_down", ""}},
  });
}

CAF_TEST(keys are listed once also where two of them do not fit) {
  const auto list = wrong(with_tunnel(
    R"("grpc_pool": {"pool_size": 8, "max_pool_size": 4, "poolsize": 1})"));
  CAF_REQUIRE_EQUAL(list.size(), 2u);
  CAF_CHECK(list[1].allowed.starts_with(
    "one of enabled, pool_size, max_pool_size, idle_timeout, "));
}

CAF_TEST(each number of a pool has its bounds) {
  bounds([](const std::string& keys) {
    return with_tunnel("\"grpc_pool\": {" + keys + "}");
  }, {
    {"pool_size", 0, 1000, R"("max_pool_size": 1000)"},
    {"max_pool_size", 1, 1000, R"("pool_size": 1)"},
    {"max_requests_per_connection", 1, 65535},
    {"max_waiting", 0, 1000000},
    {"target_utilization", 5, 100, R"("utilization_hysteresis": 4)"},
    {"utilization_hysteresis", 0, 95, R"("target_utilization": 100)"},
    {"ejection_failures", 1, 1000},
    {"max_ejection_percent", 0, 100},
    {"restart_intensity", 1, 10000},
  });
}

CAF_TEST(each time of a pool has its bounds) {
  const auto pool = [](const std::string& key, const std::string& value) {
    return all(wrong(
      with_tunnel("\"poll_pool\": {\"" + key + "\": " + value + "}")));
  };
  for (const std::string key :
       {"idle_timeout", "max_lifetime", "ping_interval", "stall_timeout",
        "ping_timeout", "ejection_time", "restart_window"}) {
    CAF_CHECK_EQUAL(pool(key, "0.001"), "");
    CAF_CHECK_EQUAL(pool(key, "604800"), "");
    for (const std::string beyond : {"0", "0.0009", "604800.1", "-1"})
      CAF_CHECK_EQUAL(pool(key, beyond),
                      "$.tunnels.t.poll_pool." + key + ": found the number "
                        + beyond + ", allowed seconds from 0.001 to 604800\n");
  }
  for (const std::string key :
       {"acquire_timeout", "growth_cooldown", "lifetime_grace"}) {
    CAF_CHECK_EQUAL(pool(key, "0"), "");
    CAF_CHECK_EQUAL(pool(key, "604801"),
                    "$.tunnels.t.poll_pool." + key + ": found the number "
                      "604801, allowed seconds from 0 to 604800\n");
  }
}

CAF_TEST(each number of a tunnel has its bounds) {
  bounds([](const std::string& keys) { return with_tunnel(keys); }, {
    {"max_endpoints", 1, 100000},
    {"exchange_window", 16384, 4194304},
  });
  bounds(
    [](const std::string& keys) {
      return with_tunnel("\"exchange_window\": 16384, " + keys);
    },
    {{"exchange_window_max", 16384, 16777216}});
  bounds([](const std::string& keys) {
    return with_tunnel("\"websocket_pool\": {" + keys + "}");
  }, {{"fallback_threshold", 1, 1000}});
  bounds([](const std::string& keys) {
    return with_tunnel("\"fallback\": {" + keys + "}");
  }, {{"good_probes", 1, 100}});
}

CAF_TEST(sizes that are equal fit and those of no use do not) {
  for (const auto* fits :
       {R"("websocket_pool": {"pool_size": 4, "max_pool_size": 4})",
        R"("grpc_pool": {"target_utilization": 31})",
        R"("fallback": {"hold_down": 30})",
        R"("fallback": {"hold_down": 5, "max_hold_down": 5})"})
    CAF_CHECK_EQUAL(all(wrong(with_tunnel(fits))), "");
  check({
    {with_tunnel(R"("grpc_pool": {"utilization_hysteresis": 70})"),
     {"$.tunnels.t.grpc_pool.utilization_hysteresis",
      "hysteresis 70, target 70",
      "utilization_hysteresis below target_utilization", ""}},
    {with_tunnel(R"("fallback": {"max_hold_down": 0.5})"),
     {"$.tunnels.t.fallback.max_hold_down", "hold_down above max_hold_down",
      "hold_down at most max_hold_down", ""}},
  });
}

CAF_TEST(a tunnel waits for its agents as long as they resume unless told) {
  CAF_CHECK(tunnel_with("").reconnect_grace == seconds{10});
  const auto t = tunnel_with(R"("resume_time": 3, "reconnect_grace": 0)");
  CAF_CHECK(t.resume_time == seconds{3});
  CAF_CHECK(t.reconnect_grace == seconds{0});
}

CAF_TEST(an agent needs a server to dial) {
  check({{R"({"servers": {"s": {"port": 1, "agents": false}},
              "tunnels": {"t": {"password": "p"}}})",
          {"$.tunnels.t", "no server that takes agents",
           "a server without \"agents\": false", ""}}});
}

CAF_TEST(each pool is read into its own) {
  const auto t = tunnel_with(R"("grpc_pool": {"max_waiting": 1},
    "websocket_pool": {"max_waiting": 2}, "poll_pool": {"max_waiting": 3})");
  CAF_CHECK_EQUAL(t.pools[grpc_pool].max_waiting, 1u);
  CAF_CHECK_EQUAL(t.pools[websocket_pool].max_waiting, 2u);
  CAF_CHECK_EQUAL(t.pools[poll_pool].max_waiting, 3u);
}
