#define CAF_SUITE client_tls

#include "tests/support/test.hpp"

#include "transports/seam/tls/client_tls.hpp"

using namespace aps;

CAF_TEST(a pin is a hash in base64) {
  const std::string digits(43, 'A');
  CAF_CHECK(is_pin("sha256/" + digits + "="));
  CAF_CHECK(is_pin("sha256/" + std::string(42, '+') + "/="));
  CAF_CHECK(!is_pin("sha256/" + digits));
  CAF_CHECK(!is_pin("sha256/" + digits + "A"));
  CAF_CHECK(!is_pin("sha256/" + std::string(42, 'A') + "-="));
  CAF_CHECK(!is_pin("sha256/" + std::string(42, 'A') + "=="));
  CAF_CHECK(!is_pin("sha1/" + digits + "="));
  CAF_CHECK(!is_pin(""));
}
