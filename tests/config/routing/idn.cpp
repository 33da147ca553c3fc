#define CAF_SUITE config.idn

#include "tests/support/test.hpp"

#include "config/routing/idn.hpp"

using namespace aps::config;

CAF_TEST(names of other letters become those of DNS) {
  CAF_CHECK_EQUAL(ascii_host("a.test"), "a.test");
  CAF_CHECK_EQUAL(ascii_host("bücher.test"), "xn--bcher-kva.test");
  CAF_CHECK_EQUAL(ascii_host("BÜCHER.test"), "xn--bcher-kva.test");
  CAF_CHECK_EQUAL(ascii_host("faß.test"), "xn--fa-hia.test");
  CAF_CHECK_EQUAL(ascii_host("例え.テスト"), "xn--r8jz45g.xn--zckzah");
  CAF_CHECK_EQUAL(ascii_host("\xff.test"), "");
  CAF_CHECK_EQUAL(ascii_host(std::string("b\xc3\xbc\0x", 5)), "");
}
