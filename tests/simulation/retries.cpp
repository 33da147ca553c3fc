#define CAF_SUITE retries

#include "tests/simulation/seeded_runs.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

config::retry rule_of(uint32_t attempts, uint32_t budget = 100) {
  config::retry out;
  out.attempts = attempts;
  out.budget = budget;
  return out;
}

/// Three endpoints whose targets are sick now and then.
template <class Check>
void run_retries(uint32_t count, const config::retry& rule,
                 const std::function<void(world_options&)>& setup,
                 Check check) {
  for (const auto seed : seeds(count)) {
    world_options options;
    options.seed = seed;
    options.agents = 3;
    options.apart = true;
    options.retry = rule;
    options.sick_rate = 0.4;
    options.cut_rate = 0;
    options.tunnel.reconnect_grace = config::seconds{60};
    options.tunnel.resume_time = config::seconds{90};
    for (const auto kind : options.transports)
      options.tunnel.pools[index_of(kind)].acquire_timeout
        = config::seconds{60};
    setup(options);
    world w{options};
    CAF_MESSAGE("seed " << seed);
    CAF_CHECK(w.run());
    for (const auto& one : w.requests())
      check(w, *one);
    // Whatever happened, no endpoint had it twice.
    for (const auto& [place, runs] : w.executions_by_endpoint())
      CAF_CHECK_LESS_OR_EQUAL(runs, 1);
    w.calm_down();
    w.settle(std::chrono::seconds(110));
    CAF_CHECK_EQUAL(w.agent_table(), 0u);
    CAF_CHECK_EQUAL(w.pool_leases(), 0u);
  }
}

int runs_of(const world& w, const sim_request& one) {
  const auto found = w.executions().find(one.what->id());
  return found == w.executions().end() ? 0 : found->second;
}

} // namespace

CAF_TEST(a visitor gets one answer and a good one where there is any) {
  int again = 0;
  run_retries(
    30, rule_of(3), [](world_options&) {},
    [&](const world& w, const sim_request& one) {
      const auto runs = runs_of(w, one);
      CAF_CHECK_EQUAL(one.ends, 1);
      CAF_CHECK_EQUAL(one.heads, 1);
      CAF_CHECK(!one.failure);
      CAF_CHECK(one.body == expected_reply(one));
      // What is not idempotent is executed once.
      CAF_CHECK_LESS_OR_EQUAL(runs, one.question.empty() ? 3 : 1);
      if (one.question.empty() && one.status == 503)
        CAF_CHECK_EQUAL(runs, 3);
      CAF_CHECK_EQUAL(one.what->round(), uint32_t(runs - 1));
      again += runs > 1;
    });
  CAF_CHECK(again > 0);
}

CAF_TEST(retries survive the death of connections) {
  run_retries(
    30, rule_of(3),
    [](world_options& o) {
      o.cut_rate = 0.003;
      o.abandon_rate = 0.001;
    },
    [](const world& w, const sim_request& one) {
      CAF_CHECK_EQUAL(one.ends, 1);
      CAF_CHECK(!one.failure);
      CAF_CHECK(one.body == expected_reply(one));
      if (!one.question.empty())
        CAF_CHECK_LESS_OR_EQUAL(runs_of(w, one), 1);
    });
}

CAF_TEST(visitors that leave between two rounds leave nothing behind) {
  run_retries(
    20, rule_of(3),
    [](world_options& o) {
      o.cancel_rate = 0.02;
      o.cut_rate = 0.002;
    },
    [](const world&, const sim_request& one) {
      CAF_CHECK_LESS_OR_EQUAL(one.ends, 1);
      CAF_CHECK(one.cancelled || one.ends == 1);
    });
}

CAF_TEST(without a budget nobody is asked again) {
  run_retries(
    5, rule_of(3, 0), [](world_options&) {},
    [](const world& w, const sim_request& one) {
      CAF_CHECK_EQUAL(runs_of(w, one), 1);
      CAF_CHECK_EQUAL(one.what->round(), 0u);
    });
}
