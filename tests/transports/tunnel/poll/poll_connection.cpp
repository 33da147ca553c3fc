#define CAF_SUITE poll_connection

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/poll/cut_link.hpp"

#include <condition_variable>
#include <mutex>

using namespace aps;
using namespace aps::test;

CAF_TEST_FIXTURE_SCOPE(poll_connection_tests, cut_fixture)

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

CAF_TEST_FIXTURE_SCOPE_END()
