#define CAF_SUITE poll_cuts

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/cutting_proxy.hpp"
#include "tests/transports/tunnel/link_harness.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

using namespace aps;
using namespace aps::test;

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

frame numbered(uint64_t n, size_t size = 100) {
  return {1, data_frame{n, slice::adopt(std::string(size, 'x')), false}};
}

struct fixture : link_fixture {
  /// Both ends of a poll link that goes through `via`, started.
  void open(const cutting_proxy& via) {
    links.agent = dial(transport_kind::poll, via.port()).connected;
    CAF_REQUIRE(links.agent);
    links.node = node->take();
    CAF_REQUIRE(links.node);
    links.node->send({0, welcome_frame{}});
    start(links.node, at_node);
    start(links.agent, at_agent);
    CAF_REQUIRE_EQUAL(at_agent->frames(1).size(), 1u);
  }

  /// Waits for `count` more frames at `who`: each once, in order, unchanged.
  void expect(recorder& who, uint64_t& next, uint64_t count,
              size_t size = 100) {
    for (const auto end = next + count; next < end;) {
      const auto frames = who.frames(1);
      CAF_REQUIRE(!frames.empty());
      for (const auto& what : frames) {
        const auto& data = std::get<data_frame>(what.body);
        CAF_REQUIRE_EQUAL(data.offset, next++);
        CAF_REQUIRE_EQUAL(data.payload.size(), size);
      }
    }
  }

  /// One frame of `size` bytes each way arrives, and nothing a second time.
  void check_both_ways(size_t size = 100) {
    links.agent->send(numbered(up, size));
    links.node->send(numbered(down, size));
    expect(*at_node, up, 1, size);
    expect(*at_agent, down, 1, size);
  }

  void end() {
    links.agent->close(close_reason::normal, "done");
    CAF_CHECK(at_agent->closed() == link_error::none);
    CAF_CHECK(at_node->closed() == link_error::none);
    CAF_CHECK(at_node->frames(0).empty());
    CAF_CHECK(at_agent->frames(0).empty());
  }

  link_pair links;
  std::shared_ptr<recorder> at_node = std::make_shared<recorder>();
  std::shared_ptr<recorder> at_agent = std::make_shared<recorder>();
  uint64_t up = 0;
  uint64_t down = 0;
};

/// Does something at the first passage that fits, and lets all else pass.
cutting_proxy::censor once(std::function<bool(const passage&)> fits,
                           verdict then, std::shared_ptr<int> count) {
  return [=](const passage& what) -> verdict {
    if (*count > 0 || !fits(what))
      return {};
    ++*count;
    return then;
  };
}

constexpr size_t big = 60 * 1024;

} // namespace

CAF_TEST_FIXTURE_SCOPE(poll_cuts_tests, fixture)

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
    at_node = std::make_shared<recorder>();
    at_agent = std::make_shared<recorder>();
    up = down = 0;
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
    at_node = std::make_shared<recorder>();
    at_agent = std::make_shared<recorder>();
    up = down = 0;
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

CAF_TEST(connections that die between two requests are replaced) {
  cutting_proxy via{port->port()};
  open(via);
  for (int i = 0; i < 5; ++i) {
    check_both_ways();
    via.cut_all();
    check_both_ways();
  }
  CAF_CHECK(via.accepted() >= 5);
  end();
}

CAF_TEST(a request that nobody answers is repeated elsewhere) {
  auto cuts = std::make_shared<int>(0);
  cutting_proxy via{port->port(), once(
                                    [](const passage& what) {
                                      return what.up
                                             && has(what.bytes, "/poll/up");
                                    },
                                    {verdict::swallow, 0}, cuts)};
  open(via);
  check_both_ways();
  check_both_ways();
  CAF_CHECK_EQUAL(*cuts, 1);
  end();
}

CAF_TEST(many frames over dying connections arrive in order and once) {
  std::mt19937 random{42};
  // Every second connection dies somewhere, in one of the two directions.
  std::vector<size_t> budgets;
  auto judge = [&](const passage& what) -> verdict {
    while (budgets.size() <= what.connection)
      budgets.push_back(budgets.size() % 2 == 1 ? random() % 40'000
                                                : 200'000 + random() % 100'000);
    const bool dying = what.up == (budgets[what.connection] % 2 == 0);
    const auto end = what.before + what.bytes.size();
    if (!dying || end < budgets[what.connection])
      return {};
    const auto left = budgets[what.connection]
                      - std::min(what.before, budgets[what.connection]);
    return {verdict::cut, std::min(left, what.bytes.size())};
  };
  cutting_proxy via{port->port(), judge};
  open(via);
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
}

CAF_TEST(a connection that was cut for waiting is asked to wait less) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> holds;
  cutting_proxy via{port->port(), [&](const passage& what) -> verdict {
                      constexpr std::string_view field = "Aps-Hold: ";
                      const auto at = what.bytes.find(field);
                      if (what.up && at != what.bytes.npos) {
                        std::lock_guard guard{mutex};
                        holds.push_back(std::stoi(
                          std::string{what.bytes.substr(at + field.size())}));
                        changed.notify_all();
                      }
                      return {};
                    }};
  open(via);
  check_both_ways();
  std::unique_lock guard{mutex};
  const auto before = holds.size();
  changed.wait_for(guard, std::chrono::milliseconds(2500),
                   [&] { return holds.size() > before + 1; });
  guard.unlock();
  via.cut_all();
  guard.lock();
  CAF_CHECK(changed.wait_for(guard, patience,
                             [&] { return holds.back() < holds.front(); }));
  guard.unlock();
  check_both_ways();
  end();
}

CAF_TEST(a link whose every request is cut is lost) {
  std::atomic<bool> broken{false};
  cutting_proxy via{port->port(), [&](const passage& what) -> verdict {
                      if (broken && what.up)
                        return {verdict::cut, 30};
                      return {};
                    }};
  open(via);
  broken = true;
  links.agent->send(numbered(0));
  CAF_CHECK(at_agent->closed() == link_error::lost);
  CAF_CHECK(at_node->closed() == link_error::lost);
}

CAF_TEST_FIXTURE_SCOPE_END()
