#define CAF_SUITE survival

#include "tests/simulation/seeded_runs.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST(without_faults_everything_is_answered) {
  run_seeds(10, true, [](world_options& o) { o.cut_rate = 0; });
}

CAF_TEST(requests_survive_the_death_of_their_connections) {
  run_seeds(60, true, [](world_options& o) { o.cut_rate = 0.003; });
}

CAF_TEST(requests_survive_on_one_transport_alone) {
  run_seeds(20, true, [](world_options& o) {
    o.transports = {transport_kind::websocket};
    o.cut_rate = 0.003;
  });
  run_seeds(20, true, [](world_options& o) {
    o.transports = {transport_kind::grpc};
    o.cut_rate = 0.003;
  });
}

CAF_TEST(requests_stay_with_the_agent_that_has_them) {
  run_seeds(30, true, [](world_options& o) {
    o.agents = 2;
    o.cut_rate = 0.004;
  });
}

CAF_TEST(requests_survive_transports_that_vanish_and_return) {
  run_seeds(30, true, [](world_options& o) {
    o.cut_rate = 0.001;
    o.blackout_rate = 0.0005;
  });
}

CAF_TEST(requests_survive_links_that_stall_and_deliver_late) {
  run_seeds(30, true, [](world_options& o) {
    o.cut_rate = 0;
    o.abandon_rate = 0.003;
  });
  run_seeds(30, true, [](world_options& o) {
    o.cut_rate = 0.001;
    o.abandon_rate = 0.003;
    o.transports = {transport_kind::websocket};
  });
}

CAF_TEST(small_pools_make_requests_wait_but_lose_none) {
  run_seeds(30, true, [](world_options& o) {
    for (auto* pool : {&o.tunnel.pools[index_of(transport_kind::websocket)],
                       &o.tunnel.pools[index_of(transport_kind::grpc)]}) {
      pool->pool_size = 1;
      pool->max_pool_size = 2;
      pool->max_requests_per_connection = 1;
    }
    o.cut_rate = 0.002;
  });
}

CAF_TEST(visitors_that_leave_leave_nothing_behind) {
  run_seeds(30, true, [](world_options& o) {
    o.cancel_rate = 0.02;
    o.cut_rate = 0.002;
  });
}

CAF_TEST(an_impatient_node_never_executes_twice) {
  run_seeds(30, false, [](world_options& o) {
    o.tunnel.reconnect_grace = config::seconds{0.05};
    o.tunnel.resume_time = config::seconds{0.05};
    o.cut_rate = 0.005;
    o.blackout_rate = 0.001;
  });
}

CAF_TEST(an_outage_shorter_than_the_grace_costs_no_request) {
  using std::chrono::seconds;
  for (const auto seed : seeds(10)) {
    world_options options;
    options.seed = seed;
    options.cut_rate = 0;
    options.agents = static_cast<uint8_t>(1 + seed % 2);
    if (seed % 3 == 0)
      options.transports = {transport_kind::websocket};
    world w{options};
    w.settle(seconds(3));
    const auto ask_some = [&](char mark) {
      for (int i = 0; i < 20; ++i)
        w.ask(i % 2 == 0 ? "POST" : "GET", i % 2 == 0 ? std::string(i, mark)
                                                      : std::string{});
    };
    ask_some('a');
    for (int i = 0; i < 50; ++i)
      w.step();
    w.take_network_down();
    w.settle(seconds(4));
    // Beyond acquire_timeout, within the grace.
    ask_some('b');
    w.settle(seconds(4));
    w.bring_network_up();
    w.settle(seconds(8));
    for (const auto& one : w.requests()) {
      CAF_CHECK_EQUAL(one->ends, 1);
      CAF_CHECK(!one->failure);
      CAF_CHECK_EQUAL(w.executions().count(one->what->id()), 1u);
      CAF_CHECK(one->failure || one->body == expected_reply(*one));
    }
    for (const auto& [id, runs] : w.executions())
      CAF_CHECK_EQUAL(runs, 1);
  }
}

// Each is shorter than the grace, all together are much longer.
CAF_TEST(outages_that_follow_each_other_cost_no_request) {
  using std::chrono::milliseconds;
  for (const auto seed : seeds(10)) {
    world_options options;
    options.seed = seed;
    options.cut_rate = 0;
    options.pace = 600 + int(seed * 200 % 2000);
    options.transports = {seed % 3 == 0   ? transport_kind::websocket
                          : seed % 3 == 1 ? transport_kind::poll
                                          : transport_kind::grpc};
    if (seed % 2 == 0)
      options.transports.push_back(transport_kind::websocket);
    world w{options};
    std::mt19937 random{seed};
    const auto some = [&](int from, int to) {
      return std::uniform_int_distribution<>(from, to)(random);
    };
    const auto ask_some = [&] {
      for (int i = some(0, 10); i > 0; --i)
        w.ask(i % 2 == 0 ? "POST" : "GET",
              i % 2 == 0 ? std::string(size_t(some(1, 500)), 'x')
                         : std::string{});
    };
    w.settle(std::chrono::seconds(3));
    for (int outage = 0; outage < 8; ++outage) {
      ask_some();
      w.settle(milliseconds(some(300, 1500)));
      ask_some();
      const auto refused = some(0, 2) == 0;
      if (refused)
        w.take_network_down();
      else
        w.net().begin_silence();
      const auto end = w.now() + milliseconds(some(500, 7500));
      while (w.now() < end) {
        w.settle(
          std::min<duration>(milliseconds(some(200, 2000)), end - w.now()));
        ask_some();
      }
      if (refused)
        w.bring_network_up();
      else
        w.net().end_silence();
      w.settle(milliseconds(some(500, 1500)));
    }
    w.settle(std::chrono::seconds(15));
    for (const auto& one : w.requests()) {
      if (one->failure)
        CAF_MESSAGE("seed " << seed << ": request failed with "
                            << std::string(to_string(*one->failure)));
      CAF_CHECK_EQUAL(one->ends, 1);
      CAF_CHECK(!one->failure);
      CAF_CHECK_EQUAL(w.executions().count(one->what->id()), 1u);
    }
    for (const auto& [id, runs] : w.executions())
      CAF_CHECK_EQUAL(runs, 1);
  }
}

CAF_TEST(an_outage_longer_than_the_grace_is_told_and_nobody_waits_longer) {
  using std::chrono::seconds;
  world_options options;
  options.cut_rate = 0;
  options.tunnel.reconnect_grace = config::seconds{2};
  options.tunnel.pools[index_of(transport_kind::websocket)].max_waiting = 3;
  options.tunnel.pools[index_of(transport_kind::grpc)].max_waiting = 3;
  world w{options};
  w.settle(seconds(3));
  w.take_network_down();
  w.settle(seconds(1));
  for (int i = 0; i < 5; ++i)
    w.ask("GET", "");
  w.settle(std::chrono::milliseconds(300));
  size_t full = 0;
  for (const auto& one : w.requests())
    full += one->failure == outcome::pool_exhausted;
  CAF_CHECK_EQUAL(full, 2u);
  CAF_CHECK_EQUAL(w.parked(), 3u);
  w.settle(seconds(3));
  CAF_CHECK_EQUAL(w.parked(), 0u);
  const auto late = w.ask("GET", "");
  w.settle(std::chrono::milliseconds(300));
  CAF_CHECK(late->failure == outcome::no_endpoint);
}

CAF_TEST(polling_steps_in_when_nothing_else_gets_through) {
  run_seeds(20, true, [](world_options& o) {
    o.transports = {transport_kind::grpc, transport_kind::websocket,
                    transport_kind::poll};
    o.cut_rate = 0.001;
    o.blackout_rate = 0.001;
  });
}

CAF_TEST(a_handler_that_throws_takes_only_its_own_connection_along) {
  for (const auto seed : seeds(10)) {
    world_options options;
    options.seed = seed;
    options.cut_rate = 0;
    world w{options};
    w.settle(std::chrono::seconds(3));
    // One on each side.
    auto all = w.net().connections;
    CAF_REQUIRE(all.size() >= 2);
    all[0].node_end->throw_on_pong = true;
    all[0].agent_end->send({0, ping_frame{7}});
    all[1].agent_end->throw_on_pong = true;
    all[1].node_end->send({0, ping_frame{7}});
    w.settle(std::chrono::seconds(3));
    CAF_CHECK(all[0].node_end->closed);
    CAF_CHECK(all[1].agent_end->closed);
    CAF_CHECK(w.run());
    for (const auto& one : w.requests())
      CAF_CHECK(!one->failure);
    size_t lost = 0;
    const auto after = w.snapshot();
    const auto& endpoint = after.tunnels.at(0).endpoints.at(0);
    CAF_CHECK_EQUAL(endpoint.controller.pools.size(), 2u);
    for (const auto& pool : endpoint.controller.pools) {
      CAF_CHECK(pool.usable >= pool.min_size);
      lost += pool.lost_total;
    }
    // The agent's own ended in an orderly way for the node.
    CAF_CHECK_EQUAL(lost, 1u);
  }
}
