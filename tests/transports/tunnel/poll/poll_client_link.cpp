#define CAF_SUITE poll_client_link

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/poll/cut_link.hpp"

#include <atomic>
#include <random>

using namespace aps;
using namespace aps::test;

CAF_TEST_FIXTURE_SCOPE(poll_client_link_tests, cut_fixture)

CAF_TEST(a batch whose request was cut half way arrives once) {
  auto cuts = std::make_shared<int>(0);
  cutting_proxy via{port->port(), once(
                                    [](const passage& what) {
                                      return what.up
                                             && has(what.bytes, "/poll/up");
                                    },
                                    {verdict::cut, 700}, cuts)};
  open(via);
  for (int i = 0; i < 3; ++i)
    check_both_ways(big);
  CAF_CHECK_EQUAL(*cuts, 1);
  end();
}

CAF_TEST(a batch whose confirmation was cut is not taken twice) {
  for (size_t bytes : {0, 20, 100}) {
    auto cuts = std::make_shared<int>(0);
    auto lane = std::make_shared<size_t>(SIZE_MAX);
    cutting_proxy via{port->port(),
                      once(
                        [lane](const passage& what) {
                          if (what.up && has(what.bytes, "/poll/up"))
                            *lane = what.connection;
                          return !what.up && what.connection == *lane;
                        },
                        {verdict::cut, bytes}, cuts)};
    open(via);
    for (int i = 0; i < 3; ++i)
      check_both_ways();
    CAF_CHECK_EQUAL(*cuts, 1);
    end();
    forget();
  }
}

CAF_TEST(an answer that was cut half way is asked for again) {
  for (size_t bytes : {0, 50, 400, 5000}) {
    auto cuts = std::make_shared<int>(0);
    cutting_proxy via{port->port(),
                      once(
                        [](const passage& what) {
                          return !what.up && has(what.bytes, "Aps-Batch: 2\r");
                        },
                        {verdict::cut, bytes}, cuts)};
    open(via);
    for (int i = 0; i < 3; ++i)
      check_both_ways(big);
    CAF_CHECK_EQUAL(*cuts, 1);
    end();
    forget();
  }
}

CAF_TEST(a closing whose answer was cut is heard with its reason) {
  auto cuts = std::make_shared<int>(0);
  cutting_proxy via{port->port(), once(
                                    [](const passage& what) {
                                      return !what.up
                                             && has(what.bytes, "Aps-Close");
                                    },
                                    {verdict::cut, 10}, cuts)};
  open(via);
  links.node->send({0, refused_frame{refusal::pool_full, "later", 0}});
  links.node->close(close_reason::exhausted, "full");
  const auto frames = at_agent->frames(1);
  CAF_REQUIRE_EQUAL(frames.size(), 1u);
  CAF_CHECK(std::holds_alternative<refused_frame>(frames[0].body));
  CAF_CHECK(at_agent->closed() == link_error::exhausted);
  CAF_CHECK(at_node->closed() == link_error::none);
  CAF_CHECK_EQUAL(*cuts, 1);
}

namespace {

/// Every second connection dies somewhere, in one of the two directions.
cutting_proxy::censor deadly() {
  return [random = std::mt19937{42}, budgets = std::vector<size_t>{}](
           const passage& what) mutable -> verdict {
    while (budgets.size() <= what.connection)
      budgets.push_back(budgets.size() % 2 == 1 ? random() % 40'000
                                                : 200'000 + random() % 100'000);
    const auto budget = budgets[what.connection];
    const bool dying = what.up == (budget % 2 == 0);
    if (!dying || what.before + what.bytes.size() < budget)
      return {};
    const auto left = budget - std::min(what.before, budget);
    return {verdict::cut, std::min(left, what.bytes.size())};
  };
}

} // namespace

CAF_TEST(many frames over dying connections arrive in order and once) {
  for (const bool tls : {false, true}) {
    CAF_MESSAGE((tls ? "over TLS" : "in plain"));
    cutting_proxy via{(tls ? secure_port : port)->port(), deadly()};
    open(via, tls);
    constexpr uint64_t rounds = 300;
    constexpr uint64_t frames = 20;
    uint64_t sent = 0;
    for (uint64_t round = 0; round < rounds; ++round) {
      for (uint64_t i = 0; i < frames; ++i, ++sent) {
        links.agent->send(numbered(sent));
        links.node->send(numbered(sent));
      }
      expect(*at_node, up, frames);
      expect(*at_agent, down, frames);
    }
    CAF_MESSAGE(via.accepted() << " connections");
    CAF_CHECK(via.accepted() > 4);
    CAF_CHECK_EQUAL(links.agent->counters().bytes_out.load(),
                    links.node->counters().bytes_in.load());
    CAF_CHECK_EQUAL(links.node->counters().bytes_out.load(),
                    links.agent->counters().bytes_in.load());
    links.agent->abort(link_error::none);
    links.node->abort(link_error::none);
    forget();
  }
}

CAF_TEST(a link whose every request is cut is lost) {
  for (const bool tls : {false, true}) {
    std::atomic<bool> broken{false};
    cutting_proxy via{(tls ? secure_port : port)->port(),
                      [&](const passage& what) -> verdict {
                        if (broken && what.up)
                          return {verdict::cut, 30};
                        return {};
                      }};
    open(via, tls);
    broken = true;
    links.agent->send(numbered(0));
    CAF_CHECK(at_agent->closed() == link_error::lost);
    CAF_CHECK(at_node->closed() == link_error::lost);
    forget();
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
