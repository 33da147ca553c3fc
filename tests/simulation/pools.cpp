#define CAF_SUITE pools

#include "tests/simulation/world.hpp"
#include "tests/support/peek.hpp"
#include "tests/support/seeds.hpp"
#include "tests/support/test.hpp"

#include <set>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

// As late as a pool may notice that time has passed: its tick, and the steps
// in which the tick's message may lie around.
constexpr auto slack = 1s;

/// What must hold for every pool after every step.
class pool_watch {
 public:
  explicit pool_watch(world& of) : world_(of) {}

  /// After a step, whatever is still under way.
  void look() {
    std::set<exchange_id> leased;
    for (const auto* pool : world_.pools()) {
      hold(peek::size(*pool) <= peek::max_size(*pool), "size <= max");
      for (const auto id : peek::leased(*pool))
        hold(leased.insert(id).second, "an exchange has one lease");
      hold(peek::waiting(*pool, true).size() <= max_waiting, "the queue is bounded");
      look_at_queue(*pool);
    }
    look_at_closed();
  }

  /// When no message and no frame is under way.
  void look_when_quiet() {
    size_t leases = 0;
    for (const auto* pool : world_.pools()) {
      leases += peek::leased(*pool).size() + peek::waiting(*pool).size();
    }
    size_t live = 0;
    for (const auto& one : world_.requests())
      live += !one->what->over();
    hold(leases + world_.parked() == live, "leases == live exchanges");
  }

  std::string wrong;

  static constexpr uint32_t max_waiting = 16;

 private:
  // Nobody overtakes and nobody waits beyond the deadline.
  void look_at_queue(const pool_state& pool) {
    const auto waiting = peek::waiting(pool, true);
    auto& before = queues_[&pool];
    // What is left of the old queue is its end, in the same order.
    size_t i = 0;
    while (i < before.size()
           && (waiting.empty() || before[i] != waiting.front()))
      ++i;
    for (size_t k = 0; i < before.size(); ++i, ++k)
      hold(k < waiting.size() && waiting[k] == before[i], "FIFO order");
    before = waiting;
    if (const auto deadline = peek::first_deadline(pool))
      hold(*deadline + slack >= world_.now(),
           "nobody waits beyond the deadline");
  }

  // The node closes no connection that still carries something.
  void look_at_closed() {
    for (const auto& one : world_.net().connections) {
      if (!one.node_end->closed_by_owner || !seen_.insert(one.node_end).second)
        continue;
      for (const auto* pool : world_.pools())
        for (const auto& member : peek::snapshot(*pool).members)
          if (member.peer == one.node_end->peer())
            hold(member.in_flight == 0, "no connection closes while leased");
    }
  }

  void hold(bool ok, const char* what) {
    if (!ok && wrong.empty())
      wrong = what;
  }

  world& world_;
  std::map<const pool_state*, std::vector<exchange_id>> queues_;
  std::set<std::shared_ptr<sim_link>> seen_;
};

// The pools that lack connections; empty = none does.
std::string below_minimum(world& w) {
  std::string out;
  for (const auto* pool : w.pools()) {
    const auto now = peek::snapshot(*pool);
    if (now.usable < now.min_size)
      out += std::string(to_string(now.transport)) + " has "
             + std::to_string(now.usable) + " ";
  }
  return out;
}

template <class Setup>
void run_seeds(uint32_t count, Setup setup) {
  for (const auto seed : seeds(count)) {
    world_options options;
    options.seed = seed;
    options.requests = 40;
    options.max_body = 600;
    options.tunnel.reconnect_grace = config::seconds{2};
    for (auto* pool :
         {&options.tunnel.pools[index_of(transport_kind::websocket)],
          &options.tunnel.pools[index_of(transport_kind::grpc)]}) {
      pool->pool_size = 2;
      pool->max_pool_size = 4;
      pool->max_requests_per_connection = 3;
      pool->max_waiting = pool_watch::max_waiting;
      pool->acquire_timeout = config::seconds{1};
      pool->idle_timeout = config::seconds{2};
      pool->max_lifetime = config::seconds{6};
      pool->lifetime_grace = config::seconds{0.5};
    }
    setup(options);
    world w{options};
    pool_watch watch{w};
    w.on_step = [&] {
      watch.look();
      if (w.nothing_under_way())
        watch.look_when_quiet();
    };
    const auto ended = w.run();
    if (!ended || !watch.wrong.empty())
      CAF_MESSAGE("seed " << seed << ": "
                          << (ended ? watch.wrong : "did not end"));
    CAF_CHECK(ended);
    CAF_CHECK_EQUAL(watch.wrong, "");
    // Everything heals: every pool that has an agent is back at its size.
    w.on_step = nullptr;
    w.calm_down();
    w.settle(40s);
    watch.look_when_quiet();
    CAF_CHECK_EQUAL(watch.wrong, "");
    CAF_CHECK_EQUAL(w.pool_leases(), 0u);
    // Lifetimes are short: one may just be on its way out, but not for long.
    for (int i = 0; i < 20 && !below_minimum(w).empty(); ++i)
      w.settle(250ms);
    if (const auto what = below_minimum(w); !what.empty())
      CAF_MESSAGE("seed " << seed << ": " << what);
    CAF_CHECK_EQUAL(below_minimum(w), "");
  }
}

} // namespace

CAF_TEST(the_rules_of_pools_hold_at_every_step_without_faults) {
  run_seeds(40, [](world_options& o) { o.cut_rate = 0; });
}

CAF_TEST(the_rules_of_pools_hold_while_connections_die) {
  run_seeds(80, [](world_options& o) { o.cut_rate = 0.004; });
}

CAF_TEST(the_rules_of_pools_hold_with_several_agents) {
  run_seeds(60, [](world_options& o) {
    o.agents = 3;
    o.cut_rate = 0.003;
    o.cancel_rate = 0.01;
  });
}

CAF_TEST(the_rules_of_pools_hold_for_exclusive_leases) {
  run_seeds(40, [](world_options& o) {
    o.tunnel.pools[index_of(transport_kind::websocket)]
      .max_requests_per_connection
      = 1;
    o.tunnel.pools[index_of(transport_kind::grpc)].max_requests_per_connection
      = 1;
    o.cut_rate = 0.002;
    o.blackout_rate = 0.0003;
  });
}
