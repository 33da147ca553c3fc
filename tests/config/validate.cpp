#define CAF_SUITE config.validate

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

using namespace aps::config;

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
    {with_tunnel(R"("fallback": {"hold_down": 31})"),
     {"$.tunnels.t.fallback.hold_down", "hold_down above max_hold_down",
      "hold_down at most max_hold_down", ""}},
  });
}

CAF_TEST(as many headers as may be fit into their bytes) {
  check({
    {with(R"("http": {"max_headers": 5000, "max_header_bytes": 16384})"),
     {"$.servers.main.http.max_headers", "the number 5000",
      "at most a quarter of max_header_bytes (16384)", ""}},
    {with(R"("http": {"max_headers": 4097, "max_header_bytes": 16384})"),
     {"$.servers.main.http.max_headers", "the number 4097",
      "at most a quarter of max_header_bytes (16384)", ""}},
  });
  CAF_CHECK_EQUAL(all(wrong(with(
                    R"("http": {"max_headers": 4096,
                                "max_header_bytes": 16384})"))),
                  "");
}

CAF_TEST(names that are not defined come with the nearest that is) {
  check({
    {with_tunnel(R"("servers": ["main", "mian"])"),
     {"$.tunnels.t.servers[1]", "the string \"mian\"", "one of main", "main"}},
    {with_tunnel(R"("servers": ["other"])"),
     {"$.tunnels.t.servers[0]", "the string \"other\"", "one of main", ""}},
    {with_tunnel(R"("servers": [])"),
     {"$.tunnels.t.servers", "a list of 0 elements", "a list of server names",
      ""}},
    {with_tunnel(R"("servers": ["main", "main"])"),
     {"$.tunnels.t.servers[1]", "the string \"main\" again", "each name once",
      ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b",
                      "via": {"tunnels": "tunnel2"}})"),
     {"$.mappings[0].via.tunnels", "the string \"tunnel2\"", "one of tunnel1",
      "tunnel1"}},
    {with_mapping(R"({"from": "http://a", "to": "http://b",
                      "via": {"tunnels": ["tunnel1", 5]}})"),
     {"$.mappings[0].via.tunnels[1]", "the number 5",
      "a name of 1 to 128 bytes without control characters", ""}},
    {with(R"("mappings": [{"from": "http://a", "to": "http://b",
                           "via": {"tunnels": "t"}}])"),
     {"$.mappings[0].via.tunnels", "the string \"t\"",
      "a name, but none is defined", ""}},
  });
}

CAF_TEST(limits say what they allow) {
  const std::string network
    = "an IP address, or a network such as \"10.0.0.0/8\" or \"fd00::/8\"";
  check({
    {with(R"("limits": {"max_connections": 0})"),
     {"$.limits.max_connections", "the number 0", "an integer from 1 to 1000000", ""}},
    {with(R"("limits": {"address_share": 101})"),
     {"$.limits.address_share", "the number 101", "an integer from 1 to 100", ""}},
    {with(R"("limits": {"trusted": "10.0.0.0/8"})"),
     {"$.limits.trusted", "the string \"10.0.0.0/8\"", "a list of networks",
      ""}},
    {with(R"("limits": {"trusted": ["::1", "10.0.0.1/8"]})"),
     {"$.limits.trusted[1]", "the string \"10.0.0.1/8\"", network, ""}},
  });
}

CAF_TEST(an endpoint needs its tunnel) {
  const std::string names = "a name or a list of names";
  check({
    {with_mapping(R"({"from": "http://a", "to": "http://b",
                      "via": {"endpoints": "e"}})"),
     {"$.mappings[0].via.tunnels", "nothing", names, ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b", "via": {}})"),
     {"$.mappings[0].via.tunnels", "nothing", names, ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b",
                      "via": {"tunnels": []}})"),
     {"$.mappings[0].via.tunnels", "a list of 0 elements", names, ""}},
  });
}

CAF_TEST(URLs say what is wrong with them) {
  check({
    {with_mapping(R"({"from": "example.com", "to": "http://b"})"),
     {"$.mappings[0].from", "the string \"example.com\" (no scheme)", url_rule,
      ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b/*"})"),
     {"$.mappings[0].to",
      "the string \"http://b/*\" (a \"*\" that does not end a \"from\")",
      url_rule, ""}},
    {with_mapping(R"({"from": "http://a"})"),
     {"$.mappings[0].to", "nothing", url_rule, ""}},
    {with_mapping(R"({"from": 7, "to": "http://b"})"),
     {"$.mappings[0].from", "the number 7", url_rule, ""}},
    {with_mapping(R"({"from": "http://u:secret@a", "to": "http://b"})"),
     {"$.mappings[0].from", "a string of 17 characters (a user or password)",
      url_rule, ""}},
  });
}

CAF_TEST(there is at least one server) {
  const std::string rule = "an object with at least one server";
  check({
    {"{}", {"$.servers", "nothing", rule, ""}},
    {R"({"servers": {}})", {"$.servers", "no server", rule, ""}},
    {R"({"servers": 80})", {"$.servers", "the number 80", "an object", ""}},
  });
}

CAF_TEST(every listener has its own address) {
  const std::string rule = "an address and port of its own";
  check({
    {R"({"servers": {"a": 80, "b": 80}})",
     {"$.servers.b", "port 80, taken by $.servers.a", rule, ""}},
    {R"({"servers": {"a": {"port": 80, "host": "localhost"},
                     "b": {"port": 80, "host": "127.0.0.1"}}})",
     {"$.servers.b", "port 80, taken by $.servers.a", rule, ""}},
    {R"({"servers": {"a": 80}, "admin": {"port": 80}})",
     {"$.admin", "port 80, taken by $.servers.a", rule, ""}},
    {R"({"servers": {"a": {"port": 80, "host": "::1"},
                     "b": {"port": 80, "host": "0:0::1"}}})",
     {"$.servers.b", "port 80, taken by $.servers.a", rule, ""}},
  });
}

CAF_TEST(listeners that do not meet may have one port) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"servers": {"a": {"port": 80, "host": ")" + a
           + R"("}, "b": {"port": 80, "host": ")" + b + R"("}}})";
  };
  CAF_CHECK_EQUAL(all(wrong(R"({"servers": {"a": 0, "b": 0}})")), "");
  CAF_CHECK_EQUAL(all(wrong(R"({"servers": {"a": 80, "b": 81}})")), "");
  CAF_CHECK_EQUAL(all(wrong(two("127.0.0.1", "127.0.0.2"))), "");
  CAF_CHECK_EQUAL(all(wrong(two("0.0.0.0", "::1"))), "");
  CAF_CHECK_EQUAL(all(wrong(two("::", "127.0.0.1"))), "");
  for (const auto& text : {two("0.0.0.0", "127.0.0.2"),
                           two("127.0.0.2", "0.0.0.0"), two("::", "::1"),
                           two("::1", "::")})
    CAF_CHECK_EQUAL(wrong(text).size(), 1u);
}

CAF_TEST(all problems are told at once) {
  const auto list = wrong(R"({
    "servers": {"main": {"prt": 1}}, "admn": {},
    "tunnels": {"t": {"servers": ["mein"], "websocket_pool":
      {"pool_size": 2000, "fallback_threshold": 0}}},
    "mappings": [{"from": "x", "via": {"tunnels": ["T"]}}, 3]})");
  std::vector<std::string> paths;
  for (const auto& one : list)
    paths.push_back(one.path);
  CAF_CHECK_EQUAL(
    paths,
    (std::vector<std::string>{
      "$.servers.main.port", "$.servers.main.prt", "$.tunnels.t.servers[0]",
      "$.tunnels.t.password", "$.tunnels.t.websocket_pool.pool_size",
      "$.tunnels.t.websocket_pool.fallback_threshold", "$.mappings[0].from",
      "$.mappings[0].to", "$.mappings[0].via.tunnels[0]", "$.mappings[1]",
      "$.admn"}));
}

CAF_TEST(a long list of names is cut) {
  std::string tunnels;
  for (int i = 10; i < 55; ++i)
    tunnels += "\"t" + std::to_string(i) + "\": {\"password\": \"p\"}, ";
  const auto list = wrong(with("\"tunnels\": {" + tunnels
                               + R"("odd one": {"password": "p"}}, "mappings":
    [{"from": "http://a", "to": "http://b", "via": {"tunnels": "none"}}])"));
  CAF_REQUIRE_EQUAL(list.size(), 1u);
  CAF_CHECK(list[0].allowed.starts_with("one of \"odd one\", t10, t11, "));
  CAF_CHECK(list[0].allowed.ends_with(", t48 and 6 more"));
}

CAF_TEST(keys are listed once also where two of them do not fit) {
  const auto list = wrong(with_tunnel(
    R"("grpc_pool": {"pool_size": 8, "max_pool_size": 4, "poolsize": 1})"));
  CAF_REQUIRE_EQUAL(list.size(), 2u);
  CAF_CHECK(list[1].allowed.starts_with(
    "one of enabled, pool_size, max_pool_size, idle_timeout, "));
}
