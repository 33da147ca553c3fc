#define CAF_SUITE config.problems

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

using namespace aps::config;

CAF_TEST(syntax errors have line and column) {
  check({
    {"", {"line 1, column 1", "an empty text", "a JSON object", ""}},
    {" // nothing\n",
     {"line 2, column 1", "an empty text", "a JSON object", ""}},
    {"{\"servers\": {\n  \"s\": 1,\n}}",
     {"line 3, column 1", "a comma before \"}\"",
      "no comma after the last element", ""}},
    {"{\"a\": [1, /* , */ 2 , // x\n ]}",
     {"line 2, column 2", "a comma before \"]\"",
      "no comma after the last element", ""}},
    {"{\n  \"a\" 1}",
     {"line 2, column 7",
      "syntax error while parsing object separator - unexpected number "
      "literal; expected ':'",
      "JSON (comments allowed)", ""}},
    {"{\"a\": 1e999}",
     {"line 1, column 11", "a number too large to represent",
      "JSON (comments allowed)", ""}},
  });
}

CAF_TEST(a syntax error does not show what it read) {
  const auto list = wrong("{\"servers\": {\"s\": 1}, \"tunnels\": {\"t\": "
                          "{\"password\": \"geheim\\q\"}}}");
  CAF_REQUIRE_EQUAL(list.size(), 1u);
  CAF_CHECK_EQUAL(list[0].path, "line 1, column 61");
  CAF_CHECK(all(list).find("geheim") == std::string::npos);
}

CAF_TEST(a key stands once in its object) {
  check({
    {R"({"servers": {"s": 1, "s": 1}})",
     {"$.servers.s", "the same key twice", "each key once", ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b"},
                     {"from": "http://a", "to": "http://b",
                      "to": "http://c"})"),
     {"$.mappings[1].to", "the same key twice", "each key once", ""}},
  });
}

CAF_TEST(unknown keys come with the nearest known one) {
  const std::string pool_keys
    = "enabled, pool_size, max_pool_size, idle_timeout, max_lifetime, "
      "max_requests_per_connection, max_waiting, acquire_timeout, "
      "ping_interval, stall_timeout, ping_timeout, target_utilization, "
      "utilization_hysteresis, growth_cooldown, lifetime_grace, "
      "ejection_failures, ejection_time, max_ejection_percent, "
      "restart_intensity, restart_window";
  check({
    {with_tunnel(R"("websocket_pool": {"poolsize": 1})"),
     {"$.tunnels.t.websocket_pool.poolsize", "an unknown key",
      "one of " + pool_keys + ", fallback_enabled, fallback_threshold",
      "pool_size"}},
    {with_tunnel(R"("grpc_pool": {"fallback_enabled": true})"),
     {"$.tunnels.t.grpc_pool.fallback_enabled", "an unknown key",
      "one of " + pool_keys, ""}},
    {with(R"("admin": {"prt": 1})"),
     {"$.admin.prt", "an unknown key", "one of host, port, token, keep_exchanges, actor_metrics", "port"}},
    {with(R"("tunels": {})"),
     {"$.tunels", "an unknown key",
      "one of $schema, include, http, trusted_proxies, servers, tunnels, mappings, "
      "admin, log, io, limits, dns, targets",
      "tunnels"}},
    {with(R"("log": {"LEVEL": "info"})"),
     {"$.log.LEVEL", "an unknown key",
      "one of level, format, requests, components", "level"}},
    {with(R"("admin": {"quite else": 1})"),
     {"$.admin[\"quite else\"]", "an unknown key",
      "one of host, port, token, keep_exchanges, actor_metrics", ""}},
  });
}

CAF_TEST(types and ranges) {
  check({
    {"[]", {"$", "a list of 0 elements", "an object", ""}},
    {R"({"servers": {"s": 65536}})",
     {"$.servers.s", "the number 65536", "a port from 0 to 65535", ""}},
    {R"({"servers": {"s": -1}})",
     {"$.servers.s", "the number -1", "a port from 0 to 65535", ""}},
    {R"({"servers": {"s": true}})",
     {"$.servers.s", "true", "a port number or an object", ""}},
    {R"({"servers": {"s": {"port": "80"}}})",
     {"$.servers.s.port", "the string \"80\"", "an integer from 0 to 65535",
      ""}},
    {R"({"servers": {"s": {"port": 80, "host": "example.com"}}})",
     {"$.servers.s.host", "the string \"example.com\"",
      "an IP address or \"localhost\"", ""}},
    {with(R"("admin": null)"), {"$.admin", "null", "an object", ""}},
    {with(R"("mappings": {})"),
     {"$.mappings", "an object", "a list of mappings", ""}},
    {with(R"("io": {"threads": 1.5})"),
     {"$.io.threads", "the number 1.5", "an integer from 0 to 256", ""}},
    {with(R"("dns": {"servers": "dns.example.com"})"),
     {"$.dns.servers", "\"dns.example.com\"",
      "an IP address, with :PORT unless it is 53", ""}},
    {with(R"("log": {"level": "warnin"})"),
     {"$.log.level", "the string \"warnin\"",
      "one of trace, debug, info, warning, error, off", "warning"}},
    {with(R"("log": {"level": "degub"})"),
     {"$.log.level", "the string \"degub\"",
      "one of trace, debug, info, warning, error, off", "debug"}},
    {with(R"("http": {"idle_timeout": 0})"),
     {"$.http.idle_timeout", "the number 0", "seconds from 0.001 to 604800",
      ""}},
    {with(R"("http": {"write_timeout": -1})"),
     {"$.http.write_timeout", "the number -1",
      "seconds from 0.001 to 604800, or 0", ""}},
    {with(R"("http": {"min_send_rate": -1})"),
     {"$.http.min_send_rate", "the number -1",
      "an integer from 0 to 1000000000", ""}},
    {with_tunnel(R"("enabled": 1)"),
     {"$.tunnels.t.enabled", "the number 1", "true or false", ""}},
    {with_tunnel(R"("resume_time": "10s")"),
     {"$.tunnels.t.resume_time", "the string \"10s\"",
      "seconds from 0 to 604800", ""}},
  });
}

CAF_TEST(a password is never shown) {
  const std::string rule = "a string of 1 to 1024 bytes";
  const std::string path = "$.tunnels.t.password";
  const auto tunnel = [](const std::string& body) {
    return with(R"("tunnels": {"t": )" + body + "}");
  };
  check({
    {tunnel("{}"), {path, "nothing", rule, ""}},
    {tunnel(R"({"password": ""})"),
     {path, "a string of 0 characters", rule, ""}},
    {tunnel("{\"password\": \"" + std::string(1025, 'x') + "\"}"),
     {path, "a string of 1025 characters", rule, ""}},
    {tunnel(R"({"password": 4711})"), {path, "a number", rule, ""}},
    {tunnel(R"({"password": ["geheim"]})"),
     {path, "a list of 1 element", rule, ""}},
    {tunnel(R"("geheim")"),
     {"$.tunnels.t", "a string of 6 characters", "an object", ""}},
  });
}

CAF_TEST(names have limits) {
  const std::string rule = "a name of 1 to 128 bytes without control "
                           "characters";
  check({
    {R"({"servers": {"": 1}})", {"$.servers[\"\"]", "the name \"\"", rule, ""}},
    {R"({"servers": {"a\nb": 1}})",
     {"$.servers[\"a\\nb\"]", "the name \"a\\nb\"", rule, ""}},
    {"{\"servers\": {\"" + std::string(129, 'n') + "\": 1}}",
     {"$.servers." + std::string(60, 'n') + "...",
      "the name \"" + std::string(60, 'n') + "...\"", rule, ""}},
  });
}

CAF_TEST(a problem is one line) {
  CAF_CHECK_EQUAL((problem{"$.a", "1", "2", "b"}.str()),
                  "$.a: did you mean \"b\"? found 1, allowed 2");
  CAF_CHECK_EQUAL((problem{"$.a", "1", "2", ""}.str()),
                  "$.a: found 1, allowed 2");
}

CAF_TEST(checks of targets are read strictly) {
  const auto checked = [](const std::string& health) {
    return with_mapping(R"({"from": "http://a", "to": "http://b",
                            "via": {"tunnels": "tunnel1"}, "health": )"
                        + health + "}");
  };
  const std::string at = "$.mappings[0].health";
  const std::string status
    = "a status from 200 to 599, \"2xx\" to \"5xx\", or a list of these";
  const std::string path
    = "a path such as \"/healthz\": visible ASCII without #";
  check({
    {checked("true"), {at, "true", "an object", ""}},
    {checked(R"({"path": "healthz"})"),
     {at + ".path", "the string \"healthz\"", path, ""}},
    {checked(R"({"path": "/a b"})"),
     {at + ".path", "the string \"/a b\"", path, ""}},
    {checked(R"({"path": 7})"), {at + ".path", "the number 7", path, ""}},
    {checked(R"({"expect": 199})"),
     {at + ".expect", "the number 199", status, ""}},
    {checked(R"({"expect": "1xx"})"),
     {at + ".expect", "the string \"1xx\"", status, ""}},
    {checked(R"({"expect": []})"),
     {at + ".expect", "an empty list", status, ""}},
    {checked(R"({"expect": [200, "200"]})"),
     {at + ".expect[1]", "the string \"200\"", status, ""}},
    {checked(R"({"intervall": 5})"),
     {at + ".intervall", "an unknown key",
      "one of path, interval, timeout, expect, fall, rise", "interval"}},
    {with_mapping(R"({"from": "http://a", "to": "http://b", "health": {}})"),
     {at, "an object",
      "nothing, because without `via` no other agent could be asked", ""}},
  });
}

CAF_TEST(a check has defaults and expects what it says) {
  const auto all = std::get<node>(parse(with_mapping(
    R"({"from": "http://a", "to": "http://b", "via": {"tunnels": "tunnel1"},
        "health": {"expect": [204, "3xx"]}})")));
  const auto& check = *all.mappings.at(0).health;
  CAF_CHECK_EQUAL(check.path, "/");
  CAF_CHECK(check.interval == seconds{5} && check.timeout == seconds{2});
  CAF_CHECK(check.fall == 3 && check.rise == 2);
  CAF_CHECK(!check.expects(200) && check.expects(204) && check.expects(399));
  CAF_CHECK(health_check{}.expects(200) && !health_check{}.expects(404));
}
