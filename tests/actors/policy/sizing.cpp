#define CAF_SUITE sizing

#include "actors/policy/sizing.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point now{100h};

sizing_settings settings(uint32_t min, uint32_t max, uint32_t leases = 4) {
  sizing_settings out;
  out.min_size = min;
  out.max_size = max;
  out.max_leases = leases;
  return out;
}

member_view member(uint32_t leases, duration age = 1min,
                   duration unused = 0s) {
  member_view out;
  out.leases = leases;
  out.opened = now - age;
  out.last_used = now - unused;
  return out;
}

using members = std::vector<member_view>;

} // namespace

CAF_TEST(the_minimum_is_asked_for_once) {
  CAF_CHECK_EQUAL(plan_size(settings(5, 10), members{}, 0, 0, now).open, 5u);
  CAF_CHECK_EQUAL(plan_size(settings(5, 10), members{}, 0, 5, now).open, 0u);
  CAF_CHECK_EQUAL(
    plan_size(settings(5, 10), members{member(0)}, 0, 1, now).open, 3u);
}

CAF_TEST(growth_is_proportional_to_the_need_and_never_passes_the_maximum) {
  const members full(3, member(4));
  CAF_CHECK_EQUAL(plan_size(settings(3, 10), full, 1, 0, now).open, 1u);
  CAF_CHECK_EQUAL(plan_size(settings(3, 10), full, 9, 0, now).open, 3u);
  CAF_CHECK_EQUAL(plan_size(settings(3, 10), full, 9, 2, now).open, 1u);
  CAF_CHECK_EQUAL(plan_size(settings(3, 10), full, 900, 0, now).open, 7u);
  CAF_CHECK_EQUAL(plan_size(settings(3, 3), full, 900, 0, now).open, 0u);
}

CAF_TEST(idle_members_above_the_minimum_close) {
  members some{member(0, 1h, 6min), member(0, 1h, 6min), member(1, 1h, 6min),
               member(0, 1h, 1min)};
  auto lively = settings(3, 10);
  lively.max_lifetime = 10h;
  CAF_CHECK_EQUAL(plan_size(lively, some, 0, 0, now).idle.size(), 1u);
  lively.min_size = 1;
  CAF_CHECK_EQUAL(plan_size(lively, some, 0, 0, now).idle.size(), 2u);
  CAF_CHECK_EQUAL(plan_size(lively, some, 5, 0, now).idle.size(), 0u);
}

CAF_TEST(aged_members_are_replaced_before_they_go) {
  auto uut = settings(2, 10);
  members some{member(1, 31min), member(0, 1min)};
  auto plan = plan_size(uut, some, 0, 0, now);
  CAF_CHECK_EQUAL(plan.open, 1u);
  CAF_CHECK_EQUAL(plan.expired.size(), 0u);
  some.push_back(member(0, 0s));
  plan = plan_size(uut, some, 0, 0, now);
  CAF_CHECK_EQUAL(plan.open, 0u);
  CAF_REQUIRE_EQUAL(plan.expired.size(), 1u);
  CAF_CHECK_EQUAL(plan.expired[0], 0u);
}

CAF_TEST(a_full_pool_drains_one_aged_member_at_a_time) {
  members some(4, member(0, 40min));
  const auto plan = plan_size(settings(4, 4), some, 0, 0, now);
  CAF_CHECK_EQUAL(plan.open, 0u);
  CAF_CHECK_EQUAL(plan.expired.size(), 1u);
}

CAF_TEST(jitter_spreads_the_end_of_life) {
  auto early = member(0, 28min);
  early.jitter = -1;
  auto late = member(0, 32min);
  late.jitter = 1;
  members some{early, late, member(0), member(0)};
  const auto plan = plan_size(settings(2, 10), some, 0, 0, now);
  CAF_REQUIRE_EQUAL(plan.expired.size(), 1u);
  CAF_CHECK_EQUAL(plan.expired[0], 0u);
}

CAF_TEST(the_better_of_two_gets_the_request) {
  members some{member(3), member(1), member(4)};
  const auto uut = settings(1, 10);
  CAF_CHECK_EQUAL(choose_member(uut, some, 0, 1), 1u);
  CAF_CHECK_EQUAL(choose_member(uut, some, 2, 2), 0u); // 2 is full
  some[1].rtt = 100ms;
  CAF_CHECK_EQUAL(choose_member(uut, some, 0, 1), 0u);
}

CAF_TEST(full_and_draining_members_get_nothing) {
  members some{member(4), member(4)};
  const auto uut = settings(1, 10);
  CAF_CHECK_EQUAL(choose_member(uut, some, 0, 1), no_member);
  some.push_back(member(0));
  some[2].draining = true;
  CAF_CHECK_EQUAL(choose_member(uut, some, 2, 2), no_member);
  CAF_CHECK_EQUAL(choose_member(uut, members{}, 0, 0), no_member);
}
