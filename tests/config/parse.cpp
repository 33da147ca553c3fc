#define CAF_SUITE config.parse

#include "tests/support/test.hpp"

#include "tests/config/good.hpp"

#include "config/config.hpp"

#include <fstream>

#include <unistd.h>

using namespace aps::config;

namespace {

/// A node whose only tunnel, "t", has this text behind its password.
tunnel tunnel_with(const std::string& more) {
  return good(R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p")"
              + (more.empty() ? "" : "," + more) + "}}}")
    .tunnels["t"];
}

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
  CAF_CHECK_EQUAL(t.websocket_pool.pool_size, 5u);
  CAF_REQUIRE_EQUAL(all.mappings.size(), 1u);
  CAF_CHECK_EQUAL(all.mappings[0].from.str(), "http://example.com");
  CAF_CHECK_EQUAL(all.mappings[0].to.str(), "http://localhost:3000");
  CAF_CHECK_EQUAL(all.mappings[0].tunnels, std::vector<std::string>{"tunnel1"});
  CAF_CHECK(all.mappings[0].endpoints.empty());
  CAF_CHECK(all.admin == admin{});
}

CAF_TEST(a tunnel has defaults) {
  const auto t = tunnel_with("");
  CAF_CHECK(t.enabled);
  CAF_CHECK(t.websocket_pool == pool{});
  CAF_CHECK(t.grpc_pool == tunnel{}.grpc_pool);
  CAF_CHECK_EQUAL(t.websocket_pool.pool_size, 3u);
  CAF_CHECK_EQUAL(t.websocket_pool.max_pool_size, 10u);
  CAF_CHECK_EQUAL(t.websocket_pool.idle_timeout.count(), 300.0);
  CAF_CHECK_EQUAL(t.websocket_pool.max_lifetime.count(), 1800.0);
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
  CAF_CHECK(t.websocket_pool == pool{});
}

CAF_TEST(one of the pools may be off) {
  CAF_CHECK(
    !tunnel_with(R"("grpc_pool": {"enabled": false})").grpc_pool.enabled);
  CAF_CHECK(!tunnel_with(R"("websocket_pool": {"enabled": false})")
               .websocket_pool.enabled);
}

CAF_TEST(a disabled tunnel may have all pools off) {
  CAF_CHECK(!tunnel_with(R"("enabled": false, "grpc_pool": {"enabled": false},
    "poll_pool": {"enabled": false}, "websocket_pool": {"enabled": false})")
               .enabled);
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

CAF_TEST(limits have defaults and trusted is a list of networks) {
  CAF_CHECK(good(R"({"servers": {"a": 1}})").limits == limits{});
  const auto all = good(R"({"servers": {"a": 1}, "limits": {
    "max_connections": 5, "trusted": ["10.0.0.0/8", "::1", "192.0.2.7"]}})");
  CAF_CHECK_EQUAL(all.limits.max_connections, 5u);
  CAF_CHECK_EQUAL(all.limits.trusted.size(), 3u);
}

CAF_TEST(times may be fractions and integers may end in a zero fraction) {
  const auto t = tunnel_with(R"("resume_time": 0.25, "grpc_pool":
    {"pool_size": 2.0, "idle_timeout": 1e2, "acquire_timeout": 0})");
  CAF_CHECK_EQUAL(t.resume_time.count(), 0.25);
  CAF_CHECK_EQUAL(t.reconnect_grace.count(), 0.25); // as long, unless set
  CAF_CHECK_EQUAL(t.grpc_pool.pool_size, 2u);
  CAF_CHECK_EQUAL(t.grpc_pool.idle_timeout.count(), 100.0);
  CAF_CHECK_EQUAL(t.grpc_pool.acquire_timeout.count(), 0.0);
}

CAF_TEST(the http of a server goes over the common one) {
  const auto all = good(R"({
    "http": {"max_headers": 50, "idle_timeout": 10},
    "servers": {"a": 1, "b": {"port": 2, "http": {"idle_timeout": 20}}}})");
  CAF_CHECK_EQUAL(all.servers.at("a").http.max_headers, 50u);
  CAF_CHECK_EQUAL(all.servers.at("a").http.idle_timeout.count(), 10.0);
  CAF_CHECK_EQUAL(all.servers.at("b").http.max_headers, 50u);
  CAF_CHECK_EQUAL(all.servers.at("b").http.idle_timeout.count(), 20.0);
  CAF_CHECK_EQUAL(all.servers.at("b").http.header_timeout.count(), 30.0);
}

CAF_TEST(via takes a name or a list and may be absent) {
  const auto all = good(R"({"servers": {"s": 1},
    "tunnels": {"t": {"password": "p"}, "u": {"password": "p"}},
    "mappings": [
      {"from": "http://a", "to": "http://b",
       "via": {"tunnels": "t", "endpoints": "e"}},
      {"from": "http://a", "to": "http://b",
       "via": {"tunnels": ["u", "t"], "endpoints": ["e", "f"]}},
      {"from": "http://a", "to": "http://b"}]})");
  using names = std::vector<std::string>;
  CAF_REQUIRE_EQUAL(all.mappings.size(), 3u);
  CAF_CHECK_EQUAL(all.mappings[0].tunnels, names{"t"});
  CAF_CHECK_EQUAL(all.mappings[0].endpoints, names{"e"});
  CAF_CHECK_EQUAL(all.mappings[1].tunnels, (names{"u", "t"}));
  CAF_CHECK_EQUAL(all.mappings[1].endpoints, (names{"e", "f"}));
  CAF_CHECK(all.mappings[2].tunnels.empty());
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

CAF_TEST(an empty admin means the default address) {
  CAF_CHECK(good(R"({"servers": {"s": 1}, "admin": {}})").admin == admin{});
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
