#define CAF_SUITE monitor_service

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "monitored_node.hpp"
#include "tests/support/test.hpp"

#include <caf/event_based_actor.hpp>

using namespace aps;
using namespace aps::test;

namespace {

/// What a subscriber that is an actor heard.
struct hearing {
  std::mutex mutex;
  std::vector<event> events; // by mutex
  bool begun = false;        // by mutex

  std::vector<event> heard() {
    const std::lock_guard guard{mutex};
    return events;
  }
  bool has_begun() {
    const std::lock_guard guard{mutex};
    return begun;
  }
};

caf::behavior subscriber(caf::event_based_actor* self, monitor_actor monitor,
                         std::shared_ptr<hearing> to) {
  compat::send(self, monitor, subscribe{{all_kinds}, 4096});
  return {
    [=](const monitor_snapshot&) {
      const std::lock_guard guard{to->mutex};
      to->begun = true;
    },
    [=](const event& what) {
      compat::send(self, monitor, acknowledge{1});
      const std::lock_guard guard{to->mutex};
      to->events.push_back(what);
    },
    [](const missed&) { CAF_FAIL("the subscriber missed events"); },
  };
}

wire::WatchRequest everything() {
  wire::WatchRequest out;
  out.mutable_filter()->add_kinds("all");
  return out;
}

// The events of a watch, without its snapshot; a gap fails.
std::vector<wire::Occurrence> occurrences(const reader& from) {
  std::vector<wire::Occurrence> out;
  for (const auto& event : from.events()) {
    CAF_CHECK(!event.has_missed());
    if (event.has_occurrence())
      out.push_back(event.occurrence());
  }
  return out;
}

// A connection comes, is cut, comes again, and goes.
void live_a_life(monitored_node& where, hearing& ear) {
  const auto count = [&](event_kind kind) {
    const auto all = ear.heard();
    return std::count_if(all.begin(), all.end(),
                         [kind](const event& one) { return one.kind == kind; });
  };
  const auto dialler = where.make_agent();
  CAF_CHECK(
    eventually([&] { return count(event_kind::connection_opened) >= 3; }));
  const auto stub = where.stub();
  for (const auto& one : ear.heard()) {
    if (one.kind != event_kind::connection_opened)
      continue;
    call_context context;
    wire::OperateRequest request;
    request.mutable_fault()->set_connection(one.connection);
    request.mutable_fault()->set_kind("cut");
    wire::OperateResult result;
    CAF_CHECK(stub->Operate(&context, request, &result).ok());
    CAF_CHECK_EQUAL(result.count(), 1u);
  }
  CAF_CHECK(
    eventually([&] { return count(event_kind::connection_restarted) >= 3; }));
  dialler->stop(std::chrono::milliseconds(100));
  CAF_CHECK(eventually([&] { return count(event_kind::session_down) > 0; }));
}

} // namespace

CAF_TEST(a_watcher_sees_what_an_actor_hears_in_the_same_order) {
  monitored_node where;
  const auto ear = std::make_shared<hearing>();
  auto actor = where.app.system.spawn(subscriber, where.node->monitor(), ear);
  reader watcher{where, everything()};
  CAF_REQUIRE(eventually([&] { return watcher.begun() && ear->has_begun(); }));
  live_a_life(where, *ear);
  CAF_CHECK(eventually([&] {
    return watcher.events().back().occurrence().serial()
           == ear->heard().back().serial;
  }));
  compat::stop_anonymously(actor);
  actor = nullptr;
  // One of the two may have come a little later.
  auto heard = ear->heard();
  auto seen = occurrences(watcher);
  const auto start = std::max(heard.front().serial, seen.front().serial());
  std::erase_if(heard, [&](const event& one) { return one.serial < start; });
  std::erase_if(seen, [&](const auto& one) { return one.serial() < start; });
  CAF_REQUIRE_EQUAL(heard.size(), seen.size());
  CAF_CHECK(heard.size() > 20);
  for (size_t i = 0; i < heard.size(); ++i) {
    CAF_CHECK_EQUAL(heard[i].serial, seen[i].serial());
    CAF_CHECK_EQUAL(to_string(heard[i].kind), seen[i].kind());
    CAF_CHECK_EQUAL(heard[i].connection, seen[i].connection());
    CAF_CHECK_EQUAL(heard[i].detail, seen[i].detail());
  }
}

CAF_TEST(a_snapshot_says_where_the_events_begin) {
  monitored_node where;
  reader watcher{where, everything()};
  CAF_REQUIRE(eventually([&] { return watcher.begun(); }));
  compat::enqueue(nullptr, where.node->monitor(),
                  event{event_kind::log_changed});
  CAF_REQUIRE(eventually([&] { return watcher.events().size() > 1; }));
  const auto events = watcher.events();
  const auto& start = events[0].snapshot();
  CAF_CHECK(start.tunnels().contains("t"));
  CAF_CHECK_EQUAL(events[1].occurrence().serial(), start.serial() + 1);
  CAF_CHECK_EQUAL(start.id(),
                  start.node().id() + "-" + std::to_string(start.serial()));
}

CAF_TEST(more_watchers_than_there_may_be_are_refused) {
  monitored_node where;
  std::vector<std::unique_ptr<reader>> all;
  for (int i = 0; i < 128; ++i)
    all.push_back(std::make_unique<reader>(where, everything()));
  CAF_REQUIRE(eventually([&] {
    return std::all_of(all.begin(), all.end(),
                       [](const auto& one) { return one->begun(); });
  }));
  reader last{where, everything()};
  CAF_REQUIRE(eventually([&] { return last.status().has_value(); }));
  CAF_CHECK(last.status()->error_code()
            == grpc::StatusCode::RESOURCE_EXHAUSTED);
  all.pop_back();
  // Its place is free as soon as the node has heard of it.
  CAF_CHECK(eventually([&] {
    reader again{where, everything()};
    return eventually([&] { return again.begun() || again.status(); })
           && again.begun();
  }));
}

CAF_TEST(a_word_that_nobody_knows_is_refused) {
  monitored_node where;
  wire::WatchRequest request;
  request.mutable_filter()->add_kinds("tunnel-aded");
  reader watcher{where, request};
  CAF_REQUIRE(eventually([&] { return watcher.status().has_value(); }));
  CAF_CHECK(watcher.status()->error_code()
            == grpc::StatusCode::INVALID_ARGUMENT);
  CAF_CHECK_EQUAL(watcher.status()->error_message(),
                  "there is no kind of event \"tunnel-aded\"; do you mean "
                  "tunnel-added?");
}

CAF_TEST(an_explanation_has_as_many_candidates_as_asked_for) {
  monitored_node where;
  call_context context;
  wire::ExplainRequest request;
  request.set_url("http://example.com/");
  wire::Explanation found;
  CAF_REQUIRE(where.stub()->Explain(&context, request, &found).ok());
  CAF_CHECK_EQUAL(found.outcome(), "no-mapping");
  CAF_CHECK_EQUAL(found.candidates_total(), 0u);
}
