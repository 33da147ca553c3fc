#define CAF_SUITE config.stream_rules

#include "tests/support/test.hpp"

#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

using namespace aps::config;

namespace {

std::string raw(const std::string& more,
                const std::string& to = "tcp://localhost:22") {
  return with_mapping(R"({"from": "tcp://:2222", "to": ")" + to
                      + R"(", "via": {"tunnels": "tunnel1"})" + more + "}");
}

constexpr auto none_for_streams
  = "nothing, because it is for requests, and not for streams";

} // namespace

CAF_TEST(both ends of a mapping are streams or requests) {
  check({
    {raw("", "http://a"),
     {"$.mappings[0].to", "\"http://a\"",
      "tcp://host:port or unix:/path, because `from` is tcp://", ""}},
    {with_mapping(R"({"from": "http://a", "to": "tcp://b:1"})"),
     {"$.mappings[0].to", "\"tcp://b:1\"",
      "a URL of HTTP, because `from` is one", ""}},
  });
  CAF_CHECK_EQUAL(all(wrong(raw(""))), "");
  CAF_CHECK_EQUAL(all(wrong(raw("", "unix:/run/x"))), "");
  CAF_CHECK_EQUAL(
    all(wrong(with_mapping(R"({"from": "http://a", "to": "unix:/run/x"})"))),
    "");
  CAF_CHECK_EQUAL(all(wrong(with_mapping(R"({"from": "connect://*.a:443"})"))),
                  "");
}

CAF_TEST(what is for requests is refused for streams) {
  check({
    {raw(R"(, "hsts": 1)"),
     {"$.mappings[0].hsts", "the number 1", none_for_streams, ""}},
    {raw(R"(, "origins": "same")"),
     {"$.mappings[0].origins", "the string \"same\"", none_for_streams, ""}},
    {raw(R"(, "match": {"addresses": ["10.0.0.0/8"]})"),
     {"$.mappings[0].match", "an object", none_for_streams, ""}},
    {with_mapping(
       R"({"from": "connect://a:1", "match": {"headers": {"x": "y"}}})"),
     {"$.mappings[0].match", "an object", none_for_streams, ""}},
    {raw(R"(, "request_headers": {"remove": ["X"]})"),
     {"$.mappings[0].request_headers", "an object", none_for_streams, ""}},
    {with(R"("auth": {"users": {"u": {"password": "p"}}},
             "mappings": [{"from": "tcp://:1", "to": "tcp://a:1",
                           "require": {}}])"),
     {"$.mappings[0].require", "an object",
      "nothing, because who connects does not say who it is; use allow and "
      "deny",
      ""}},
  });
}

CAF_TEST(tunnels of raw streams ask nobody who it is) {
  check({
    {with(R"("auth": {"users": {"u": {"password": "p"}}},
             "tunnels": {"t": {"password": "p", "require": {"users": ["u"]}}},
             "mappings": [{"from": "tcp://:1", "to": "tcp://a:1",
                           "via": {"tunnels": "t"}}])"),
     {"$.mappings[0].via.tunnels", "\"t\", which asks visitors who they are",
      "a tunnel without require and forward_auth, because who connects does "
      "not say who it is",
      ""}},
    {raw(R"(, "accept_proxy": true)"),
     {"$.mappings[0].accept_proxy", "true",
      "the addresses of the proxies in trusted_proxies, because only they may "
      "speak the PROXY protocol",
      ""}},
  });
}

CAF_TEST(ports of raw streams are listeners as others) {
  check({
    {with(R"("mappings": [{"from": "tcp://:8080", "to": "tcp://a:1"}])"),
     {"$.mappings[0].from", "port 8080, taken by $.servers.main",
      "an address and port of its own", ""}},
    {with(R"("mappings": [{"from": "tcp://:1", "to": "tcp://a:1"},
                          {"from": "tcp://[::1]:1", "to": "tcp://a:1"},
                          {"from": "tcp://localhost:1", "to": "tcp://a:1"}])"),
     {"$.mappings[2].from", "port 1, taken by $.mappings[0].from",
      "an address and port of its own", ""}},
  });
}

CAF_TEST(what leads back to its own port is refused) {
  const auto mappings = [](const std::string& all) {
    return with(R"("tunnels": {"t": {"password": "p"}}, "mappings": [)" + all
                + "]");
  };
  const auto refused = [&](const std::string& to, const std::string& from,
                           const std::string& more = "") {
    return row{
      mappings(R"({"from": ")" + from + R"(", "to": ")" + to + "\"}" + more),
      {"$.mappings[0].to", "\"" + to + "\", which leads back to its own port",
       "another target", ""}};
  };
  check({refused("tcp://localhost:1", "tcp://:1"),
         refused("tcp://127.0.0.1:1", "tcp://127.0.0.1:1"),
         refused("udp://[::1]:1", "udp://[::1]:1"),
         refused("tcp://0.0.0.0:1", "tcp://:1"),
         refused("tcp://[::]:1", "tcp://:1"),
         refused("tcp://[::ffff:127.0.0.1]:1", "tcp://:1"),
         refused("tcp://127.9.8.7:1", "tcp://0.0.0.0:1"),
         refused("udp://0.0.0.0:1", "udp://:1"),
         refused("tcp://127.0.0.1:1", "tls://a:1"),
         refused("tcp://127.0.0.1:1", "tls://*:1")});
  CAF_CHECK_EQUAL(
    wrong(mappings(R"({"from": "tls://a:1", "to": "tcp://127.0.0.1:2"},
                      {"from": "tcp://:2", "to": "tcp://127.0.0.1:1"})"))
      .size(),
    2u);
  for (const auto* good :
       {R"({"from": "tcp://:1", "to": "tcp://a:1"})",
        R"({"from": "tls://a:1", "to": "tcp://127.0.0.1:2"},
           {"from": "tls://b:2", "to": "tcp://127.0.0.1:1"})",
        R"({"from": "tcp://127.0.0.2:1", "to": "tcp://127.0.0.1:1"})",
        R"({"from": "tcp://:1", "to": "tcp://localhost:1",
            "via": {"tunnels": "t"}})",
        R"({"from": "udp://:1", "to": "udp://localhost:2"},
           {"from": "tcp://:2", "to": "tcp://localhost:3"})"})
    CAF_CHECK_EQUAL(all(wrong(mappings(good))), "");
  const auto both = wrong(mappings(R"(
    {"from": "tcp://:1", "to": "tcp://localhost:2"},
    {"from": "tcp://:2", "to": "tcp://localhost:1"},
    {"from": "tcp://:3", "to": "tcp://localhost:2"})"));
  CAF_CHECK_EQUAL(both.size(), 2u);
}

CAF_TEST(ports of streams go by the general section of times) {
  const auto read = good(with(R"("http": {"handshake_timeout": 3},
    "mappings": [{"from": "tls://a:1", "to": "tcp://a:2"}])"));
  CAF_CHECK_EQUAL(read.http.handshake_timeout.count(), 3);
}
