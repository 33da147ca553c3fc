#define CAF_SUITE link_endings

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/link_harness.hpp"

#include <future>

using namespace aps;
using namespace aps::test;

namespace {

struct started_pair {
  link_pair links;
  std::shared_ptr<recorder> node = std::make_shared<recorder>();
  std::shared_ptr<recorder> agent = std::make_shared<recorder>();
};

struct fixture : link_fixture {
  started_pair open(link_kind kind) {
    started_pair result;
    result.links = connect(kind);
    CAF_REQUIRE(result.links.node && result.links.agent);
    start(result.links.node, result.node);
    start(result.links.agent, result.agent);
    return result;
  }

  /// Waits until each unit ran everything that it has to do now.
  void settle() {
    for (size_t i = 0; i < net->units(); ++i)
      start_and_wait(net->unit(i));
  }

  static void start_and_wait(executor& unit) {
    std::promise<void> done;
    unit.post([&] { done.set_value(); });
    done.get_future().wait();
  }
};

struct closing {
  close_reason why;
  link_error seen;
};

constexpr closing closings[]
  = {{close_reason::normal, link_error::none},
     {close_reason::shutdown, link_error::unavailable},
     {close_reason::refused, link_error::unauthenticated},
     {close_reason::exhausted, link_error::exhausted},
     {close_reason::protocol, link_error::protocol},
     {close_reason::stalled, link_error::stalled}};

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_endings_tests, fixture)

CAF_TEST(the node closes and the agent learns why) {
  for (auto kind : link_kinds)
    for (auto [why, seen] : closings) {
      CAF_MESSAGE(to_string(kind) << ", " << std::string{to_string(why)});
      auto pair = open(kind);
      pair.links.node->send({0, drain_frame{"last words", false}});
      pair.links.node->close(why, "because");
      pair.links.node->close(why, "twice");
      CAF_CHECK_EQUAL(pair.agent->frames(1).size(), 1u);
      CAF_CHECK(pair.agent->closed() == seen);
      CAF_CHECK(pair.node->closed() == link_error::none);
      settle();
      CAF_CHECK_EQUAL(pair.agent->closings(), 1);
      CAF_CHECK_EQUAL(pair.node->closings(), 1);
    }
}

CAF_TEST(the agent closes and its last frames arrive) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto pair = open(kind);
    for (uint64_t i = 0; i < 100; ++i)
      pair.links.agent->send({1, ack_frame{i, 0, false}});
    pair.links.agent->close(close_reason::normal, "done");
    CAF_CHECK_EQUAL(pair.node->frames(100).size(), 100u);
    CAF_CHECK(pair.node->closed() == link_error::none);
    CAF_CHECK(pair.agent->closed() == link_error::none);
    settle();
    CAF_CHECK_EQUAL(pair.node->closings() + pair.agent->closings(), 2);
  }
}

CAF_TEST(an abort is seen as a lost connection) {
  for (auto kind : link_kinds)
    for (bool by_node : {true, false}) {
      CAF_MESSAGE(to_string(kind) << (by_node ? ", node" : ", agent"));
      auto pair = open(kind);
      auto& active = by_node ? pair.links.node : pair.links.agent;
      active->abort(link_error::stalled);
      active->abort(link_error::lost);
      active->send({0, ping_frame{1}});
      active->close(close_reason::normal, "too late");
      auto& own = by_node ? pair.node : pair.agent;
      auto& other = by_node ? pair.agent : pair.node;
      CAF_CHECK(own->closed() == link_error::stalled);
      const auto seen = other->closed();
      CAF_CHECK(seen == link_error::lost || seen == link_error::unavailable);
      settle();
      CAF_CHECK_EQUAL(pair.node->closings(), 1);
      CAF_CHECK_EQUAL(pair.agent->closings(), 1);
    }
}

CAF_TEST(a link that ended before its start says so then) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto [node_link, agent_link] = connect(kind);
    CAF_REQUIRE(node_link && agent_link);
    node_link->abort(link_error::lost);
    auto late = std::make_shared<recorder>();
    start(node_link, late);
    CAF_CHECK(late->closed() == link_error::lost);
    auto other = std::make_shared<recorder>();
    start(agent_link, other);
    CAF_CHECK(other->closed());
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
