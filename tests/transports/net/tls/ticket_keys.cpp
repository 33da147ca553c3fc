#define CAF_SUITE ticket_keys

#include "tests/support/test.hpp"

#include "transports/net/tls/ticket_keys.hpp"

using namespace aps;
using namespace std::chrono_literals;

CAF_TEST(keys live twice their time) {
  ticket_keys keys;
  const auto start = clock_type::now();
  const auto first = keys.current(start);
  CAF_CHECK(keys.current(start + 11h).name == first.name);
  CAF_CHECK(!keys.find(first.name.data(), start + 11h)->old);
  const auto later = start + 13h;
  const auto second = keys.current(later);
  CAF_CHECK(second.name != first.name);
  CAF_CHECK(second.cipher != first.cipher);
  const auto found = keys.find(first.name.data(), later);
  CAF_REQUIRE(found);
  CAF_CHECK(found->old);
  CAF_CHECK(found->key.cipher == first.cipher);
  CAF_CHECK(!keys.find(first.name.data(), later + 13h));
  CAF_CHECK(keys.find(second.name.data(), later + 13h)->old);
}

CAF_TEST(after a long rest nobody knows the old key) {
  ticket_keys keys;
  const auto start = clock_type::now();
  const auto first = keys.current(start);
  CAF_CHECK(!keys.find(first.name.data(), start + 48h));
}

CAF_TEST(a key of somebody else is not known) {
  ticket_keys keys;
  ticket_keys others;
  const auto now = clock_type::now();
  CAF_CHECK(!keys.find(others.current(now).name.data(), now));
}
