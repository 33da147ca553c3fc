#define CAF_SUITE io_unit

#include "tests/support/test.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/post.hpp>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

using namespace aps;

namespace {

struct failing final : watched {
  void on_tick(time_point) override { throw std::runtime_error("in a tick"); }
  void on_exception(const std::string& text) override {
    if (told.empty()) {
      told = text;
      ended.set_value();
    }
  }
  std::string told;
  std::promise<void> ended;
};

struct counting final : watched {
  void on_tick(time_point) override {
    if (++ticks == 3)
      third.set_value();
  }
  int ticks = 0;
  std::promise<void> third;
};

} // namespace

CAF_TEST(an exception does not end the loop) {
  const auto exceptions = std::make_shared<exception_watch>();
  std::vector<std::string> told;
  const auto watching
    = exceptions->add([&](const std::string& text) { told.push_back(text); });
  io_unit unit{0, exceptions};
  unit.start();
  unit.post([] { throw std::runtime_error("first"); });
  unit.post([] { throw 7; });
  unit.run_dry();
  CAF_CHECK_EQUAL(exceptions->count(), 2u);
  CAF_CHECK_EQUAL(told, (std::vector<std::string>{
                          "first", "an exception of unknown type"}));
  unit.stop();
}

CAF_TEST(what was posted runs in order whoever posted it) {
  io_unit unit{0};
  unit.start();
  for (int round = 0; round < 200; ++round) {
    std::vector<int> seen;
    // The unit posts, and then, as it is still busy, somebody else does.
    unit.post([&] {
      unit.post([&] { seen.push_back(1); });
      std::promise<void> done;
      std::thread other{[&] {
        unit.post([&] { seen.push_back(2); });
        done.set_value();
      }};
      done.get_future().wait();
      other.join();
      unit.post([&] { seen.push_back(3); });
    });
    unit.run_dry();
    CAF_CHECK_EQUAL(seen, (std::vector<int>{1, 2, 3}));
  }
  unit.stop();
}

CAF_TEST(a dry unit has done what its handlers posted) {
  io_unit unit{0};
  unit.start();
  std::atomic<bool> over{false};
  // Keeps the unit busy behind what the test posts.
  std::thread other{[&] {
    while (!over) {
      std::promise<void> done;
      unit.post([&] {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        done.set_value();
      });
      done.get_future().wait();
    }
  }};
  int missing = 0;
  for (int round = 0; round < 500; ++round) {
    std::atomic<bool> seen{false};
    unit.post([&] { boost::asio::post(unit.context(), [&] { seen = true; }); });
    unit.run_dry();
    if (!seen)
      ++missing;
  }
  over = true;
  other.join();
  unit.run_dry();
  CAF_CHECK_EQUAL(missing, 0);
  unit.stop();
}

CAF_TEST(work that posts itself again lets sockets have their turn) {
  io_unit unit{0};
  unit.start();
  std::atomic<bool> over{false};
  std::promise<void> handled;
  std::function<void()> again = [&] {
    if (!over)
      unit.post(again);
  };
  unit.post(again);
  boost::asio::post(unit.context(), [&] {
    over = true;
    handled.set_value();
  });
  handled.get_future().wait();
  unit.run_dry();
  unit.stop();
}

CAF_TEST(an exception in a tick costs its owner alone) {
  io_unit unit{0};
  unit.start();
  auto bad = std::make_shared<failing>();
  auto good = std::make_shared<counting>();
  unit.post([&] {
    unit.watch(bad);
    unit.watch(good);
  });
  bad->ended.get_future().wait();
  good->third.get_future().wait();
  CAF_CHECK_EQUAL(bad->told, "in a tick");
  unit.stop();
}

CAF_TEST(a guarded handler that fails ends its owner) {
  const auto exceptions = std::make_shared<exception_watch>();
  io_unit unit{0, exceptions};
  unit.start();
  auto owner = std::make_shared<failing>();
  boost::asio::post(unit.context(),
                    guard(unit, owner, [](const auto&) {
                      throw std::length_error("too long");
                    }));
  owner->ended.get_future().wait();
  CAF_CHECK_EQUAL(owner->told, "too long");
  CAF_CHECK_EQUAL(exceptions->count(), 1u);
  unit.stop();
}

CAF_TEST(a listener hears nothing once it is gone) {
  const auto exceptions = std::make_shared<exception_watch>();
  int heard = 0;
  auto watching = exceptions->add([&](const std::string&) { ++heard; });
  exceptions->tell("one");
  watching.reset();
  exceptions->tell("two");
  CAF_CHECK_EQUAL(heard, 1);
  CAF_CHECK_EQUAL(exceptions->count(), 2u);
}
