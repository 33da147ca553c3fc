#define CAF_SUITE config.tls_names

#include "tests/support/test.hpp"

#include "config/routing/routes.hpp"
#include "config/show.hpp"
#include "config/streams/tls_names.hpp"
#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

using namespace aps::config;

namespace {

/// A server with TLS at 443, one without at 80, and these mappings.
std::string names(const std::string& mappings) {
  return R"({"servers": {"main": {"port": 443, "tls": {"cert": "c", "key": "k"}},
                         "plain": 80},
             "mappings": [)"
         + mappings + "]}";
}

std::string one(const std::string& from, const std::string& more = "") {
  return R"({"from": ")" + from + R"(", "to": "tcp://a:1")" + more + "}";
}

std::string found(const node& all, const std::string& name, uint16_t port) {
  const aps::route_table routes{all.mappings};
  const auto hit
    = routes.find({.scheme = "tls", .host = name, .port = port, .path = {}});
  return hit ? hit->rule.from.str() : "";
}

} // namespace

CAF_TEST(names need what their port can give) {
  check({
    {names(one("tls://a:80")),
     {"$.mappings[0].from", "\"tls://a:80\"",
      "tls at the server that has port 80, or a port of its own", ""}},
    {names(one("tls://*:443")),
     {"$.mappings[0].from", "\"tls://*:443\"",
      "a name, or a port of its own: what has no name at port 443 is for its "
      "server",
      ""}},
    {names(one("tls://a:9", R"(, "terminate": true)")),
     {"$.mappings[0].from", "\"tls://a:9\"",
      "a server with tls at port 9, whose certificates TLS ends with", ""}},
    {R"({"auth": {"users": {"u": {"password": "p"}}}, "servers": {"main":
         {"port": 443, "tls": {"cert": "c", "key": "k"}, "require": {}}},
         "mappings": [)"
       + one("tls://a:443") + "]}",
     {"$.mappings[0].from", "\"tls://a:443\"",
      "a server without require at port 443, because who connects does not say "
      "who it is",
      ""}},
    {names(one("tls://a:9") + "," + one("TLS://A:9")),
     {"$.mappings[1].from", "the same as $.mappings[0]",
      "a name or port of its own", ""}},
    {names(one("tls://a.example:9") + "," + one("tls://A.Example.:9")),
     {"$.mappings[1].from", "the same as $.mappings[0]",
      "a name or port of its own", ""}},
    {R"({"auth": {"users": {"u": {"password": "p"}}}, "servers": {
         "first": {"port": 443, "host": "127.0.0.1",
                   "tls": {"cert": "c", "key": "k"}},
         "second": {"port": 443, "host": "127.0.0.2", "require": {},
                    "tls": {"cert": "c", "key": "k"}}},
         "mappings": [)"
       + one("tls://a:443") + "]}",
     {"$.mappings[0].from", "\"tls://a:443\"",
      "a server without require at port 443, because who connects does not say "
      "who it is",
      ""}},
    {names(one("tls://a:9") + "," + one("tls://b:9") + "," + one("tcp://:9")),
     {"$.mappings[2].from", "port 9, taken by $.mappings[0].from",
      "an address and port of its own", ""}},
    {names(one("tls://a:9", R"(, "accept_proxy": true)")),
     {"$.mappings[0].accept_proxy", "true",
      "false: proxy_protocol of a server at that port does it", ""}},
  });
  for (const auto& good :
       {one("tls://a:443"), one("tls://*.a:443", R"(, "terminate": true)"),
        one("tls://*:9") + "," + one("tls://b:9")})
    CAF_CHECK_EQUAL(all(wrong(names(good))), "");
}

CAF_TEST(what is said where TLS ends is said there alone) {
  check({
    {names(R"({"from": "http://a", "to": "http://b", "terminate": true})"),
     {"$.mappings[0].terminate", "true", "false: it is for tls:// alone", ""}},
    {names(one("tls://a:443", R"(, "alpn": "h2")")),
     {"$.mappings[0].alpn", "the string \"h2\"",
      "nothing, unless `terminate` is true", ""}},
    {names(one("tls://a:443", R"(, "terminate": true, "alpn": "h 2")")),
     {"$.mappings[0].alpn", "the string \"h 2\"",
      "protocols such as \"postgresql\", visible ASCII (RFC 7301)", ""}},
  });
  const auto read = good(names(
    one("tls://a:443", R"(, "terminate": true, "alpn": ["h2", "http/1.1"])")));
  CAF_CHECK(
    (read.mappings[0].alpn == std::vector<std::string>{"h2", "http/1.1"}));
  const auto shown = show(read.mappings[0]);
  CAF_CHECK_EQUAL(shown["terminate"].get<bool>(), true);
  CAF_CHECK_EQUAL(shown["alpn"].size(), 2u);
  CAF_CHECK(!shown.contains("http2"));
}

CAF_TEST(names are found by port and precedence) {
  const auto read
    = good(names(one("tls://*.a.example:9") + "," + one("tls://b.a.example:9")
                 + "," + one("tls://*:9") + "," + one("tls://b.a.example:443")
                 + "," + one("tls://*.x.a.example:9")));
  CAF_CHECK_EQUAL(found(read, "b.a.example", 9), "tls://b.a.example:9");
  CAF_CHECK_EQUAL(found(read, "c.a.example", 9), "tls://*.a.example:9");
  CAF_CHECK_EQUAL(found(read, "c.x.a.example", 9), "tls://*.x.a.example:9");
  CAF_CHECK_EQUAL(found(read, "a.example", 9), "tls://*:9");
  CAF_CHECK_EQUAL(found(read, "", 9), "tls://*:9");
  CAF_CHECK_EQUAL(found(read, "b.a.example", 443), "tls://b.a.example:443");
  CAF_CHECK_EQUAL(found(read, "c.a.example", 443), "");
  CAF_CHECK_EQUAL(found(read, "b.a.example", 80), "");
  const aps::route_table routes{read.mappings};
  CAF_CHECK(routes.has_names(9));
  CAF_CHECK(routes.has_names(443));
  CAF_CHECK(!routes.has_names(80));
}

CAF_TEST(servers with TLS have names at their ports) {
  const auto read = good(names(one("tls://a:443")));
  CAF_CHECK(find_tls_server(read, 443) == &read.servers.at("main"));
  CAF_CHECK(!find_tls_server(read, 80));
  CAF_CHECK(tls_server_ports(read) == std::vector<uint16_t>{443});
}
