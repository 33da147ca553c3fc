#define CAF_SUITE config.networks

#include "tests/support/test.hpp"

#include "config/networks.hpp"
#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

using namespace aps::config;

CAF_TEST(private addresses are known) {
  for (const auto* ip : {"127.0.0.1", "127.9.9.9", "::1", "10.1.2.3",
                         "172.31.0.1", "192.168.1.1", "169.254.0.1", "fe80::1",
                         "fd00::1", "100.64.0.1", "::ffff:10.0.0.1"})
    CAF_CHECK(is_private_ip(ip));
  for (const auto* ip : {"8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1",
                         "2001:db8::1", "", "localhost"})
    CAF_CHECK(!is_private_ip(ip));
}

CAF_TEST(networks contain the addresses of their block) {
  const network_set all{{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1",
                         "172.16.0.0/12"}};
  for (const auto* inside :
       {"10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8::", "::1",
        "2001:db8:ffff::9", "::ffff:10.1.2.3", "172.31.255.255"})
    CAF_CHECK(all.contains(inside));
  for (const auto* outside :
       {"11.0.0.0", "9.255.255.255", "192.0.2.8", "2001:db9::", "::2", "::",
        "172.32.0.0", "", "unknown", "10.1", "10.0.0.1 ", "10.0.0.1:80",
        "[::1]", "::ffff:11.0.0.1", "10.0.0.1/8"})
    CAF_CHECK(!all.contains(outside));
  CAF_CHECK(!network_set{}.contains("10.0.0.1"));
}

CAF_TEST(networks of one family say nothing about the other) {
  struct {
    std::vector<std::string> blocks;
    bool v4;
    bool v6;
  } const rows[] = {
    {{"0.0.0.0/0"}, true, false}, {{"::ffff:0.0.0.0/96"}, true, false},
    {{"::/0"}, false, true},      {{"::/1"}, false, true},
    {{"::/80"}, false, false},    {{"0.0.0.0/0", "::/0"}, true, true},
  };
  for (const auto& [blocks, v4, v6] : rows) {
    const network_set all{blocks};
    for (const auto* ip : {"1.2.3.4", "::ffff:1.2.3.4", "255.255.255.255"})
      CAF_CHECK_EQUAL(all.contains(ip), v4);
    for (const auto* ip : {"2001:db8::1", "1::", "64:ff9b::102:304"})
      CAF_CHECK_EQUAL(all.contains(ip), v6);
    CAF_CHECK(!all.contains("unknown"));
  }
}

CAF_TEST(addresses are one thing in both families) {
  CAF_CHECK(parse_address("10.1.2.3") == parse_address("::ffff:10.1.2.3"));
  CAF_CHECK(parse_address("10.1.2.3") != parse_address("::10.1.2.3"));
  CAF_CHECK(is_mapped_v4(*parse_address("10.1.2.3")));
  CAF_CHECK(!is_mapped_v4(*parse_address("::10.1.2.3")));
  for (const auto* text : {"", "10.1", "fe80::1%eth0", "[::1]", "1.2.3.4:5"})
    CAF_CHECK(!parse_address(text));
  CAF_CHECK(parse_network("10.0.0.0/8")->contains(*parse_address("10.1.2.3")));
  CAF_CHECK(!parse_network("10.0.0.0/8")->contains(*parse_address("11.1.2.3")));
}

CAF_TEST(what is no network is refused) {
  for (const auto* text :
       {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8",
        "10.0.0.0/8/8", "10.0.0/8", "10.0.0.1/8", "2001:db8::1/32", "::/129",
        "[::1]", "10.0.0.0/0008", "fe80::1%eth0", "10.0.0.0 /8"})
    CAF_CHECK(!parse_network(text));
}

CAF_TEST(an address has one text) {
  CAF_CHECK_EQUAL(canonical_ip("2001:DB8:0:0::1"), "2001:db8::1");
  CAF_CHECK_EQUAL(canonical_ip("::ffff:192.0.2.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(canonical_ip("::FFFF:c000:201"), "192.0.2.1");
  CAF_CHECK_EQUAL(canonical_ip("192.0.2.1"), "192.0.2.1");
  for (const auto* text : {"", "unknown", "192.0.2", "[::1]", "1.2.3.4:5"})
    CAF_CHECK_EQUAL(canonical_ip(text), "");
}

CAF_TEST(a server trusts its own list or the common one) {
  const auto all = good(R"({
    "trusted_proxies": ["10.0.0.0/8", "::1"],
    "servers": {"a": 1, "b": {"port": 2, "trusted_proxies": []},
                "c": {"port": 3, "trusted_proxies": ["192.0.2.1"]}}})");
  using list = std::vector<std::string>;
  CAF_CHECK_EQUAL(all.servers.at("a").trusted_proxies,
                  (list{"10.0.0.0/8", "::1"}));
  CAF_CHECK(all.servers.at("b").trusted_proxies.empty());
  CAF_CHECK_EQUAL(all.servers.at("c").trusted_proxies, list{"192.0.2.1"});
}

CAF_TEST(wrong networks are told with their place) {
  check({
    {R"({"servers": {"s": 1}, "trusted_proxies": ["::1", "10.0.0.1/8"]})",
     {"$.trusted_proxies[1]", "the string \"10.0.0.1/8\"",
      "an IP address, or a network such as \"10.0.0.0/8\" or \"fd00::/8\"",
      ""}},
    {R"({"servers": {"s": {"port": 1, "trusted_proxies": "::1"}}})",
     {"$.servers.s.trusted_proxies", "the string \"::1\"",
      "a list of networks", ""}},
  });
}
