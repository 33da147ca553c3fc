#define CAF_SUITE config.config

#include "tests/support/test.hpp"

#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

#include <fstream>

#include <unistd.h>

using namespace aps::config;

namespace {

constexpr auto websocket_pool = pool_index("websocket_pool");

} // namespace

CAF_TEST(one server is enough) {
  const auto all = good(R"({"servers": {"main": 8080}})");
  CAF_REQUIRE_EQUAL(all.servers.size(), 1u);
  CAF_CHECK(all.servers.at("main") == (server{"0.0.0.0", 8080, {}}));
  CAF_CHECK(all.tunnels.empty());
  CAF_CHECK(all.mappings.empty());
  CAF_CHECK(!all.admin);
  CAF_CHECK(all.log == aps::config::log{});
  CAF_CHECK(all.io == io{});
}

CAF_TEST(a number and an object mean the same server) {
  CAF_CHECK(good(R"({"servers": {"s": 8080}})")
            == good(R"({"servers": {"s": {"port": 8080}}})"));
}

CAF_TEST(the example of the documentation is read) {
  const auto all = good(R"({
    "servers":  { "main": { "port": 8080 } },
    "tunnels":  { "tunnel1": { "servers": ["main"], "password": "test123",
        "websocket_pool": { "enabled": true, "pool_size": 5,
          "max_pool_size": 10, "idle_timeout": 300, "max_lifetime": 1800,
          "fallback_enabled": true, "fallback_threshold": 3 } } },
    "mappings": [ { "from": "http://example.com",
        "to": "http://localhost:3000", "via": { "tunnels": ["tunnel1"] } } ],
    "admin":    { "host": "127.0.0.1", "port": 9090 } })");
  const auto& t = all.tunnels.at("tunnel1");
  CAF_CHECK_EQUAL(t.password, "test123");
  CAF_CHECK_EQUAL(t.servers, std::vector<std::string>{"main"});
  CAF_CHECK_EQUAL(t.pools[websocket_pool].pool_size, 5u);
  CAF_REQUIRE_EQUAL(all.mappings.size(), 1u);
  CAF_CHECK_EQUAL(all.mappings[0].from.str(), "http://example.com");
  CAF_CHECK_EQUAL(all.mappings[0].to.str(), "http://localhost:3000");
  CAF_CHECK_EQUAL(all.mappings[0].tunnels, std::vector<std::string>{"tunnel1"});
  CAF_CHECK(all.mappings[0].endpoints.empty());
  CAF_CHECK(all.admin == admin{});
}

CAF_TEST(agents dial in where a tunnel is and the server takes them) {
  const auto all = good(R"({
    "servers": {"a": 1, "b": 2, "c": {"port": 3, "agents": false}},
    "tunnels": {"t": {"password": "p", "servers": ["a"]}}})");
  CAF_CHECK(all.takes_agents("a"));
  CAF_CHECK(!all.takes_agents("b"));
  CAF_CHECK(!all.takes_agents("c"));
  CAF_CHECK(!all.takes_agents("d"));
  const auto any = good(R"({
    "servers": {"a": 1, "b": 2, "c": {"port": 3, "agents": false}},
    "tunnels": {"t": {"password": "p"}}})");
  CAF_CHECK_EQUAL(any.tunnels.at("t").servers,
                  (std::vector<std::string>{"a", "b"}));
  CAF_CHECK(any.takes_agents("b"));
  CAF_CHECK(!any.takes_agents("c"));
  CAF_CHECK(good(R"({"servers": {"a": 1}})").takes_agents("a"));
}

CAF_TEST(comments and a byte order mark are skipped) {
  const auto all = good("\xEF\xBB\xBF// one\n{ /* two */ \"servers\":"
                        "// three\n{\"s//s\": 1 /**/ } }");
  CAF_CHECK_EQUAL(all.servers.count("s//s"), 1u);
}

CAF_TEST(any free port and one port on two addresses are fine) {
  good(R"({"servers": {"a": 0, "b": 0}, "admin": {"port": 0}})");
  good(R"({"servers": {"a": {"port": 80, "host": "127.0.0.1"},
                       "b": {"port": 80, "host": "127.0.0.2"}}})");
}

CAF_TEST(a file is read and a missing one is one problem with its name) {
  const auto file = std::filesystem::temp_directory_path()
                    / ("aps-config-" + std::to_string(getpid()) + ".json");
  std::ofstream{file} << R"({"servers": {"s": 1}})";
  CAF_CHECK(std::holds_alternative<node>(load(file)));
  std::filesystem::remove(file);
  for (const auto& path : {file, file.parent_path()}) {
    const auto parsed = load(path);
    const auto* wrong = std::get_if<problems>(&parsed);
    CAF_REQUIRE(wrong != nullptr);
    CAF_REQUIRE_EQUAL(wrong->size(), 1u);
    CAF_CHECK_EQUAL(wrong->front().path, path.string());
  }
}

CAF_TEST(there is at least one server) {
  const std::string rule = "an object with at least one server";
  check({
    {"{}", {"$.servers", "nothing", rule, ""}},
    {R"({"servers": {}})", {"$.servers", "no server", rule, ""}},
    {R"({"servers": 80})", {"$.servers", "the number 80", "an object", ""}},
  });
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

CAF_TEST(a problem is one line) {
  CAF_CHECK_EQUAL((problem{"$.a", "1", "2", "b"}.str()),
                  "$.a: did you mean \"b\"? found 1, allowed 2");
  CAF_CHECK_EQUAL((problem{"$.a", "1", "2", ""}.str()),
                  "$.a: found 1, allowed 2");
}

CAF_TEST(sections are read whatever their order in the file) {
  const auto all = good(R"({
    "mappings": [{"from": "http://a", "to": "http://b",
                  "via": {"tunnels": "t"}}],
    "tunnels": {"t": {"password": "p", "servers": ["s"]}},
    "servers": {"s": 1}, "trusted_proxies": ["10.0.0.0/8"],
    "http": {"max_headers": 7}})");
  CAF_CHECK_EQUAL(all.servers.at("s").http.max_headers, 7u);
  CAF_CHECK_EQUAL(all.servers.at("s").trusted_proxies.size(), 1u);
}

CAF_TEST(a section that is wrong makes no second problem elsewhere) {
  CAF_CHECK_EQUAL(all(wrong(R"({"servers": 7,
    "tunnels": {"t": {"password": "p", "servers": ["s"]}}})")),
                  "$.servers: found the number 7, allowed an object\n");
  CAF_CHECK_EQUAL(all(wrong(with(R"("tunnels": 7, "mappings": [{
    "from": "http://a", "to": "http://b", "via": {"tunnels": "t"}}])"))),
                  "$.tunnels: found the number 7, allowed an object\n");
}

CAF_TEST(statuses are written as they are read) {
  CAF_CHECK_EQUAL((health_check::statuses{204, 204}.str()), "204");
  CAF_CHECK_EQUAL((health_check::statuses{300, 399}.str()), "3xx");
}
