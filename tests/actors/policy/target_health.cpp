#define CAF_SUITE target_health

#include "actors/policy/target_health.hpp"

#include "tests/support/test.hpp"

#include <array>
#include <vector>

using namespace aps;
using namespace std::chrono_literals;
using change = target_health::change;

namespace {

constexpr time_point start{1h};

struct step {
  duration at; ///< after the start
  outcome how;
  change expected;
  bool rests = false; ///< afterwards
};

void run(const std::vector<step>& steps) {
  target_health uut;
  for (const auto& [at, how, expected, rests] : steps) {
    CAF_MESSAGE(at / 1ms << " ms: " << to_string(how));
    CAF_CHECK(uut.note(how, start + at) == expected);
    CAF_CHECK_EQUAL(uut.rests(start + at), rests);
  }
}

constexpr auto refused = outcome::origin_refused;
constexpr auto none = change::none;

} // namespace

CAF_TEST(three refusals in a row make a rest) {
  run({{0s, refused, none},
       {0s, outcome::origin_timeout, none},
       {0s, outcome::origin_unresolved, change::rests, true},
       {999ms, outcome::visitor_gone, none, true},
       {1s, outcome::visitor_gone, none, false}});
}

CAF_TEST(an answer in between ends the row) {
  run({{0s, refused, none},
       {0s, refused, none},
       {0s, outcome::ok, none},
       {0s, refused, none},
       {0s, refused, none}});
}

CAF_TEST(what does not concern the target changes nothing) {
  for (const auto how :
       {outcome::visitor_gone, outcome::cut, outcome::not_sent,
        outcome::first_byte_timeout, outcome::origin_closed,
        outcome::origin_protocol, outcome::pool_exhausted})
    run({{0s, refused, none}, {0s, how, none}, {0s, refused, none},
         {0s, how, none}, {0s, refused, change::rests, true}});
}

CAF_TEST(rests grow and one answer ends them) {
  run({{0s, refused, none},
       {0s, refused, none},
       {0s, refused, change::rests, true},
       {500ms, refused, none, true}, // was under way
       {1s, refused, change::rests, true},
       {2999ms, outcome::cut, none, true},
       {3s, refused, change::rests, true},
       {6999ms, outcome::cut, none, true},
       {7s, outcome::ok, change::recovered},
       {7s, refused, none}});
}

CAF_TEST(a rest ends early when something answers) {
  run({{0s, refused, none},
       {0s, refused, none},
       {0s, refused, change::rests, true},
       {1ms, outcome::ok, change::recovered, false}});
}

CAF_TEST(a rest has a longest time) {
  target_health uut;
  auto now = start;
  for (int i = 0; i < 20; ++i) {
    uut.note(refused, now);
    now += uut.pause();
  }
  CAF_CHECK(uut.pause() == target_rest{}.longest);
}

CAF_TEST(the last one left is never left out) {
  struct row {
    std::array<bool, 3> usable;
    std::array<bool, 3> rests;
    std::array<bool, 3> left;
  };
  const std::vector<row> rows{
    {{true, true, true}, {false, false, false}, {true, true, true}},
    {{true, true, true}, {true, false, false}, {false, true, true}},
    {{true, true, true}, {true, true, false}, {false, false, true}},
    {{true, true, true}, {true, true, true}, {true, true, true}},
    {{true, false, true}, {true, false, true}, {true, false, true}},
    {{false, false, false}, {false, false, false}, {false, false, false}},
  };
  for (const auto& [usable, rests, left] : rows) {
    std::array<choice_view, 3> choices;
    for (size_t i = 0; i < 3; ++i) {
      choices[i].usable = usable[i];
      choices[i].rests = rests[i];
    }
    leave_out_resting(choices);
    for (size_t i = 0; i < 3; ++i)
      CAF_CHECK_EQUAL(choices[i].usable, left[i]);
  }
}

CAF_TEST(each mapping is watched by itself and only while it refuses) {
  target_watch uut;
  for (int i = 0; i < 3; ++i)
    uut.note(7, refused, start);
  CAF_CHECK(uut.rests(7, start));
  CAF_CHECK(!uut.rests(8, start));
  CAF_CHECK(uut.note(8, outcome::ok, start).change == none);
  const auto back = uut.note(7, outcome::ok, start + 1s);
  CAF_CHECK(back.change == change::recovered);
  CAF_CHECK(!uut.rests(7, start + 1s));
  CAF_CHECK_EQUAL(uut.note(7, refused, start + 1s).refusals, 1u);
}
