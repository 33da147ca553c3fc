#define CAF_SUITE target_health

#include "actors/policy/health/target_health.hpp"
#include "actors/policy/timetable.hpp"

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
       {0s, outcome::target_forbidden, change::rests, true},
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
  for (const auto how : {outcome::visitor_gone, outcome::cut, outcome::not_sent,
                         outcome::first_byte_timeout, outcome::origin_closed,
                         outcome::origin_protocol, outcome::pool_exhausted})
    run({{0s, refused, none},
         {0s, how, none},
         {0s, refused, none},
         {0s, how, none},
         {0s, refused, change::rests, true}});
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

CAF_TEST(
  each mapping and agent is watched by itself and only while it refuses) {
  target_watch uut;
  const session_id first{1}, second{2};
  const std::vector both{first, second};
  for (int i = 0; i < 3; ++i)
    uut.note({7, first}, refused, start);
  CAF_CHECK(uut.rests({7, first}, start));
  CAF_CHECK(!uut.rests({8, first}, start));
  CAF_CHECK(!uut.rests({7, second}, start));
  CAF_CHECK(!uut.rests(7, both, start));
  CAF_CHECK(uut.note({8, first}, outcome::ok, start).change == none);
  const auto back = uut.note({7, first}, outcome::ok, start + 1s);
  CAF_CHECK(back.change == change::recovered);
  CAF_CHECK(!uut.rests({7, first}, start + 1s));
  CAF_CHECK_EQUAL(uut.note({7, first}, refused, start + 1s).refusals, 1u);
}

namespace {

struct check_step {
  bool good;
  change expected;
  bool rests = false; ///< afterwards
};

void run_checks(config::health_check rule,
                const std::vector<check_step>& steps) {
  target_health uut;
  for (const auto& [good, expected, rests] : steps) {
    CAF_CHECK(uut.check(good, rule) == expected);
    CAF_CHECK_EQUAL(uut.rests(start), rests);
  }
}

config::health_check thresholds(uint32_t fall, uint32_t rise) {
  config::health_check out;
  out.fall = fall;
  out.rise = rise;
  return out;
}

} // namespace

CAF_TEST(checks take out after fall bad ones and bring back after rise good) {
  run_checks(thresholds(3, 2), {{false, none},
                                {false, none},
                                {true, none}, // the row ends
                                {false, none},
                                {false, none},
                                {false, change::down, true},
                                {false, none, true},
                                {true, none, true},
                                {false, none, true}, // and this one
                                {true, none, true},
                                {true, change::up},
                                {false, none}});
  run_checks(thresholds(1, 1),
             {{true, none}, {false, change::down, true}, {true, change::up}});
}

CAF_TEST(what requests meet does not bring back what checks took out) {
  target_health uut;
  const auto rule = thresholds(1, 1);
  for (int i = 0; i < 3; ++i)
    uut.note(refused, start);
  CAF_CHECK(uut.check(false, rule) == change::down);
  CAF_CHECK(uut.note(outcome::ok, start) == none);
  CAF_CHECK(uut.note(refused, start + 1h) == none);
  CAF_CHECK(uut.rests(start + 1h));
  // Then it is as good as new: no rest is left either.
  CAF_CHECK(uut.check(true, rule) == change::up);
  CAF_CHECK(!uut.rests(start));
  CAF_CHECK(uut.idle());
}

CAF_TEST(a good check does not end a rest) {
  target_health uut;
  for (int i = 0; i < 3; ++i)
    uut.note(refused, start);
  CAF_CHECK(uut.check(true, thresholds(3, 2)) == none);
  CAF_CHECK(uut.rests(start));
}

CAF_TEST(an answer is judged by its status and a failure by whose it is) {
  using verdict = check_verdict;
  struct row {
    outcome how;
    uint16_t status;
    verdict expected;
  };
  const config::health_check usual;
  config::health_check odd;
  odd.expect = {{204, 204}, {400, 499}};
  const auto judged = [](const config::health_check& rule,
                         const std::vector<row>& rows) {
    for (const auto& [how, status, expected] : rows)
      CAF_CHECK_EQUAL(to_string(judge(how, status, rule)), to_string(expected));
  };
  judged(usual, {{outcome::ok, 200, verdict::good},
                 {outcome::ok, 399, verdict::good},
                 {outcome::ok, 400, verdict::bad},
                 {outcome::ok, 500, verdict::bad},
                 {outcome::origin_refused, 0, verdict::bad},
                 {outcome::origin_protocol, 0, verdict::bad},
                 {outcome::target_forbidden, 0, verdict::bad},
                 {outcome::origin_closed, 200, verdict::bad},
                 {outcome::first_byte_timeout, 200, verdict::bad},
                 {outcome::cut, 0, verdict::skipped},
                 {outcome::pool_exhausted, 0, verdict::skipped},
                 {outcome::draining, 0, verdict::skipped},
                 {outcome::no_connection, 0, verdict::skipped}});
  judged(odd, {{outcome::ok, 200, verdict::bad},
               {outcome::ok, 204, verdict::good},
               {outcome::ok, 404, verdict::good}});
}

CAF_TEST(a watch knows who is down and forgets who is gone) {
  target_watch uut;
  const session_id first{1}, second{2};
  const std::vector both{first, second};
  const auto rule = thresholds(1, 1);
  CAF_CHECK(uut.check({0, first}, true, rule, "") == none);
  CAF_CHECK(uut.empty());
  CAF_CHECK(uut.check({0, first}, false, rule, "HTTP 500") == change::down);
  CAF_CHECK(!uut.rests(0, both, start));
  CAF_CHECK(uut.check({0, second}, false, rule, "HTTP 404") == change::down);
  CAF_CHECK(uut.rests(0, both, start));
  CAF_CHECK(!uut.rests(0, {}, start));
  const auto listed = uut.list(start);
  CAF_REQUIRE_EQUAL(listed.size(), 2u);
  CAF_CHECK(listed[0].down);
  CAF_CHECK_EQUAL(listed[0].reason, "HTTP 500");
  CAF_CHECK(uut.lift({0, second}));
  CAF_CHECK(!uut.lift({0, second}));
  CAF_CHECK(!uut.rests({0, second}, start));
  uut.keep(std::vector{second});
  CAF_CHECK(uut.empty());
}

CAF_TEST(a watch forgets mappings that are gone) {
  target_watch uut;
  const session_id agent{1};
  const auto rule = thresholds(1, 1);
  uut.check({1, agent}, false, rule, "");
  uut.check({2, agent}, false, rule, "");
  uut.keep_if([](uint64_t mapping) { return mapping == 2; });
  CAF_CHECK(!uut.rests({1, agent}, start));
  CAF_CHECK(uut.rests({2, agent}, start));
  uut.keep_if([](uint64_t) { return false; });
  CAF_CHECK(uut.empty());
}

CAF_TEST(a timetable gives what is due in its order) {
  timetable<int> uut;
  CAF_CHECK(!uut.due());
  uut.set(1, start + 3s);
  uut.set(2, start + 1s);
  uut.set(3, start + 2s);
  uut.set(2, start + 5s); // instead
  CAF_CHECK(*uut.due() == start + 2s);
  CAF_CHECK(!uut.take(start + 1s));
  CAF_CHECK_EQUAL(*uut.take(start + 3s), 3);
  CAF_CHECK_EQUAL(*uut.take(start + 3s), 1);
  CAF_CHECK(!uut.take(start + 3s));
  uut.erase(2);
  uut.erase(2);
  CAF_CHECK_EQUAL(uut.size(), 0u);
}
