#define CAF_SUITE instances

#include "actors/policy/instances.hpp"

#include "tests/support/test.hpp"

#include <set>

using namespace aps;

namespace {

/// A register and the sessions that have connections.
struct script {
  instance_register uut;
  std::set<session_id> live;

  instance_register::verdict dial(uint8_t session, uint64_t started_ms) {
    auto out = uut.admit("one", {{session}, started_ms},
                         [this](const session_id& id) {
                           return live.contains(id);
                         });
    for (const auto& gone : out.replaced)
      live.erase(gone);
    if (out.welcome)
      live.insert({session});
    return out;
  }
};

} // namespace

CAF_TEST(a_restarted_agent_replaces_its_former_life) {
  script it;
  CAF_CHECK(it.dial(1, 100).welcome);
  const auto next = it.dial(2, 200);
  CAF_CHECK(next.welcome && !next.twin);
  CAF_REQUIRE_EQUAL(next.replaced.size(), 1u);
  CAF_CHECK(next.replaced[0] == session_id{1});
  // Also when its connections were found dead before.
  it.live.clear();
  CAF_CHECK_EQUAL(it.dial(3, 300).replaced.size(), 1u);
}

CAF_TEST(a_hello_of_a_former_life_that_comes_late_is_refused) {
  script it;
  CAF_CHECK(it.dial(2, 200).welcome);
  CAF_CHECK(!it.dial(1, 100).welcome);
  CAF_CHECK(it.live == std::set<session_id>{{2}});
}

CAF_TEST(one_that_was_replaced_and_dials_again_lives_and_may_stay) {
  script it;
  it.dial(1, 100);
  it.dial(2, 200);
  const auto back = it.dial(1, 100);
  CAF_CHECK(back.welcome && back.twin && back.replaced.empty());
  CAF_CHECK_EQUAL(it.live.size(), 2u);
  // From now on none of them is replaced, however often they dial.
  for (uint8_t session : {2, 1, 2, 1}) {
    const auto verdict = it.dial(session, session * 100u);
    CAF_CHECK(verdict.welcome && !verdict.twin && verdict.replaced.empty());
  }
  CAF_CHECK(it.dial(3, 300).replaced.empty());
  // When all of them are gone, it starts over.
  it.live.clear();
  it.dial(4, 400);
  CAF_CHECK_EQUAL(it.dial(5, 500).replaced.size(), 1u);
}

CAF_TEST(clones_whose_elder_comes_second_both_stay) {
  script it;
  it.dial(2, 200);
  CAF_CHECK(!it.dial(1, 100).welcome);
  const auto again = it.dial(1, 100);
  CAF_CHECK(again.welcome && again.twin);
  CAF_CHECK_EQUAL(it.live.size(), 2u);
}

CAF_TEST(what_is_remembered_is_bounded) {
  instance_register uut;
  for (int i = 0; i < 2000; ++i)
    uut.admit("agent " + std::to_string(i), {{1}, 1},
              [](const session_id&) { return true; });
  CAF_CHECK_EQUAL(uut.size(), instance_register::max_instances);
}
