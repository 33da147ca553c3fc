#define CAF_SUITE config.host

#include "tests/support/test.hpp"

#include "config/host.hpp"

#include <string>

using namespace aps::config;

namespace {

std::string label(size_t size) {
  return std::string(size, 'a');
}

/// Of `size` bytes, in labels of 50 at most.
std::string name(size_t size) {
  std::string out(size, 'a');
  for (size_t i = 50; i + 1 < size; i += 51)
    out[i] = '.';
  return out;
}

} // namespace

CAF_TEST(lower case is of ASCII alone) {
  CAF_CHECK_EQUAL(lower_case("AZaz09-@[`{\xc3\x84"), "azaz09-@[`{\xc3\x84");
}

CAF_TEST(addresses are told from names) {
  for (const char* good : {"127.0.0.1", "0.0.0.0", "255.255.255.255"})
    CAF_CHECK(is_ipv4(good));
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "a", "::1",
                          "1.2.3.4 "})
    CAF_CHECK(!is_ipv4(bad));
  CAF_CHECK(!is_ipv4(std::string_view{"1.2.3.4\0", 8}));
  for (const char* good : {"::", "::1", "2001:db8::1", "::ffff:1.2.3.4"})
    CAF_CHECK(is_ipv6(good));
  for (const char* bad : {"", "1.2.3.4", ":", "[::1]", "::1%eth0", "g::"})
    CAF_CHECK(!is_ipv6(bad));
  CAF_CHECK(!is_ipv6(std::string_view{"::1\0", 4}));
}

CAF_TEST(loopback is what nobody else reaches) {
  for (const char* host : {"localhost", "::1", "127.0.0.1", "127.9.9.9"})
    CAF_CHECK(is_loopback(host));
  for (const char* host : {"", "128.0.0.1", "0.0.0.0", "::", "127.example",
                           "127.0.0.1.example", "localhost2", "12.7.0.1"})
    CAF_CHECK(!is_loopback(host));
}

CAF_TEST(an authority has brackets around IPv6 alone) {
  CAF_CHECK_EQUAL(authority("example.com", 80), "example.com:80");
  CAF_CHECK_EQUAL(authority("127.0.0.1", "8080"), "127.0.0.1:8080");
  CAF_CHECK_EQUAL(authority("::1", 65535), "[::1]:65535");
  CAF_CHECK_EQUAL(authority("", uint16_t{0}), ":0");
}

CAF_TEST(one host has one text) {
  struct row {
    const char* host;
    const char* expected;
  };
  const row table[] = {
    {"Example.COM", "example.com"}, {"example.com.", "example.com"},
    {".", "."},                     {"", ""},
    {"[::1]", "::1"},               {"0:0::0:1", "::1"},
    {"[2001:DB8:0::1]", "2001:db8::1"},
    {"[]", "[]"},                   {"[a]", "a"},
    {"a:B", "a:b"},                 {"[::1", "[::1"},
    {"192.0.2.1.", "192.0.2.1"},
  };
  for (const auto& [host, expected] : table)
    CAF_CHECK_EQUAL(canonical_host(host), expected);
}

CAF_TEST(a name has labels of letters digits and marks) {
  for (const char* good : {"a", "A-b.c_d", "localhost", "xn--a.example", "1a",
                           "a1.2b", "a.", "1.2.3.4", "1.2.3.4.", "0z9"})
    CAF_CHECK(is_dns_name(good));
  for (const char* bad : {"", ".", "..", "a..b", ".a", "-a", "a-", "a.-b.c",
                          "a b", "a/b", "a:b", "a@", "a[", "a`", "a{",
                          "\xc3\xa4", "1", "a.1", "1.2.3", "1.2.3.256"})
    CAF_CHECK(!is_dns_name(bad));
}

CAF_TEST(names and labels have the lengths of DNS) {
  CAF_CHECK(is_dns_name(label(63)));
  CAF_CHECK(!is_dns_name(label(64)));
  CAF_CHECK(is_dns_name("x." + label(63)));
  CAF_CHECK(!is_dns_name(label(64) + ".x"));
  CAF_CHECK(is_dns_name(name(253)));
  CAF_CHECK(is_dns_name(name(253) + "."));
  CAF_CHECK(!is_dns_name(name(254)));
}

CAF_TEST(an authority is a host and perhaps a port) {
  struct row {
    const char* text;
    const char* host; // null = it is none
    uint16_t port;
  };
  const row table[] = {{"a", "a", 0},
                       {"a:8080", "a", 8080},
                       {"a:", "a", 0},
                       {"a%2fb", "a%2fb", 0},
                       {"1.2.3.4:1", "1.2.3.4", 1},
                       {"[::1]", "::1", 0},
                       {"[::1]:65535", "::1", 65535},
                       {"", nullptr, 0},
                       {":80", nullptr, 0},
                       {"a b", nullptr, 0},
                       {"a%2", nullptr, 0},
                       {"u@a", nullptr, 0},
                       {"[::1", nullptr, 0},
                       {"[::1]80", nullptr, 0},
                       {"[a]", nullptr, 0},
                       {"a:0", nullptr, 0},
                       {"a:65536", nullptr, 0},
                       {"a:b", nullptr, 0},
                       {"a.", "a.", 0},
                       {"a..b", nullptr, 0},
                       {".a", nullptr, 0},
                       {"a..:80", nullptr, 0},
                       {".", nullptr, 0},
                       {"a:1:2", nullptr, 0},
                       {"::1", nullptr, 0},
                       {"a:+1", nullptr, 0},
                       {"[]", nullptr, 0}};
  for (const auto& [text, expected, number] : table) {
    std::string_view host;
    uint16_t port = 0;
    const auto problem = read_authority(text, host, port);
    CAF_MESSAGE(text << ": " << problem);
    CAF_CHECK_EQUAL(problem.empty(), expected != nullptr);
    if (expected) {
      CAF_CHECK_EQUAL(host, expected);
      CAF_CHECK_EQUAL(port, number);
    }
  }
}

CAF_TEST(a name is below another by whole labels) {
  CAF_CHECK(is_below("a.b.test", "b.test") && is_below("b.test", "test"));
  for (const auto* host : {"b.test", ".b.test", "ab.test", "test", ""})
    CAF_CHECK(!is_below(host, "b.test"));
}
