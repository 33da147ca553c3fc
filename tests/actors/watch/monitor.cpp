#define CAF_SUITE monitor

#include "actors/watch/monitor.hpp"

#include "tests/support/test.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <set>
#include <sstream>

using namespace aps;

namespace {

// What a subscriber was told, in order: "snapshot 3", "7 tunnel-added t",
// "missed 2".
using notes = std::shared_ptr<std::vector<std::string>>;

struct script {
  script() {
    settings.set("caf.scheduler.policy", "testing");
    system = std::make_unique<caf::actor_system>(settings);
    scheduler
      = dynamic_cast<caf::scheduler::test_coordinator*>(&system->scheduler());
    scheduler->clock().current_time += std::chrono::hours(1);
    auto log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
    log->set_pattern("%v");
    monitor = system->spawn<monitor_impl>(log_set{log}, "node", watch);
    run();
  }

  ~script() {
    for (auto& one : actors)
      compat::stop_anonymously(one);
    compat::stop_anonymously(monitor);
    actors.clear();
    monitor = nullptr;
    run();
  }

  void run() {
    while (scheduler->has_job())
      scheduler->run_once();
  }

  void advance(std::chrono::milliseconds by) {
    scheduler->advance_time(by);
    run();
  }

  void tell(event what) {
    compat::send_anonymously(monitor, std::move(what));
    run();
  }

  // Somebody who subscribes and only acknowledges when told to.
  notes listen(subscribe how, caf::actor* handle = nullptr) {
    auto heard = std::make_shared<std::vector<std::string>>();
    auto who = system->spawn([heard, how, to = monitor](
                               caf::event_based_actor* self) -> caf::behavior {
      compat::send(self, to, how);
      return {
        [heard](const monitor_snapshot& what) {
          heard->push_back("snapshot " + std::to_string(what.serial) + " "
                           + std::to_string(what.actors.size()));
        },
        [heard](const event& what) {
          heard->push_back(std::to_string(what.serial) + " "
                           + to_string(what.kind) + " " + what.tunnel);
        },
        [heard](const missed& what) {
          heard->push_back("missed " + std::to_string(what.count));
        },
        [self, to](const acknowledge& what) { compat::send(self, to, what); },
      };
    });
    actors.push_back(who);
    if (handle)
      *handle = who;
    run();
    return heard;
  }

  monitor_counts counts() {
    auto out = std::make_shared<monitor_counts>();
    actors.push_back(system->spawn([out, to = monitor](
                                     caf::event_based_actor* self) {
      compat::request(
        self, to, std::chrono::seconds(1), get_counts{},
        [out](const monitor_counts& answer) { *out = answer; },
        [](const caf::error&) {});
    }));
    run();
    return *out;
  }

  std::string sorted_lines() {
    std::set<std::string> sorted;
    std::istringstream in{lines.str()};
    for (std::string line; std::getline(in, line);)
      sorted.insert(line + "\n");
    std::string out;
    for (const auto& line : sorted)
      out += line;
    return out;
  }

  event about(event_kind kind, const std::string& connection = {}) {
    event out{kind, "t", "e", "grpc", connection};
    out.session = connection.empty() ? "" : "s";
    return out;
  }

  caf::actor_system_config settings;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler = nullptr;
  std::ostringstream lines;
  request_watch watch = std::make_shared<std::atomic<bool>>(false);
  monitor_actor monitor;
  std::vector<caf::actor> actors;
};

using lines = std::vector<std::string>;

} // namespace

CAF_TEST(a_subscriber_gets_a_snapshot_and_then_every_event_in_order) {
  script it;
  it.tell({event_kind::tunnel_added, "a"});
  const auto heard = it.listen({});
  it.tell({event_kind::endpoint_up, "a"});
  it.tell({event_kind::endpoint_down, "b"});
  CAF_CHECK_EQUAL(*heard, (lines{"snapshot 1 0", "2 endpoint-up a",
                                 "3 endpoint-down b"}));
}

CAF_TEST(a_filter_names_kinds_and_a_tunnel) {
  script it;
  const auto heard
    = it.listen({{set_of(event_kind::endpoint_up), "b"}, 10, {}});
  it.tell({event_kind::endpoint_up, "a"});
  it.tell({event_kind::endpoint_up, "b"});
  it.tell({event_kind::endpoint_down, "b"});
  CAF_CHECK_EQUAL(*heard, (lines{"snapshot 0 0", "2 endpoint-up b"}));
}

CAF_TEST(a_slow_subscriber_is_told_how_many_it_missed) {
  script it;
  caf::actor who;
  const auto heard = it.listen({{}, 2, {}}, &who);
  for (int i = 0; i < 5; ++i)
    it.tell({event_kind::endpoint_up, "a"});
  CAF_CHECK_EQUAL(heard->size(), 3u);
  compat::send_anonymously(who, acknowledge{1});
  it.run();
  CAF_CHECK_EQUAL(heard->back(), "missed 3");
  it.tell({event_kind::endpoint_up, "b"});
  CAF_CHECK_EQUAL(heard->back(), "6 endpoint-up b");
  // More acknowledgements than events give no more credit than agreed.
  compat::send_anonymously(who, acknowledge{1000});
  it.run();
  for (int i = 0; i < 5; ++i)
    it.tell({event_kind::endpoint_up, "c"});
  CAF_CHECK_EQUAL(heard->back(), "8 endpoint-up c");
}

CAF_TEST(a_dead_subscriber_is_dropped) {
  script it;
  caf::actor who;
  it.listen({{all_kinds, {}}, 10, {}}, &who);
  CAF_CHECK_EQUAL(it.counts().subscribers, 1u);
  CAF_CHECK(it.watch->load());
  compat::stop_anonymously(who);
  it.run();
  CAF_CHECK_EQUAL(it.counts().subscribers, 0u);
  CAF_CHECK(!it.watch->load());
}

CAF_TEST(who_comes_back_gets_what_it_missed) {
  script it;
  for (int i = 0; i < 4; ++i)
    it.tell({event_kind::endpoint_up, "a"});
  const auto heard = it.listen({{}, 10, 2});
  CAF_CHECK_EQUAL(*heard, (lines{"snapshot 4 0", "3 endpoint-up a",
                                 "4 endpoint-up a"}));
}

CAF_TEST(what_is_forgotten_counts_as_missed) {
  script it;
  for (size_t i = 0; i < event_memory::room + 10; ++i)
    it.tell({event_kind::endpoint_up, "a"});
  const auto heard = it.listen({{}, 4096, 5});
  CAF_CHECK_EQUAL(heard->at(1), "missed 5");
  CAF_CHECK_EQUAL(heard->at(2), "11 endpoint-up a");
}

CAF_TEST(who_wants_those_of_each_request_is_told_how_many_passed) {
  script s;
  const event_filter everything{all_kinds};
  for (int i = 0; i < 5; ++i)
    s.tell({event_kind::exchange_started, "t"});
  s.tell({event_kind::tunnel_added, "t"});
  s.tell({event_kind::exchange_finished, "t"});
  CAF_CHECK_EQUAL(*s.listen({everything, 256, 0}),
                  (lines{"snapshot 7 0", "missed 6", "6 tunnel-added t"}));
  CAF_CHECK_EQUAL(*s.listen({everything, 256, 4}),
                  (lines{"snapshot 7 0", "missed 2", "6 tunnel-added t"}));
  CAF_CHECK_EQUAL(*s.listen({everything, 256, 7}), (lines{"snapshot 7 0"}));
  CAF_CHECK_EQUAL(*s.listen({everything, 256, 99}), (lines{"snapshot 7 0"}));
  CAF_CHECK_EQUAL(*s.listen({{}, 256, 0}),
                  (lines{"snapshot 7 0", "6 tunnel-added t"}));
}

CAF_TEST(masses_do_not_push_out_what_is_rare) {
  script it;
  it.tell({event_kind::tunnel_added, "a"});
  for (size_t i = 0; i < 3 * event_memory::room; ++i)
    it.tell({event_kind::auth_failed, "x"});
  it.tell({event_kind::fallback_state, "a"});
  const auto heard = it.listen({{}, 4096, 0});
  const auto gone = 3 * event_memory::room - event_memory::room_for_masses;
  CAF_REQUIRE_EQUAL(heard->size(), 4 + event_memory::room_for_masses);
  CAF_CHECK_EQUAL(heard->at(1), "missed " + std::to_string(gone));
  CAF_CHECK_EQUAL(heard->at(2), "1 tunnel-added a");
  CAF_CHECK_EQUAL(heard->at(3),
                  std::to_string(gone + 2) + " auth-failed x");
  CAF_CHECK(heard->back().ends_with(" fallback-state a"));
}

CAF_TEST(only_subscribers_that_want_them_make_per_request_events) {
  script it;
  it.listen({});
  CAF_CHECK(!it.watch->load());
  it.listen({{set_of(event_kind::exchange_started), {}}, 10, {}});
  CAF_CHECK(it.watch->load());
}

CAF_TEST(a_session_is_up_from_its_first_connection_to_its_last) {
  script it;
  const auto heard = it.listen({});
  it.tell(it.about(event_kind::connection_opened, "c1"));
  it.tell(it.about(event_kind::connection_opened, "c2"));
  it.tell(it.about(event_kind::connection_lost, "c1"));
  it.tell(it.about(event_kind::connection_opened, "c3"));
  it.tell(it.about(event_kind::connection_drained, "c2"));
  it.tell(it.about(event_kind::connection_drained, "c3"));
  std::vector<std::string> kinds;
  for (size_t i = 1; i < heard->size(); ++i) {
    const auto& line = heard->at(i);
    kinds.push_back(line.substr(line.find(' ') + 1));
  }
  CAF_CHECK_EQUAL(
    kinds, (lines{"connection-opened t", "session-up t", "connection-opened t",
                  "connection-lost t", "connection-opened t",
                  "connection-restarted t", "connection-drained t",
                  "connection-drained t", "session-down t"}));
}

CAF_TEST(live_actors_are_listed_until_they_end) {
  script it;
  caf::actor who = it.system->spawn([](caf::event_based_actor*) {
    return caf::behavior{[](int) {}};
  });
  it.actors.push_back(who);
  compat::send_anonymously(
    it.monitor, enrol{{actor_kind::pool, "t", "e", "grpc", {}, {}, who}});
  it.run();
  CAF_CHECK_EQUAL(it.listen({})->at(0), "snapshot 0 1");
  compat::stop_anonymously(who);
  it.run();
  CAF_CHECK_EQUAL(it.listen({})->at(0), "snapshot 0 0");
}

CAF_TEST(a_line_that_repeats_is_written_ten_times_and_then_summed_up) {
  script it;
  auto lost = it.about(event_kind::connection_lost);
  lost.reason = "lost";
  for (int i = 0; i < 25; ++i)
    it.tell(lost);
  it.advance(std::chrono::seconds(11));
  const auto text = it.lines.str();
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 11);
  CAF_CHECK_NOT_EQUAL(
    text.find("[GRPC-POOL] Connection lost at t.e: lost repeated 15 times\n"),
    std::string::npos);
}

CAF_TEST(requests_that_fail_alike_are_one_line_and_their_sum) {
  script it;
  for (int i = 0; i < 5; ++i)
    for (const auto* mapping : {"http://direct.test", "http://other.test"}) {
      event failed{event_kind::exchange_failed};
      failed.mapping = mapping;
      failed.request_id = "r" + std::to_string(i);
      failed.reason = "origin-refused";
      failed.detail = "why";
      it.tell(failed);
    }
  it.advance(std::chrono::seconds(11));
  CAF_CHECK_EQUAL(
    it.sorted_lines(),
    "[REQUEST] Exchange failed at http://direct.test: origin-refused repeated "
    "4 times\n"
    "[REQUEST] Exchange failed at http://other.test: origin-refused repeated "
    "4 times\n"
    "[REQUEST] Request r0 for http://direct.test failed: why\n"
    "[REQUEST] Request r0 for http://other.test failed: why\n");
}

CAF_TEST(what_was_chosen_from_strangers_is_not_summed_up_again) {
  script it;
  for (int i = 0; i < 12; ++i) {
    event refused{event_kind::exchange_failed};
    refused.peer = "192.0.2.1";
    refused.reason = "no-mapping";
    refused.number = 404;
    refused.detail = std::to_string(i);
    it.tell(refused);
  }
  it.advance(std::chrono::seconds(11));
  const auto text = it.lines.str();
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 12);
}

CAF_TEST(a_strangers_words_are_clean_and_make_no_line_of_their_own) {
  script it;
  for (int i = 0; i < 100; ++i) {
    auto refused = it.about(event_kind::auth_failed);
    refused.tunnel = "t" + std::to_string(i);
    refused.endpoint = "\x1b[31m\n2026-01-01 forged" + std::string(10'000, 'x');
    refused.detail = "a\nb";
    refused.reason = "bad-password";
    refused.peer = "192.0.2.1";
    it.tell(refused);
  }
  it.advance(std::chrono::seconds(11));
  const auto text = it.lines.str();
  CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 11);
  CAF_CHECK_EQUAL(text.find('\x1b'), std::string::npos);
  CAF_CHECK_LESS(text.size(), 8192u);
  CAF_CHECK_NOT_EQUAL(text.find("from 192.0.2.1: bad-password repeated 90"),
                      std::string::npos);
}
