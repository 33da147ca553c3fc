#define CAF_SUITE drains

#include "tests/support/test.hpp"

#include "actors/base/drains.hpp"
#include "actors/policy/balance.hpp"

using namespace aps;

CAF_TEST(each change has a version of its own) {
  drain_register drains;
  const auto app = drain_register::endpoint("tunnel", "app");
  CAF_CHECK_EQUAL(drains.version(), 0u);
  CAF_CHECK(drains.add(app));
  CAF_CHECK_EQUAL(drains.version(), 1u);
  CAF_CHECK(drains.add(app)); // no change
  CAF_CHECK_EQUAL(drains.version(), 1u);
  CAF_CHECK(drains.contains(app));
  drains.remove(app);
  CAF_CHECK_EQUAL(drains.version(), 2u);
  CAF_CHECK(!drains.contains(app));
  drains.remove(app);
  CAF_CHECK_EQUAL(drains.version(), 2u);
}

CAF_TEST(names of different things do not meet) {
  drain_register drains;
  drains.add(drain_register::endpoint("a", "b.c"));
  CAF_CHECK(!drains.contains(drain_register::endpoint("a.b", "c")));
  CAF_CHECK(!drains.contains(drain_register::session("a")));
  const session_id id{1, 2, 3};
  drains.add(drain_register::session(id));
  CAF_CHECK(drains.contains(drain_register::session(to_hex(id))));
}

CAF_TEST(the register has a limit) {
  drain_register drains;
  for (size_t i = 0; i < drain_register::max_entries; ++i)
    CAF_CHECK(drains.add(drain_register::session(std::to_string(i))));
  CAF_CHECK(!drains.add(drain_register::session("more")));
  CAF_CHECK(drains.add(drain_register::session("0")));
  drains.remove(drain_register::session("0"));
  CAF_CHECK(drains.add(drain_register::session("more")));
}

CAF_TEST(a drained member gets what has its session and nothing new) {
  std::vector<member_view> members(2);
  members[0].session = 1;
  members[1].session = 2;
  for (const auto how :
       {config::balance::least_loaded, config::balance::round_robin,
        config::balance::latency, config::balance::random,
        config::balance::sticky}) {
    for (uint64_t turn = 0; turn < 8; ++turn) {
      members[0].drained = true;
      members[1].drained = false;
      CAF_CHECK_EQUAL(
        choose_member(members, 64, {how, turn}, turn, mix(turn)), 1u);
      members[1].drained = true;
      CAF_CHECK_EQUAL(
        choose_member(members, 64, {how, turn}, turn, mix(turn)), no_member);
    }
  }
  CAF_CHECK_EQUAL(choose_in_session(members, 64, 1, true), 0u);
  CAF_CHECK(members[0].usable()); // it counts for the size of its pool
}
