#define CAF_SUITE event_kinds

#include "actors/watch/event_kinds.hpp"

#include "actors/watch/event_memory.hpp"
#include "actors/watch/event_text.hpp"
#include "tests/support/test.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace aps;

namespace {

struct line {
  event_kind kind;
  std::string level;
  std::string text;
};

// Of an event of each kind with all that an event can have.
const std::vector<line> lines{
  {event_kind::tunnel_added, "info", "[TUNNEL] Tunnel t is ready"},
  {event_kind::endpoint_up, "info", "[TUNNEL] Endpoint t.e is up"},
  {event_kind::endpoint_down, "warning",
   "[TUNNEL] Endpoint t.e has no connection any more"},
  {event_kind::pool_created, "info",
   "[POLL-POOL] Created new pool for t.e why"},
  {event_kind::pool_grown, "info", "[POLL-POOL] Pool t.e grows: why (3)"},
  {event_kind::pool_exhausted, "warning",
   "[POLL-POOL] Pool t.e is exhausted: why (waiting: 3)"},
  {event_kind::connection_opened, "info",
   "[POLL-POOL] Connection c joined pool t.e why (size: 3)"},
  {event_kind::connection_refused, "warning",
   "[AUTH] Refused polling connection c for t.e: why"},
  {event_kind::connection_idle_closed, "info",
   "[POLL-POOL] Closing idle connection c in pool t.e"},
  {event_kind::connection_expired, "info",
   "[POLL-POOL] Closing expired connection c in pool t.e"},
  {event_kind::connection_lost, "warning",
   "[POLL-POOL] Connection c left pool t.e: why"},
  {event_kind::connection_ejected, "warning",
   "[POLL-POOL] Ejected connection c from pool t.e: why"},
  {event_kind::connection_readmitted, "info",
   "[POLL-POOL] Readmitted connection c to pool t.e: why"},
  {event_kind::endpoint_degraded, "warning",
   "[POLL-POOL] Pool t.e is degraded: why"},
  {event_kind::endpoint_recovered, "info",
   "[POLL-POOL] Pool t.e recovered: why"},
  {event_kind::session_replaced, "info",
   "[TUNNEL] An agent of t.e came back; its former session why is over"},
  {event_kind::fallback_attempt, "warning",
   "[HYBRID] gRPC request failed for t.e, trying WebSocket fallback: why"},
  {event_kind::fallback_state, "info",
   "[HYBRID] Endpoint t.e changed state: why"},
  {event_kind::exchange_moved, "info",
   "[HYBRID] Moving 3 exchanges of t.e to another connection: why"},
  {event_kind::exchange_failed, "warning",
   "[REQUEST] Request id for t.e failed: why"},
  {event_kind::actor_restarted, "warning", "[SUPERVISOR] Restarted why"},
  {event_kind::node_draining, "info", "[NODE] Draining"},
  {event_kind::tunnel_changed, "info", "[TUNNEL] Tunnel t changed: why"},
  {event_kind::tunnel_removed, "info", "[TUNNEL] Tunnel t is gone: why"},
  {event_kind::session_up, "debug", "[TUNNEL] Session s of t.e is up"},
  {event_kind::session_down, "debug",
   "[TUNNEL] Session s of t.e has no connection any more"},
  {event_kind::connection_authenticated, "debug",
   "[AUTH] Connection c why is t.e"},
  {event_kind::connection_drained, "debug",
   "[POLL-POOL] Connection c of pool t.e is closed: why"},
  {event_kind::connection_restarted, "debug",
   "[POLL-POOL] Connection c replaces a lost one in pool t.e"},
  {event_kind::pool_shrunk, "debug", "[POLL-POOL] Pool t.e shrinks: why (3)"},
  {event_kind::auth_failed, "warning",
   "[AUTH] Refused polling connection c for t.e: why"},
  {event_kind::config_reloaded, "info", "[NODE] Configuration reloaded: why"},
  {event_kind::fault_injected, "warning",
   "[ADMIN] Fault in connection c of t.e: why"},
  {event_kind::admin_action, "info", "[ADMIN] why"},
  {event_kind::admin_refused, "warning", "[ADMIN] why"},
  {event_kind::log_changed, "info", "[ADMIN] why"},
  {event_kind::limit_reached, "warning",
   "[LIMIT] word reached by why (3 more times)"},
  {event_kind::handler_failed, "warning",
   "[NODE] A connection was given up because of an exception: why"},
  {event_kind::connection_leased, "trace",
   "[POLL-POOL] Connection c acquired from pool t.e"},
  {event_kind::connection_returned, "trace",
   "[POLL-POOL] Connection c returned to pool t.e"},
  {event_kind::exchange_started, "trace", "[REQUEST] id started: why"},
  {event_kind::exchange_finished, "trace", "[REQUEST] id finished: why"},
  {event_kind::target_rests, "warning", "[TUNNEL] Endpoint t.e: why"},
  {event_kind::target_recovered, "info", "[TUNNEL] Endpoint t.e: why"},
  {event_kind::target_down, "warning", "[TUNNEL] Endpoint t.e: why"},
  {event_kind::target_up, "info", "[TUNNEL] Endpoint t.e: why"},
  {event_kind::endpoint_drained, "info",
   "[TUNNEL] Endpoint t.e is out of rotation, by why"},
  {event_kind::endpoint_undrained, "info",
   "[TUNNEL] Endpoint t.e is back in rotation, by why"},
  {event_kind::session_drained, "info",
   "[TUNNEL] Session s of t.e is out of rotation, by why"},
  {event_kind::session_undrained, "info",
   "[TUNNEL] Session s of t.e is back in rotation, by why"},
  {event_kind::certificate_renewed, "info", "[NODE] why"},
  {event_kind::certificate_refused, "warning", "[NODE] why"},
  {event_kind::certificate_ends, "warning", "[NODE] why"},
  {event_kind::credential_revoked, "warning",
   "[AUTH] Credential why of tunnel t.e counts no more; its sessions end"},
  {event_kind::mapping_published, "info", "[TUNNEL] t.e publishes why"},
  {event_kind::mapping_withdrawn, "info", "[TUNNEL] t.e publishes why no more"},
  {event_kind::publication_refused, "warning",
   "[TUNNEL] t.e does not get a name: why"},
};

event full(event_kind kind) {
  return {kind, "t", "e", "poll", "c", "why", 3, "word", "s", "id"};
}

} // namespace

CAF_TEST(each_kind_has_its_line_and_level) {
  CAF_REQUIRE_EQUAL(lines.size(), event_kinds);
  for (size_t i = 0; i < lines.size(); ++i) {
    CAF_CHECK(static_cast<size_t>(lines[i].kind) == i);
    CAF_CHECK_EQUAL(render(full(lines[i].kind)), lines[i].text);
    const auto level = spdlog::level::to_string_view(level_of(lines[i].kind));
    CAF_CHECK_EQUAL(std::string(level.data(), level.size()), lines[i].level);
  }
}

CAF_TEST(names_are_the_enumerators_in_the_api_s_spelling) {
  std::set<std::string_view> names;
  for (const auto& row : event_table) {
    names.insert(row.name);
    CAF_CHECK(event_kind_named(row.name) == row.kind);
    CAF_CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-")
              == row.name.npos);
  }
  CAF_CHECK_EQUAL(names.size(), event_kinds);
  CAF_CHECK(!event_kind_named("all"));
  CAF_CHECK(!event_kind_named(""));
}

CAF_TEST(sets_are_made_of_paces) {
  CAF_CHECK_EQUAL(life_cycle_kinds | per_request_kinds, all_kinds);
  CAF_CHECK_EQUAL(life_cycle_kinds & per_request_kinds, 0u);
  CAF_CHECK_EQUAL(set_of(event_pace::per_request),
                  set_of(event_kind::connection_leased)
                    | set_of(event_kind::connection_returned)
                    | set_of(event_kind::exchange_started)
                    | set_of(event_kind::exchange_finished));
  CAF_CHECK_EQUAL(
    set_of(event_pace::mass),
    set_of(event_kind::exchange_failed) | set_of(event_kind::fallback_attempt)
      | set_of(event_kind::connection_refused) | set_of(event_kind::auth_failed)
      | set_of(event_kind::admin_refused)
      | set_of(event_kind::mapping_published)
      | set_of(event_kind::mapping_withdrawn)
      | set_of(event_kind::publication_refused)
      | set_of(event_kind::limit_reached));
}

CAF_TEST(what_comes_in_masses_does_not_push_out_the_rest) {
  event_memory memory;
  uint64_t serial = 0;
  const auto keep = [&](event_kind kind) {
    auto one = full(kind);
    one.serial = ++serial;
    memory.keep(one);
  };
  keep(event_kind::endpoint_up);
  for (size_t i = 0; i < 2 * event_memory::room; ++i)
    keep(event_kind::auth_failed);
  keep(event_kind::exchange_started);
  std::multiset<event_kind> kept;
  memory.after(0, [&](const event& one) { kept.insert(one.kind); });
  CAF_CHECK_EQUAL(kept.count(event_kind::endpoint_up), 1u);
  CAF_CHECK_EQUAL(kept.count(event_kind::auth_failed),
                  event_memory::room_for_masses);
  CAF_CHECK_EQUAL(kept.size(), event_memory::room_for_masses + 1);
}

CAF_TEST(sentences_take_what_their_words_mean) {
  auto limit = full(event_kind::limit_reached);
  limit.number = 0;
  CAF_CHECK_EQUAL(sentence(limit), "word reached by why");
  limit.number = 1;
  CAF_CHECK_EQUAL(sentence(limit), "word reached by why (once more)");
  auto moved = full(event_kind::exchange_moved);
  moved.number = 1;
  moved.endpoint.clear();
  CAF_CHECK_EQUAL(sentence(moved),
                  "Moving 1 exchange of t to another connection: why");
  auto refused = full(event_kind::auth_failed);
  refused.transport = "grpc";
  CAF_CHECK_EQUAL(sentence(refused), "Refused gRPC connection c for t.e: why");
  auto failed = full(event_kind::exchange_failed);
  failed.peer = "10.0.0.1";
  failed.number = 404;
  CAF_CHECK_EQUAL(sentence(failed), "Refused 10.0.0.1 with 404 word: why");
  failed = event{event_kind::exchange_failed};
  failed.detail = "{place}";
  CAF_CHECK_EQUAL(sentence(failed), "Request failed: {place}");
}
