#define CAF_SUITE execution

#include "actors/policy/execution.hpp"

#include "tests/support/test.hpp"

#include <string_view>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};
constexpr auto attempt = uint32_t{4};

/// Every state of an exchange in an agent, seen by what arrives as `attempt`.
struct state_row {
  std::string_view name;
  std::optional<execution> running;
  std::optional<tombstone> former;
  bool room;
  execution_verdict head;
  execution_verdict resume;
};

constexpr tombstone absent(uint32_t of) {
  return {of, false, start};
}

constexpr tombstone executed(uint32_t of) {
  return {of, true, start};
}

using verdict = execution_verdict;

const state_row states[] = {
  {"new, room", {}, {}, true, verdict::start, verdict::unknown},
  {"new, no room", {}, {}, false, verdict::full, verdict::full},
  {"runs as an older attempt", {{3, true, {}}}, {}, true, verdict::attach,
   verdict::attach},
  {"runs as this attempt", {{4, true, {}}}, {}, true, verdict::ignore,
   verdict::ignore},
  {"runs as a later attempt", {{5, true, {}}}, {}, true, verdict::ignore,
   verdict::ignore},
  {"is being made", {{3, false, {}}}, {}, true, verdict::attach,
   verdict::attach},
  {"runs unheard", {{3, true, start}}, {}, true, verdict::attach,
   verdict::attach},
  {"runs unheard as a later attempt", {{5, true, start}}, {}, true,
   verdict::ignore, verdict::ignore},
  // What runs needs no further place.
  {"runs, no room", {{3, true, {}}}, {}, false, verdict::attach,
   verdict::attach},
  {"asked for by an older attempt", {}, absent(3), true, verdict::start,
   verdict::unknown},
  {"asked for by an older attempt, no room", {}, absent(3), false,
   verdict::full, verdict::unknown},
  {"asked for by this attempt", {}, absent(4), true, verdict::ignore,
   verdict::unknown},
  {"asked for by a later attempt", {}, absent(5), true, verdict::ignore,
   verdict::unknown},
  {"asked for by this attempt, no room", {}, absent(4), false, verdict::ignore,
   verdict::unknown},
  {"was executed as an older attempt", {}, executed(3), true,
   verdict::given_up, verdict::given_up},
  {"was executed as a later attempt", {}, executed(5), true, verdict::given_up,
   verdict::given_up},
  {"was executed, no room", {}, executed(3), false, verdict::given_up,
   verdict::given_up},
};

template <class T>
const T* pointer(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

} // namespace

CAF_TEST(every_state_has_an_answer_to_a_head_and_to_a_resume) {
  for (const auto& row : states) {
    CAF_MESSAGE(row.name);
    CAF_CHECK(on_head(pointer(row.running), pointer(row.former), attempt,
                      row.room)
              == row.head);
    CAF_CHECK(on_resume(pointer(row.running), pointer(row.former), attempt,
                        row.room)
              == row.resume);
  }
}

CAF_TEST(what_was_once_attached_ignores_all_that_is_older) {
  execution running{1, true, start};
  attach(running, 3);
  CAF_CHECK(!running.detached);
  CAF_CHECK(running.begun);
  for (uint32_t older = 0; older <= 3; ++older) {
    CAF_CHECK(on_head(&running, nullptr, older, true) == verdict::ignore);
    CAF_CHECK(on_resume(&running, nullptr, older, true) == verdict::ignore);
  }
  CAF_CHECK(on_resume(&running, nullptr, 4, true) == verdict::attach);
}

CAF_TEST(a_head_behind_the_resume_that_found_nothing_never_starts) {
  const auto stone = asked_for(nullptr, 2, start);
  CAF_CHECK(!stone.executed);
  CAF_CHECK(stone.until == start + tombstone_time);
  CAF_CHECK(on_head(nullptr, &stone, 1, true) == verdict::ignore);
  CAF_CHECK(on_head(nullptr, &stone, 2, true) == verdict::ignore);
  CAF_CHECK(on_head(nullptr, &stone, 3, true) == verdict::start);
}

CAF_TEST(what_is_remembered_never_becomes_less) {
  const auto later = tombstone{7, false, start};
  const auto asked = asked_for(&later, 3, start + 1s);
  CAF_CHECK_EQUAL(asked.attempt, 7u);
  CAF_CHECK(asked.until == start + 1s + tombstone_time);
  const auto run = tombstone{2, true, start};
  CAF_CHECK(asked_for(&run, 9, start).executed);
}

CAF_TEST(only_what_moved_leaves_something_behind) {
  CAF_CHECK(!remains_of({1, true, {}}, start));
  const auto moved = remains_of({2, true, {}}, start);
  CAF_REQUIRE(moved.has_value());
  CAF_CHECK_EQUAL(moved->attempt, 2u);
  CAF_CHECK(moved->executed);
  CAF_CHECK(moved->until == start + tombstone_time);
  CAF_CHECK(on_head(nullptr, &*moved, 1, true) == verdict::given_up);
}

CAF_TEST(what_nobody_came_back_for_is_given_up_at_the_end_of_the_patience) {
  struct row {
    execution running;
    duration age;
    bool abandoned;
  };
  const row rows[] = {
    {{1, true, {}}, 1h, false},          // somebody hears it
    {{1, true, start}, 10s - 1ns, false},
    {{1, true, start}, 10s, true},
    {{1, true, start}, 1h, true},
    {{1, false, start}, 1h, false}, // its unit still makes it
  };
  for (const auto& row : rows)
    CAF_CHECK_EQUAL(is_abandoned(row.running, 10s, start + row.age),
                    row.abandoned);
  const auto stone = remains_of_abandoned({1, true, start}, start + 10s);
  CAF_CHECK(stone.executed);
  CAF_CHECK(stone.until == start + 10s + tombstone_time);
}

