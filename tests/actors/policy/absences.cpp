#define CAF_SUITE absences

#include "actors/policy/absences.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(2)};
constexpr session_id one{1};
constexpr session_id two{2};

} // namespace

CAF_TEST(who is here is not missing) {
  absences uut;
  CAF_CHECK(uut.of(one) == nullptr);
  CAF_CHECK(!uut.any_awaited());
  CAF_CHECK(!uut.last_awaited());
}

CAF_TEST(who lost a connection is awaited until it is back) {
  absences uut;
  CAF_CHECK(!uut.note(one, false, start));
  CAF_REQUIRE(uut.of(one) != nullptr);
  CAF_CHECK(uut.of(one)->since == start);
  CAF_CHECK(uut.any_awaited());
  uut.end(one);
  CAF_CHECK(uut.of(one) == nullptr);
  CAF_CHECK(!uut.any_awaited());
}

CAF_TEST(who said goodbye is not awaited) {
  absences uut;
  CAF_CHECK(uut.note(one, true, start));
  CAF_CHECK(uut.of(one)->farewell);
  CAF_CHECK(!uut.any_awaited());
  CAF_CHECK(!uut.last_awaited());
}

CAF_TEST(a goodbye stays said when a connection is lost after it) {
  absences uut;
  uut.note(one, true, start);
  CAF_CHECK(uut.note(one, false, start + 1s));
  CAF_CHECK(uut.of(one)->farewell);
  CAF_CHECK(uut.of(one)->since == start + 1s);
}

CAF_TEST(the last one that is awaited counts) {
  absences uut;
  uut.note(one, false, start + 1s);
  uut.note(two, false, start + 2s);
  CAF_CHECK(uut.last_awaited() == start + 2s);
  CAF_CHECK(uut.oldest() == start + 1s);
  uut.note(two, true, start + 3s);
  CAF_CHECK(uut.last_awaited() == start + 1s);
  uut.note(one, false, start + 4s);
  CAF_CHECK(uut.oldest() == start + 3s);
}

CAF_TEST(what is old is forgotten) {
  absences uut;
  uut.note(one, false, start);
  uut.note(two, true, start + 1s);
  uut.forget(start + 10s, 10s);
  CAF_CHECK(uut.of(one) == nullptr);
  CAF_CHECK(uut.of(two) != nullptr);
}
