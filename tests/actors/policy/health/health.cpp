#define CAF_SUITE health

#include "actors/policy/health/health.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

member_view member(duration rtt, double penalty = 1) {
  member_view out;
  out.rtt = rtt;
  out.penalty = penalty;
  return out;
}

using members = std::vector<member_view>;
using views = std::vector<ejection_view>;

} // namespace

CAF_TEST(a_fading_count_halves_every_thirty_seconds) {
  fading_count uut;
  CAF_CHECK_EQUAL(uut.value(start), 0.0);
  uut.add(start);
  uut.add(start);
  CAF_CHECK_EQUAL(uut.value(start), 2.0);
  CAF_CHECK(std::abs(uut.value(start + 30s) - 1) < 0.001);
  uut.add(start + 30s);
  CAF_CHECK(std::abs(uut.value(start + 60s) - 1) < 0.001);
  CAF_CHECK_EQUAL(uut.value(start + 1h), 0.0);
}

CAF_TEST(each_term_makes_the_score_worse) {
  const health_terms fine{};
  CAF_CHECK_EQUAL(fine.score(), 1.0);
  for (const auto& worse :
       {health_terms{0, 1, 0, 0, 0}, health_terms{0, 0, 1, 0, 0},
        health_terms{0, 0, 0, 1, 0}})
    CAF_CHECK(worse.score() < fine.score());
}

CAF_TEST(only_failures_of_the_connection_count_against_it) {
  for (const auto how : {outcome::ok, outcome::origin_refused,
                         outcome::origin_timeout, outcome::visitor_gone,
                         outcome::first_byte_timeout, outcome::body_timeout})
    CAF_CHECK(!is_connection_failure(how));
  for (const auto how : {outcome::cut, outcome::not_sent, outcome::internal,
                         outcome::started_unknown})
    CAF_CHECK(is_connection_failure(how));
}

CAF_TEST(only_who_fails_or_is_slow_and_in_use_may_be_sick) {
  const ejection_settings how;
  CAF_CHECK(!may_be_sick(how, member(200ms), 2.5));
  CAF_CHECK(may_be_sick(how, member(201ms), 0));
  CAF_CHECK(may_be_sick(how, member(1ms), 2.6));
  auto gone = member(1s);
  gone.draining = true;
  CAF_CHECK(!may_be_sick(how, gone, 9));
  gone.draining = false;
  gone.ejected = true;
  CAF_CHECK(!may_be_sick(how, gone, 9));
}

CAF_TEST(failures_eject_for_a_time_that_doubles) {
  const ejection_settings how;
  const members some(4, member(1ms));
  CAF_CHECK(plan_ejections(how, some, views(4)).empty());
  CAF_CHECK(plan_ejections(how, some, views{{2.4, 0}, {}, {}, {}}).empty());
  for (const auto& [before, time] : std::vector<std::pair<uint32_t, duration>>{
         {0, 10s}, {1, 20s}, {4, 160s}, {9, 300s}}) {
    const auto out
      = plan_ejections(how, some, views{{}, {2.9, before}, {}, {}});
    CAF_REQUIRE_EQUAL(out.size(), 1u);
    CAF_CHECK_EQUAL(out[0].member, 1u);
    CAF_CHECK(out[0].time == time);
    CAF_CHECK_EQUAL(out[0].reason, "failures");
  }
}

CAF_TEST(a_connection_far_slower_than_the_others_is_sick) {
  const ejection_settings how;
  CAF_CHECK(plan_ejections(how,
                           members{member(1ms), member(1ms), member(150ms)},
                           views(3))
              .empty()); // below the floor
  const members some{member(10ms), member(12ms), member(250ms)};
  const auto out = plan_ejections(how, some, views(3));
  CAF_REQUIRE_EQUAL(out.size(), 1u);
  CAF_CHECK_EQUAL(out[0].member, 2u);
  CAF_CHECK_EQUAL(out[0].reason, "latency");
  // All of them far away is nobody's fault.
  CAF_CHECK(plan_ejections(how, members(3, member(400ms)), views(3)).empty());
  CAF_CHECK(!readmits(how, some, 2, 300ms));
  CAF_CHECK(readmits(how, some, 2, 40ms));
}

CAF_TEST(the_sickest_go_first_up_to_the_cap_and_never_the_last) {
  const ejection_settings how;
  members some(4, member(1ms));
  some[0].penalty = 5;
  some[3].penalty = 9;
  const views sick(4, ejection_view{5, 0});
  auto out = plan_ejections(how, some, sick);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK_EQUAL(out[0].member, 3u);
  CAF_CHECK_EQUAL(out[1].member, 0u);
  some[3].ejected = true;
  CAF_CHECK_EQUAL(plan_ejections(how, some, sick).size(), 1u);
  some[0].ejected = true;
  CAF_CHECK(plan_ejections(how, some, sick).empty());
  auto all = how;
  all.max_share = 1;
  CAF_CHECK_EQUAL(plan_ejections(all, some, sick).size(), 1u);
  CAF_CHECK(
    plan_ejections(all, members(1, member(1ms)), views{{9, 0}}).empty());
  auto none = how;
  none.max_share = 0;
  CAF_CHECK(plan_ejections(none, members(4, member(1ms)), sick).empty());
}
