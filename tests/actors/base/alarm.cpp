#define CAF_SUITE alarm

#include "actors/base/alarm.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <caf/event_based_actor.hpp>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() {
    sleeper = spawn();
    start = system.now();
  }

  ~fixture() {
    clock.stop();
    caf::anon_send_exit(sleeper, caf::exit_reason::user_shutdown);
    system.run(unit);
  }

  caf::actor spawn() {
    return system->spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](caf::unit_t) {}};
    });
  }

  /// Has `name` noted at `instant`, on `who`.
  void wake(time_point instant, const caf::actor& who, const char* name) {
    clock.at(instant, caf::actor_cast<caf::weak_actor_ptr>(who),
             caf::make_action([this, name] { woken.emplace_back(name); }));
  }

  void pass(duration time) { system.pass(time, unit); }

  script_system system;
  manual_unit unit;
  alarm_clock clock{*system};
  caf::actor sleeper;
  time_point start;
  std::vector<std::string> woken;
};

using names = std::vector<std::string>;

} // namespace

CAF_TEST(instants are multiples of the grain and never early) {
  const time_point round{1h};
  CAF_CHECK(alarm_clock::instant_of(round) == round);
  CAF_CHECK(alarm_clock::instant_of(round + 1ns) == round + alarm_clock::grain);
  CAF_CHECK(alarm_clock::instant_of(round + alarm_clock::grain - 1ns)
            == round + alarm_clock::grain);
}

CAF_TEST_FIXTURE_SCOPE(alarm_tests, fixture)

CAF_TEST(actors are woken at their instants in order) {
  wake(start + 60ms, sleeper, "late");
  wake(start + 20ms, sleeper, "early");
  wake(start + 40ms, sleeper, "between");
  pass(10ms);
  CAF_CHECK_EQUAL(woken, names{});
  pass(10ms);
  CAF_CHECK_EQUAL(woken, names{"early"});
  pass(20ms);
  CAF_CHECK_EQUAL(woken, (names{"early", "between"}));
  pass(1s);
  CAF_CHECK_EQUAL(woken, (names{"early", "between", "late"}));
  CAF_CHECK_EQUAL(clock.woken(), 3u);
}

CAF_TEST(who is gone is not woken and holds up nobody) {
  auto leaving = spawn();
  wake(start + 20ms, leaving, "gone");
  wake(start + 20ms, sleeper, "here");
  caf::anon_send_exit(leaving, caf::exit_reason::user_shutdown);
  leaving = nullptr;
  pass(20ms);
  CAF_CHECK_EQUAL(woken, names{"here"});
}

CAF_TEST(more than a portion of one instant are all woken) {
  const auto many = 2 * alarm_clock::portion + 7;
  for (size_t i = 0; i < many; ++i)
    wake(start + 20ms, sleeper, "x");
  pass(100ms);
  CAF_CHECK_EQUAL(woken.size(), many);
  CAF_CHECK_EQUAL(clock.woken(), many);
}

CAF_TEST(a stopped clock wakes nobody) {
  wake(start + 20ms, sleeper, "before");
  clock.stop();
  wake(start + 20ms, sleeper, "after");
  pass(1s);
  CAF_CHECK_EQUAL(woken, names{});
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// An actor with an alarm that the test sets.
struct ringing {
  ringing() {
    who = system->spawn([this](caf::event_based_actor* self) -> caf::behavior {
      me = self;
      return {[](caf::unit_t) {}};
    });
    system.run(unit); // begins to live
    start = system.now();
  }

  ~ringing() {
    clock->stop();
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
    system.run(unit);
  }

  void at(duration later) {
    uut.at(me, start + later,
           [this] { rings.push_back(system.now() - start); });
  }

  void pass(duration time) { system.pass(time, unit); }

  script_system system;
  manual_unit unit;
  std::shared_ptr<alarm_clock> clock = std::make_shared<alarm_clock>(*system);
  aps::alarm uut{clock};
  caf::event_based_actor* me = nullptr;
  caf::actor who;
  time_point start;
  std::vector<duration> rings;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ringing_tests, ringing)

CAF_TEST(an alarm rings once at the earliest wish) {
  at(100ms);
  at(50ms);
  at(200ms); // it rings earlier anyway
  pass(1s);
  CAF_REQUIRE_EQUAL(rings.size(), 1u);
  CAF_CHECK(rings[0] >= 50ms);
  CAF_CHECK(rings[0] < 50ms + 2 * alarm_clock::grain);
}

CAF_TEST(an alarm that rang may be set again) {
  at(20ms);
  pass(2 * alarm_clock::grain);
  CAF_CHECK_EQUAL(rings.size(), 1u);
  at(100ms);
  pass(1s);
  CAF_CHECK_EQUAL(rings.size(), 2u);
}

CAF_TEST(what was due long ago is due now) {
  pass(1s);
  at(20ms);
  CAF_CHECK(rings.empty()); // but not from within the call
  pass(alarm_clock::grain);
  CAF_CHECK_EQUAL(rings.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
