#define CAF_SUITE peer_address

#include "transports/seam/peer_address.hpp"

#include "tests/support/test.hpp"

using namespace aps;

CAF_TEST(the_address_is_what_stands_before_the_port) {
  CAF_CHECK_EQUAL(address_of("192.0.2.1:80"), "192.0.2.1");
  CAF_CHECK_EQUAL(address_of("192.0.2.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(address_of("[2001:db8::1]:80"), "2001:db8::1");
  CAF_CHECK_EQUAL(address_of("[2001:db8::1]"), "2001:db8::1");
  CAF_CHECK_EQUAL(address_of("2001:db8::1"), "2001:db8::1");
  CAF_CHECK_EQUAL(address_of("::1"), "::1");
  CAF_CHECK_EQUAL(address_of("::"), "::");
  CAF_CHECK_EQUAL(address_of(":80"), "");
  CAF_CHECK_EQUAL(address_of("["), "");
  CAF_CHECK_EQUAL(address_of(""), "");
}

CAF_TEST(a_group_is_an_address_or_a_network_of_IPv6) {
  CAF_CHECK_EQUAL(peer_group("192.0.2.1:80"), "192.0.2.1");
  CAF_CHECK_EQUAL(peer_group("192.0.2.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(peer_group("[2001:db8:1:2:3:4:5:6]:80"),
                  "2001:db8:1:2::/64");
  CAF_CHECK_EQUAL(peer_group("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
  CAF_CHECK_EQUAL(peer_group("2001:db8:1:3::1"), "2001:db8:1:3::/64");
  CAF_CHECK_EQUAL(peer_group("[::ffff:192.0.2.1]:80"), "192.0.2.1");
  CAF_CHECK_EQUAL(peer_group("fe80::1%eth0"), "fe80::/64");
  CAF_CHECK_EQUAL(peer_group("::1"), "::/64");
}

CAF_TEST(what_is_no_address_is_a_group_of_its_own_and_short) {
  CAF_CHECK_EQUAL(peer_group(""), "");
  CAF_CHECK_EQUAL(peer_group("a:b:c"), "a:b:c");
  CAF_CHECK_EQUAL(peer_group(std::string(1000, 'x')), std::string(64, 'x'));
  CAF_CHECK_EQUAL(peer_group(std::string(64, ':')), std::string(64, ':'));
  CAF_CHECK_EQUAL(peer_group(std::string(65, ':')), std::string(64, ':'));
}
