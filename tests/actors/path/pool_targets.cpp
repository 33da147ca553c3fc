#define CAF_SUITE pool_targets

// Agents whose target fails, and checks of targets, in one pool.
#include "tests/actors/pool_script.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

config::health_check at_once() {
  config::health_check out;
  out.fall = 1;
  out.rise = 1;
  return out;
}

} // namespace

CAF_TEST(an_agent_whose_target_fails_is_asked_for_want_of_others) {
  pool_script it{small_pool()};
  it.dial(2, 1);
  it.dial(1, 2);
  const auto targets = std::make_shared<target_watch>();
  targets->check({0, {1}}, false, at_once(), "HTTP 500");
  std::vector<exchange_id> all;
  for (int i = 0; i < 2; ++i) {
    all.push_back(it.request_of(targets));
    CAF_REQUIRE(it.carrier(all.back()));
    CAF_CHECK(it.carrier(all.back())->session == session_id{2});
  }
  // The other is full: it waits for that one.
  const auto waits = it.request_of(targets);
  CAF_CHECK(!it.carrier(waits));
  it.finish(*it.carrier(all[0]), all[0]);
  CAF_REQUIRE(it.carrier(waits));
  CAF_CHECK(it.carrier(waits)->session == session_id{2});
  // With all of them down the first is as good as the second.
  targets->check({0, {2}}, false, at_once(), "HTTP 500");
  const auto last = it.request_of(targets);
  CAF_REQUIRE(it.carrier(last));
  CAF_CHECK(it.carrier(last)->session == session_id{1});
}

CAF_TEST(refusals_count_for_the_agent_that_met_them) {
  pool_script it{small_pool()};
  it.dial(1, 1);
  it.dial(1, 2);
  const auto targets = std::make_shared<target_watch>();
  for (int i = 0; i < 6; ++i) {
    const auto id = it.request_of(targets);
    const auto* by = it.carrier(id);
    CAF_REQUIRE(by);
    it.finish(*by, id,
              by->session == session_id{1} ? outcome::origin_refused
                                           : outcome::ok);
  }
  CAF_CHECK(targets->rests({0, {1}}, it.now()));
  CAF_CHECK(!targets->rests({0, {2}}, it.now()));
  CAF_CHECK_EQUAL(it.count(event_kind::target_rests), 1u);
}

CAF_TEST(a_check_takes_a_free_place_of_its_agent_or_none) {
  pool_script it{small_pool()};
  const auto lines = it.dial(1, 1);
  it.dial(1, 2);
  const auto checked = it.check(1);
  CAF_REQUIRE(it.carrier(checked));
  CAF_CHECK(it.carrier(checked)->session == session_id{1});
  CAF_CHECK_EQUAL(it.look().leases, 1u);
  CAF_CHECK_EQUAL(it.look().leased_total, 0u);
  it.finish(*it.carrier(checked), checked);
  CAF_CHECK_EQUAL(it.look().leases, 0u);
  // Both places of its agent are taken.
  const auto x = it.request(1);
  const auto y = it.request(1);
  CAF_CHECK(it.failure(it.check(1)) == outcome::pool_exhausted);
  CAF_CHECK(it.carrier(it.check(2)));
  it.finish(*it.carrier(x), x);
  it.finish(*it.carrier(y), y);
  CAF_CHECK(it.carrier(it.check(1)));
  CAF_CHECK(it.failure(it.check(7)) == outcome::pool_exhausted); // nobody
}

CAF_TEST(a_check_waits_behind_nobody_and_nobody_behind_it) {
  auto settings = small_pool();
  settings.max_requests_per_connection = 1;
  settings.max_pool_size = settings.pool_size = 1;
  pool_script it{settings};
  it.dial(1, 1);
  const auto checked = it.check(1);
  const auto first = it.request();
  CAF_CHECK(!it.carrier(first)); // for the moment
  it.finish(*it.carrier(checked), checked);
  CAF_CHECK(it.carrier(first));
  const auto second = it.request();
  CAF_CHECK(it.failure(it.check(1)) == outcome::pool_exhausted);
  CAF_CHECK(!it.failure(second));
}

CAF_TEST(a_check_ends_with_its_connection_and_moves_nowhere) {
  pool_script it{small_pool()};
  const auto lines = it.dial(2, 1);
  const auto checked = it.check(1);
  const auto request = it.request(1);
  it.lose(*it.carrier(checked));
  CAF_CHECK(it.failure(checked) == outcome::cut);
  for (const auto& orphans : it.told->orphans)
    for (const auto& one : orphans.jobs)
      CAF_CHECK_EQUAL(one.exchange->id(), request);
}

CAF_TEST(failing_checks_do_not_eject_a_connection) {
  pool_script it{small_pool()};
  it.dial(2, 1);
  for (int i = 0; i < 10; ++i) {
    const auto checked = it.check(1);
    it.finish(*it.carrier(checked), checked, outcome::internal);
  }
  it.pass(1s);
  CAF_CHECK_EQUAL(it.count(event_kind::connection_ejected), 0u);
}
