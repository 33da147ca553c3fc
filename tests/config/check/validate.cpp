#define CAF_SUITE config.validate

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

using namespace aps::config;

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
    {R"({"servers": {"a": 80}, "admin": {"grpc": {"port": 9090}}})",
     {"$.admin.grpc", "port 9090, taken by $.admin", rule, ""}},
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
  for (const auto& text :
       {two("0.0.0.0", "127.0.0.2"), two("127.0.0.2", "0.0.0.0"),
        two("::", "::1"), two("::1", "::")})
    CAF_CHECK_EQUAL(wrong(text).size(), 1u);
}
