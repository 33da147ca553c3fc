#define CAF_SUITE readiness

#include "actors/admin/grpc/readiness.hpp"
#include "actors/compat.hpp"
#include "actors/watch/monitor.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <spdlog/sinks/null_sink.h>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

struct follower {
  follower() {
    const auto log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::null_sink_mt>());
    monitor = system->spawn<monitor_impl>(log_set{log});
    actor = system->spawn(
      admin::readiness, monitor,
      admin::readiness_outlets{[this](std::function<void(bool)> done) {
                                 ++questions;
                                 answer = std::move(done);
                               },
                               [this](bool ready) { told.push_back(ready); }});
    system.run(unit);
  }

  ~follower() {
    compat::stop_anonymously(actor);
    compat::stop_anonymously(monitor);
    actor = nullptr;
    system.run(unit);
  }

  void say(bool ready) {
    answer(ready);
    system.run(unit);
  }

  void pass(duration time) { system.pass(time, unit); }

  script_system system;
  manual_unit unit;
  monitor_actor monitor;
  caf::actor actor;
  int questions = 0;
  std::function<void(bool)> answer;
  std::vector<bool> told;
};

} // namespace

CAF_TEST(it_asks_at_once_and_tells) {
  follower script;
  CAF_CHECK_EQUAL(script.questions, 1);
  CAF_CHECK(script.told.empty());
  script.say(true);
  CAF_CHECK(script.told == std::vector<bool>{true});
}

CAF_TEST(an_event_has_it_ask_within_a_second) {
  follower script;
  script.say(true);
  script.pass(5s);
  CAF_CHECK_EQUAL(script.questions, 1);
  for (int i = 0; i < 100; ++i)
    compat::send_anonymously(script.monitor,
                             event{event_kind::connection_lost});
  script.pass(1s);
  CAF_CHECK_EQUAL(script.questions, 2);
  script.say(false);
  CAF_CHECK(script.told == (std::vector<bool>{true, false}));
}

CAF_TEST(it_asks_now_and_then_but_never_twice_at_once) {
  follower script;
  script.pass(60s);
  CAF_CHECK_EQUAL(script.questions, 1);
  script.say(true);
  script.pass(1s);
  CAF_CHECK_EQUAL(script.questions, 2);
  script.say(true);
  script.pass(10s);
  CAF_CHECK_EQUAL(script.questions, 3);
}

CAF_TEST(it_ends_with_the_monitor) {
  follower script;
  compat::stop_anonymously(script.monitor);
  script.system.run(script.unit);
  script.pass(30s);
  CAF_CHECK_EQUAL(script.questions, 1);
}
