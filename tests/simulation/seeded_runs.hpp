#pragma once

// Behind CAF_SUITE, as it checks.
#include "tests/simulation/world.hpp"
#include "tests/support/seeds.hpp"
#include "tests/support/test.hpp"

namespace aps::test {

inline std::string expected_reply(const sim_request& one) {
  return std::string(one.question.rbegin(), one.question.rend()) + "#"
         + std::to_string(one.what->id());
}

/// What must hold after every run, whatever happened in it.
inline void check_invariants(world& w, uint32_t seed, bool agent_reachable,
                             config::seconds resume_time) {
  for (const auto& one : w.requests()) {
    const auto runs = w.executions().count(one->what->id())
                        ? w.executions().at(one->what->id())
                        : 0;
    if (one->cancelled) {
      CAF_CHECK_LESS_OR_EQUAL(runs, 1);
      CAF_CHECK_EQUAL(one->ends, 0);
      continue;
    }
    if (one->failure && agent_reachable)
      CAF_MESSAGE("seed " << seed << ": request failed with "
                          << std::string(to_string(*one->failure)));
    CAF_CHECK_EQUAL(one->ends, 1);
    CAF_CHECK_LESS_OR_EQUAL(runs, 1);
    if (agent_reachable) {
      CAF_CHECK(!one->failure);
      CAF_CHECK_EQUAL(runs, 1);
    }
    if (!one->failure) {
      CAF_CHECK_EQUAL(one->heads, 2);
      CAF_CHECK(one->body == expected_reply(*one));
    }
  }
  w.calm_down();
  w.settle(to_duration(resume_time) + std::chrono::seconds(15));
  CAF_CHECK_EQUAL(w.agent_table(), 0u);
  CAF_CHECK_EQUAL(w.pool_leases(), 0u);
}

/// Worlds of `count` seeds, each as `setup` changes its options, until all is
/// answered; `agent_reachable`: no request may fail.
template <class Setup>
void run_seeds(uint32_t count, bool agent_reachable, Setup setup) {
  for (const auto seed : seeds(count)) {
    world_options options;
    options.seed = seed;
    // Long enough for the slowest redial of a run.
    options.tunnel.reconnect_grace = config::seconds{60};
    options.tunnel.pools[index_of(transport_kind::websocket)].acquire_timeout
      = config::seconds{60};
    options.tunnel.pools[index_of(transport_kind::grpc)].acquire_timeout
      = config::seconds{60};
    options.tunnel.resume_time = config::seconds{90};
    setup(options);
    world w{options};
    const auto ended = w.run();
    if (!ended)
      CAF_MESSAGE("seed " << seed << " did not come to an end");
    CAF_CHECK(ended);
    check_invariants(w, seed, agent_reachable, options.tunnel.resume_time);
  }
}

} // namespace aps::test
