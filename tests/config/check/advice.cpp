#define CAF_SUITE config.advice

#include "tests/support/test.hpp"

#include "config/check/advice.hpp"
#include "tests/config/good.hpp"

#include <fstream>
#include <iterator>

using namespace aps::config;

namespace {

struct row {
  std::string text;
  std::vector<std::string> paths; ///< of the warnings
};

std::string with_server(const std::string& server, const std::string& more) {
  return R"({"servers": {"s": )" + server + R"(}, "tunnels": {"t": {)" + more;
}

// One server on loopback and a good tunnel, with these mappings.
std::string with_mappings(const std::string& mappings) {
  return with_server(R"({"port": 8080, "host": "127.0.0.1"})",
                     R"("password": "p"}, "off": {"password": "p", "enabled":
                        false}}, "mappings": [)"
                       + mappings + "]}");
}

std::string from(const std::string& url, const std::string& more = "") {
  return R"({"from": ")" + url + R"(", "to": "http://x")" + more + "}";
}

// A good mapping, and this tunnel and server.
std::string with_tunnel(const std::string& server, const std::string& tunnel) {
  return with_server(server,
                     tunnel + R"(}}, "mappings": [)" + from("http://a") + "]}");
}

const std::string inside = R"({"port": 1, "host": "localhost"})";

} // namespace

CAF_TEST(what is hardly meant is told) {
  const std::vector<row> rows{
    {with_mappings(from("http://a")), {}},
    {with_mappings(""), {"$.mappings"}},
    // Ports and schemes that no visitor can name.
    {with_mappings(from("http://a:8080") + "," + from("http://b:80")), {}},
    {with_mappings(from("http://a:9000")), {"$.mappings[0].from"}},
    {with_mappings(from("https://a")), {"$.mappings[0].from"}},
    {with_server("0", R"("password": "p"}}, "mappings": [)"
                        + from("http://a:9000") + "]}"),
     {}},
    // Names of TLS come before HTTPS.
    {with_server(R"({"port": 443, "host": "127.0.0.1",
                     "tls": {"cert": "c", "key": "k"}})",
                 R"("password": "p"}}, "mappings": [)" + from("https://a.b")
                   + "," + from("https://x.c.d/y") + "," + from("https://c.d")
                   + "," + from("https://e") + R"(,
                   {"from": "tls://a.b:443", "to": "tcp://t:1"},
                   {"from": "tls://*.c.d:443", "to": "tcp://t:1"},
                   {"from": "tls://e:444", "to": "tcp://t:1"}]})"),
     {"$.mappings[0].from", "$.mappings[1].from"}},
    // Longer prefixes win.
    {with_mappings(from("http://a/x") + "," + from("http://a/x/*")), {}},
    {with_mappings(from("http://a") + "," + from("http://a/x") + ","
                   + from("http://a:8080/x")),
     {}},
    // Tunnels that are off.
    {with_mappings(from("http://a", R"(, "via": {"tunnels": "off"})")),
     {"$.mappings[0].via.tunnels"}},
    {with_mappings(from("http://a", R"(, "via": {"tunnels": ["off", "t"]})")),
     {}},
    // Nobody else to ask, and times that others end.
    {with_mappings(from("http://a", R"(, "retry": {}, "via": {"tunnels": "t",
                                       "endpoints": "one"})")),
     {"$.mappings[0].retry"}},
    {with_mappings(from("http://a", R"(, "retry": {}, "via": {"tunnels": "t",
                                       "endpoints": ["one", "two"]})")),
     {}},
    {with_mappings(from("http://a", R"(, "retry": {}, "via": {
                          "tunnels": ["off", "t"], "endpoints": "one"})")),
     {}},
    {with_mappings(from("http://a", R"(, "timeouts": {
                          "first_byte_timeout": 3, "total_timeout": 2})")),
     {"$.mappings[0].timeouts.first_byte_timeout"}},
    {with_mappings(from("http://a", R"(, "timeouts": {
                          "first_byte_timeout": 3, "total_timeout": 0})")),
     {}},
    {with_mappings(from("http://a", R"(, "timeouts": {
                          "first_byte_timeout": 2, "total_timeout": 2})")),
     {}},
    // Secrets that are none.
    {with_tunnel(inside, R"("password": "x${A}")"), {"$.tunnels.t.password"}},
    {with_tunnel(inside, R"("password": "test123")"), {"$.tunnels.t.password"}},
    {with_tunnel("1", R"("password": "test123")"),
     {"$.servers.s", "$.tunnels.t.password"}},
    {with_tunnel("1", R"("password": "p")"), {}},
    {with_tunnel("1", R"("password": "test123", "enabled": false)"),
     {"$.tunnels.t.password"}},
  };
  for (const auto& [text, paths] : rows) {
    CAF_MESSAGE(text);
    std::vector<std::string> found;
    for (const auto& one : advise(good(text)))
      found.push_back(one.path);
    CAF_CHECK_EQUAL(found, paths);
  }
}

CAF_TEST(names where TLS ends need a certificate as those of HTTPS) {
  const auto all = good(R"({"servers": {"s": {"port": 443,
    "host": "127.0.0.1", "tls": {"cert": "c", "key": "k"}}}, "mappings": [
    {"from": "tls://other.example:443", "to": "tcp://x:1", "terminate": true},
    {"from": "tls://a.example:443", "to": "tcp://x:1", "terminate": true},
    {"from": "tls://passed.example:443", "to": "tcp://x:1"}]})");
  const auto told = [&](const std::vector<std::string>& certified) {
    size_t count = 0;
    for (const auto& one : advise(all, certified))
      count += one.text.find("no certificate is for other.example")
               != std::string::npos;
    return count;
  };
  CAF_CHECK_EQUAL(told({"a.example"}), 1u);
  CAF_CHECK_EQUAL(told({"a.example", "other.example"}), 0u);
}

CAF_TEST(the secrets of the examples are known) {
  for (const std::string name : {"minimal", "websocket", "full"}) {
    // Not loaded: the full one names files that are not there.
    std::ifstream file{APS_CONFIG_FOLDER "/config." + name + ".example.json"};
    const auto loaded
      = parse(std::string{std::istreambuf_iterator<char>{file}, {}});
    const auto* all = std::get_if<node>(&loaded);
    CAF_REQUIRE(all != nullptr);
    CAF_CHECK(!all->tunnels.empty());
    for (const auto& [tunnel, settings] : all->tunnels)
      CAF_CHECK(is_of_examples(settings.password));
    if (all->admin && !all->admin->token.empty())
      CAF_CHECK(is_of_examples(all->admin->token));
  }
}
