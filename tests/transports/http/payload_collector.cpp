#define CAF_SUITE payload_collector

#include "transports/http/payload_collector.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

constexpr size_t share_from = 4;

/// The buffer that pieces lie in.
struct fixture {
  std::string_view piece(size_t at, size_t size) const {
    return std::string_view{*buffer}.substr(at, size);
  }

  bool is_shared(const slice& bytes) const { return bytes.owner() == owner; }

  std::shared_ptr<const std::string> buffer
    = std::make_shared<const std::string>("abcdefghijkl");
  std::shared_ptr<const void> owner = buffer;
  payload_collector uut;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(payload_collector_tests, fixture)

CAF_TEST(a large piece shares its buffer) {
  uut.begin(&owner, share_from);
  uut.add(piece(0, 4));
  uut.end();
  CAF_REQUIRE_EQUAL(uut.slices.size(), 1u);
  CAF_CHECK(is_shared(uut.slices[0]));
  CAF_CHECK_EQUAL(uut.slices[0].view(), "abcd");
}

CAF_TEST(small pieces are joined into one copy) {
  uut.begin(&owner, share_from);
  uut.add(piece(0, 2));
  uut.add(piece(3, 1));
  uut.add(piece(5, 3));
  uut.end();
  CAF_REQUIRE_EQUAL(uut.slices.size(), 1u);
  CAF_CHECK(!is_shared(uut.slices[0]));
  CAF_CHECK_EQUAL(uut.slices[0].view(), "abdfgh");
}

CAF_TEST(the order stays) {
  uut.begin(&owner, share_from);
  uut.add(piece(0, 1));
  uut.add(piece(1, 5));
  uut.add(piece(6, 1));
  uut.add(piece(7, 1));
  uut.end();
  CAF_REQUIRE_EQUAL(uut.slices.size(), 3u);
  CAF_CHECK_EQUAL(uut.slices[0].view(), "a");
  CAF_CHECK_EQUAL(uut.slices[1].view(), "bcdef");
  CAF_CHECK_EQUAL(uut.slices[2].view(), "gh");
}

CAF_TEST(what was collected before stays) {
  for (int i = 0; i < 2; ++i) {
    uut.begin(&owner, share_from);
    uut.add(piece(0, 1));
    uut.end();
  }
  CAF_CHECK_EQUAL(uut.slices.size(), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()
