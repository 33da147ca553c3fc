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

member_view draining(uint32_t leases) {
  auto out = member(leases);
  out.draining = true;
  return out;
}

member_view ejected(uint32_t leases, duration unused = 0s) {
  auto out = member(leases, 1min, unused);
  out.ejected = true;
  return out;
}

using members = std::vector<member_view>;
using indices = std::vector<size_t>;

sizing_plan plan(const sizing_settings& how, const members& some,
                 uint32_t waiting = 0, uint32_t asked = 0,
                 std::optional<time_point> surplus_since = {}) {
  return plan_size(how, {some, waiting, asked, now, surplus_since});
}

} // namespace

CAF_TEST(the_minimum_is_asked_for_once) {
  CAF_CHECK_EQUAL(plan(settings(5, 10), {}).open, 5u);
  CAF_CHECK_EQUAL(plan(settings(5, 10), {}, 0, 5).open, 0u);
  CAF_CHECK_EQUAL(plan(settings(5, 10), {member(0)}, 0, 1).open, 3u);
  CAF_CHECK_EQUAL(plan(settings(0, 10), {}).open, 0u);
  CAF_CHECK_EQUAL(plan(settings(5, 10), {}).utilization, 0.0);
}

CAF_TEST(growth_follows_the_need_in_one_step) {
  struct row {
    uint32_t leases; // of each of three members with four places
    uint32_t waiting;
    uint32_t asked;
    uint32_t target;
    uint32_t open;
    const char* reason;
  };
  // 12 places, target 70 %: more than 8 in use are too many.
  const row table[]{
    {0, 0, 0, 3, 0, "minimum"},
    {2, 0, 0, 3, 0, "minimum"},
    {3, 0, 0, 4, 1, "utilization above target"},
    {4, 0, 0, 5, 2, "utilization above target"},
    {4, 1, 0, 5, 2, "requests wait"},
    {4, 9, 0, 8, 5, "requests wait"},
    {4, 9, 2, 8, 3, "requests wait"},
    {4, 900, 0, 10, 7, "requests wait"},
    {4, 900, 7, 10, 0, "requests wait"},
  };
  for (const auto& one : table) {
    const auto out = plan(settings(3, 10), members(3, member(one.leases)),
                          one.waiting, one.asked);
    CAF_CHECK_EQUAL(out.target_size, one.target);
    CAF_CHECK_EQUAL(out.open, one.open);
    CAF_CHECK_EQUAL(out.reason, one.reason);
  }
}

CAF_TEST(the_maximum_counts_everyone) {
  const members some{member(4), member(4), draining(1), ejected(0)};
  CAF_CHECK_EQUAL(plan(settings(2, 5), some, 50).open, 1u);
  CAF_CHECK_EQUAL(plan(settings(2, 5), some, 50, 1).open, 0u);
  CAF_CHECK_EQUAL(plan(settings(2, 4), some, 50).open, 0u);
  // After the maximum was lowered.
  CAF_CHECK_EQUAL(plan(settings(2, 3), some, 50).open, 0u);
}

CAF_TEST(ejected_and_draining_members_are_replaced_below_the_minimum) {
  CAF_CHECK_EQUAL(plan(settings(3, 10), {member(0), ejected(0)}).open, 2u);
  CAF_CHECK_EQUAL(plan(settings(3, 10), {member(0), draining(9)}).open, 2u);
}

CAF_TEST(between_target_and_hysteresis_the_size_stays) {
  // Five members of four places: 10 in use keep 5 (40 %: ceil(10/1.6) = 7).
  auto some = members(5, member(2, 1min, 10min));
  auto out = plan(settings(3, 10), some, 0, 0, now - 1h);
  CAF_CHECK_EQUAL(out.target_size, 5u);
  CAF_CHECK(!out.surplus);
  CAF_CHECK(out.idle.empty());
  // With 5 in use four are enough.
  some = members(5, member(1, 1min, 10min));
  out = plan(settings(3, 10), some, 0, 0, now - 1h);
  CAF_CHECK_EQUAL(out.target_size, 4u);
  CAF_CHECK(out.surplus);
  CAF_CHECK_EQUAL(out.idle.size(), 1u);
  CAF_CHECK_EQUAL(out.reason, "utilization below target");
}

CAF_TEST(idle_members_above_the_minimum_close) {
  const members some{member(0, 10min, 6min), member(0, 10min, 6min),
                     member(1, 10min, 6min), member(0, 10min, 1min)};
  CAF_CHECK_EQUAL(plan(settings(3, 10), some).idle.size(), 1u);
  CAF_CHECK_EQUAL(plan(settings(1, 10), some).idle, (indices{0, 1}));
  CAF_CHECK(plan(settings(1, 10), some, 5).idle.empty());
  CAF_CHECK(plan(settings(4, 10), some).idle.empty());
}

CAF_TEST(a_pool_that_was_too_large_for_long_shrinks_under_light_load) {
  // Round and round: none of them is ever idle for long.
  const members busy(6, member(0, 10min, 1s));
  CAF_CHECK(plan(settings(2, 10), busy).idle.empty());
  CAF_CHECK(plan(settings(2, 10), busy, 0, 0, now - 4min).idle.empty());
  CAF_CHECK_EQUAL(plan(settings(2, 10), busy, 0, 0, now - 5min).idle.size(),
                  4u);
}

CAF_TEST(the_least_healthy_closes_first_and_the_ejected_before_all) {
  members some(4, member(0, 10min, 6min));
  some[1].penalty = 2;
  some[2].penalty = 3;
  CAF_CHECK_EQUAL(plan(settings(2, 10), some).idle, (indices{2, 1}));
  some[3] = ejected(0, 6min);
  CAF_CHECK_EQUAL(plan(settings(2, 10), some).idle, (indices{3, 2}));
}

CAF_TEST(the_last_connection_of_an_agent_stays) {
  members some(4, member(0, 10min, 6min));
  some[0].session = 1;
  some[1].session = 2;
  some[2].session = some[3].session = 3;
  CAF_CHECK_EQUAL(plan(settings(1, 10), some).idle, indices{2});
  some[2] = draining(0);
  CAF_CHECK(plan(settings(1, 10), some).idle.empty());
}

CAF_TEST(aged_members_are_replaced_before_they_go) {
  const auto uut = settings(2, 10);
  members some{member(1, 30min), member(0, 1min)};
  auto out = plan(uut, some);
  CAF_CHECK_EQUAL(out.open, 1u);
  CAF_CHECK(out.expired.empty());
  some.push_back(member(0, 0s));
  out = plan(uut, some);
  CAF_CHECK_EQUAL(out.open, 0u);
  CAF_CHECK_EQUAL(out.expired, indices{0});
}

CAF_TEST(what_expires_does_not_count_when_idle_ones_close) {
  const members some{member(0, 40min, 10min), member(0, 10min, 10min),
                     member(0, 10min, 10min)};
  const auto out = plan(settings(2, 10), some);
  CAF_CHECK_EQUAL(out.expired, indices{0});
  CAF_CHECK(out.idle.empty());
}

CAF_TEST(a_full_pool_drains_one_aged_member_at_a_time) {
  members some(4, member(0, 40min));
  auto out = plan(settings(4, 4), some);
  CAF_CHECK_EQUAL(out.open, 0u);
  CAF_CHECK_EQUAL(out.expired, indices{0});
  some[0] = draining(3);
  CAF_CHECK(plan(settings(4, 4), some).expired.empty());
}

CAF_TEST(jitter_spreads_the_end_of_life) {
  auto early = member(0, 28min);
  early.jitter = -1;
  auto late = member(0, 32min);
  late.jitter = 1;
  const members some{early, late, member(0), member(0)};
  CAF_CHECK_EQUAL(plan(settings(2, 10), some).expired, indices{0});
}
