#define CAF_SUITE login_desk

#include "actors/base/access/login_desk.hpp"

#include "tests/support/test.hpp"

#include <atomic>
#include <future>

using namespace aps;

namespace {

/// Holds the one worker until it is let go.
struct held_desk {
  held_desk() {
    desk.add("first", [this] {
      begun.set_value();
      gate.get_future().wait();
    });
    begun.get_future().wait();
  }

  std::promise<void> begun;
  std::promise<void> gate;
  login_desk desk{1};
};

} // namespace

CAF_TEST(work is done on another thread) {
  login_desk desk{2};
  std::promise<std::thread::id> done;
  CAF_REQUIRE(
    desk.add("a", [&] { done.set_value(std::this_thread::get_id()); }));
  CAF_CHECK(done.get_future().get() != std::this_thread::get_id());
  desk.stop(); // its work looks at what ends here
}

CAF_TEST(addresses take turns) {
  held_desk uut;
  std::string order;
  std::promise<void> all;
  for (const auto* step : {"a1", "a2", "a3", "b1", "c1"})
    uut.desk.add(std::string(1, step[0]), [&order, &all, step] {
      order += step;
      if (order.size() == 10)
        all.set_value();
    });
  uut.gate.set_value();
  all.get_future().wait();
  uut.desk.stop();
  CAF_CHECK_EQUAL(order, "a1b1c1a2a3");
}

CAF_TEST(only so many wait) {
  held_desk uut;
  std::atomic<size_t> done{0};
  for (size_t i = 0; i < login_desk::most_of_address; ++i)
    CAF_CHECK(uut.desk.add("a", [&] { ++done; }));
  CAF_CHECK(!uut.desk.add("a", [&] { ++done; }));
  size_t taken = login_desk::most_of_address;
  for (int i = 0; i < 1000; ++i)
    taken += uut.desk.add("b" + std::to_string(i), [&] { ++done; });
  CAF_CHECK_EQUAL(taken, login_desk::most_waiting);
  uut.gate.set_value();
  std::promise<void> last;
  while (!uut.desk.add("z", [&] { last.set_value(); }))
    std::this_thread::yield();
  last.get_future().wait();
  uut.desk.stop();
}

CAF_TEST(what waits at the end is dropped) {
  std::atomic<bool> ran{false};
  auto witness = std::make_shared<int>(0);
  {
    held_desk uut;
    uut.desk.add("a", [&ran, witness] { ran = true; });
    std::thread opener{[&uut] {
      while (uut.desk.add("late", [] {}))
        std::this_thread::yield();
      uut.gate.set_value();
    }};
    uut.desk.stop();
    opener.join();
    CAF_CHECK(!uut.desk.add("b", [] {}));
  }
  CAF_CHECK(!ran);
  CAF_CHECK_EQUAL(witness.use_count(), 1);
}

CAF_TEST(what is told late keeps no work from being done) {
  login_desk desk{1};
  const auto now = clock_type::now();
  std::promise<void> never;
  CAF_CHECK(
    desk.add_late(now + std::chrono::hours(1), [&] { never.set_value(); }));
  std::promise<time_point> late, later;
  const auto due = now + std::chrono::milliseconds(60);
  CAF_CHECK(desk.add_late(due + std::chrono::milliseconds(30),
                          [&] { later.set_value(clock_type::now()); }));
  CAF_CHECK(desk.add_late(due, [&] { late.set_value(clock_type::now()); }));
  std::promise<void> work;
  CAF_CHECK(desk.add("a", [&] { work.set_value(); }));
  work.get_future().wait();
  const auto first = late.get_future().get();
  CAF_CHECK(first >= due);
  CAF_CHECK(later.get_future().get() >= first);
  desk.stop();
  CAF_CHECK(never.get_future().wait_for(std::chrono::seconds(0))
            == std::future_status::timeout);
  CAF_CHECK(!desk.add_late(now, [] {}));
}
