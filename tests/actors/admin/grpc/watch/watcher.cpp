#define CAF_SUITE watcher

#include "actors/admin/grpc/watch/watcher.hpp"
#include "actors/compat.hpp"
#include "actors/watch/monitor.hpp"
#include "aps/admin/v1/admin.pb.h"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <spdlog/sinks/null_sink.h>

using namespace aps;
using namespace aps::admin;
using namespace aps::test;

namespace {

/// A reader that takes a message when the test says so.
struct slow_reader final : watch_sink {
  void begin(caf::actor from) override { watcher = std::move(from); }

  void write(std::string message) override {
    CAF_CHECK(!busy);
    CAF_CHECK(!over);
    busy = true;
    v1::Event event;
    CAF_CHECK(event.ParseFromString(message));
    read.push_back(std::move(event));
  }

  void end(const grpc::Status& status) override {
    CAF_CHECK(!over);
    over = status;
  }

  caf::actor watcher;
  bool busy = false;
  std::vector<v1::Event> read;
  std::optional<grpc::Status> over;
};

struct watching {
  explicit watching(watch_wish wish = {}) {
    const auto log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::null_sink_mt>());
    monitor = system->spawn<monitor_impl>(log_set{log}, "node");
    door = system->spawn([] { return caf::behavior{[](drain) {}}; });
    begin(std::move(wish));
  }

  ~watching() {
    compat::stop_anonymously(reader.watcher);
    compat::stop_anonymously(door);
    compat::stop_anonymously(monitor);
    reader.watcher = nullptr;
    run();
  }

  void begin(watch_wish wish) {
    system->spawn(watcher,
                  watch_sources{"node", monitor, door,
                                [this](auto done) { asked = std::move(done); }},
                  std::move(wish), &reader);
    run();
  }

  // The reader leaves, and another one comes.
  void begin_anew(watch_wish wish) {
    compat::stop_anonymously(reader.watcher);
    run();
    CAF_CHECK(reader.over);
    reader = {};
    begin(std::move(wish));
  }

  void run() { system.run(unit); }

  void happen(uint64_t count, const std::string& detail = {}) {
    for (uint64_t i = 0; i < count; ++i) {
      event next{event_kind::tunnel_changed, "t"};
      next.detail = detail;
      compat::send_anonymously(monitor, next);
    }
    run();
  }

  void answer_snapshot() {
    asked({200,
           "application/json",
           {},
           {},
           slice::copy(R"({"node": {"id": "node"}})"),
           {}});
    run();
  }

  // Takes what is there.
  void take_all() {
    while (reader.busy && !reader.over) {
      reader.busy = false;
      compat::send_anonymously(reader.watcher, acknowledge{1});
      run();
    }
  }

  script_system system;
  manual_unit unit;
  monitor_actor monitor;
  caf::actor door;
  slow_reader reader;
  std::function<void(const document&)> asked;
};

// Every serial is there, or counted as missed; returns how many were missed.
uint64_t missed_in(const std::vector<v1::Event>& events, uint64_t serial) {
  uint64_t missed = 0;
  for (const auto& event : events) {
    if (event.has_missed()) {
      missed += event.missed().count();
      serial += event.missed().count();
    } else if (event.has_occurrence()) {
      CAF_CHECK_EQUAL(event.occurrence().serial(), ++serial);
    }
  }
  return missed;
}

} // namespace

CAF_TEST(a_snapshot_comes_first_whatever_happens_meanwhile) {
  watching script;
  script.happen(3);
  CAF_CHECK(script.reader.read.empty());
  script.answer_snapshot();
  script.take_all();
  const auto& read = script.reader.read;
  CAF_REQUIRE_EQUAL(read.size(), 4u);
  CAF_CHECK_EQUAL(read[0].snapshot().id(), "node-0");
  CAF_CHECK_EQUAL(read[0].snapshot().serial(), 0u);
  CAF_CHECK_EQUAL(missed_in(read, 0), 0u);
}

CAF_TEST(one_message_is_under_way_at_a_time) {
  watching script;
  script.answer_snapshot();
  script.happen(5);
  CAF_CHECK_EQUAL(script.reader.read.size(), 1u);
  script.take_all();
  CAF_CHECK_EQUAL(script.reader.read.size(), 6u);
}

CAF_TEST(who_comes_again_has_no_gap) {
  watching script;
  script.happen(5);
  script.begin_anew({});
  script.happen(4);
  script.begin_anew({{}, 5});
  script.answer_snapshot();
  script.happen(1);
  script.take_all();
  CAF_CHECK_EQUAL(script.reader.read.size(), 6u);
  CAF_CHECK_EQUAL(script.reader.read[0].snapshot().id(), "");
  CAF_CHECK_EQUAL(missed_in(script.reader.read, 5), 0u);
}

CAF_TEST(what_nobody_remembers_any_more_is_missed) {
  watching script;
  script.happen(3000);
  script.begin_anew({{}, 1000});
  script.answer_snapshot();
  script.take_all();
  CAF_CHECK_EQUAL(missed_in(script.reader.read, 1000), 2000u - 1024u);
}

CAF_TEST(who_does_not_read_is_told_what_was_left_out) {
  watching script;
  script.answer_snapshot();
  script.happen(10'000, std::string(1000, 'x'));
  script.take_all();
  script.happen(2);
  script.take_all();
  const auto& read = script.reader.read;
  const auto missed = missed_in(read, 0);
  CAF_MESSAGE("missed " << missed << ", read " << read.size());
  // Half a MiB waited, with more than 1000 bytes for each event.
  CAF_CHECK(missed > 10'000 - watch_queue::room / 1000);
  CAF_CHECK(missed < 10'000);
  CAF_CHECK_EQUAL(read.back().occurrence().serial(), 10'002u);
}

CAF_TEST(it_ends_with_a_word_when_the_node_does) {
  for (const bool by_monitor : {true, false}) {
    watching script;
    script.answer_snapshot();
    if (by_monitor)
      compat::stop_anonymously(script.monitor);
    else
      compat::stop_anonymously(script.door);
    script.run();
    script.take_all();
    CAF_REQUIRE(script.reader.over);
    CAF_CHECK(script.reader.over->error_code()
              == grpc::StatusCode::UNAVAILABLE);
    CAF_CHECK_EQUAL(script.reader.over->error_message(), "the node stops");
  }
}

CAF_TEST(it_tells_what_happened_before_the_node_ends) {
  watching script;
  script.answer_snapshot();
  script.happen(3);
  compat::send_anonymously(script.monitor, event{event_kind::node_draining});
  compat::stop_anonymously(script.door);
  script.run();
  CAF_CHECK(!script.reader.over);
  script.take_all();
  CAF_REQUIRE(script.reader.over);
  CAF_CHECK_EQUAL(missed_in(script.reader.read, 0), 0u);
  CAF_REQUIRE_EQUAL(script.reader.read.size(), 5u);
  CAF_CHECK_EQUAL(script.reader.read.back().occurrence().kind(),
                  "node-draining");
}

CAF_TEST(without_a_snapshot_it_ends_at_once) {
  watching script;
  script.happen(1);
  compat::stop_anonymously(script.door);
  script.run();
  CAF_CHECK(script.reader.over);
}

CAF_TEST(it_ends_with_the_reason_when_there_is_no_snapshot) {
  watching script;
  script.asked({503,
                "application/json",
                {},
                {},
                slice::copy(R"({"error": "too busy"})"),
                {}});
  script.run();
  CAF_REQUIRE(script.reader.over);
  CAF_CHECK_EQUAL(script.reader.over->error_message(), "too busy");
  CAF_CHECK(script.reader.read.empty());
}
