#define CAF_SUITE metrics

#include "actors/watch/metrics.hpp"
#include "tests/actors/watch/metric_reader.hpp"
#include "tests/support/test.hpp"

#include "config/routing/routes.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

/// The lines of one metric, without the time of the look.
struct fixture : test::metric_reader {
  std::vector<std::string> lines(const std::string& name) {
    std::vector<std::string> out;
    const auto text = all();
    for (auto at = text.find("\n" + name); at != text.npos;
         at = text.find("\n" + name, at + 1)) {
      const auto end = text.find('\n', at + 1);
      const auto line = text.substr(at + 1, end - at - 1);
      if (line[name.size()] == '{' || line[name.size()] == ' ')
        out.push_back(line.substr(0, line.rfind(' ')));
    }
    return out;
  }

  /// The value of the only line of a metric, without zeros at its end.
  std::string only(const std::string& name) {
    const auto found = lines(name);
    if (found.size() != 1)
      return std::to_string(found.size()) + " lines";
    auto text = found[0].substr(found[0].rfind(' ') + 1);
    if (text.find('.') != text.npos)
      text.erase(text.find_last_not_of("0.") == text.npos
                   ? 1
                   : text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
      text.pop_back();
    return text;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

exchange_record over(uint16_t status) {
  exchange_record out;
  out.facts = std::make_shared<exchange_facts>();
  out.started = start;
  out.ended = start + 4s;
  out.status = status;
  return out;
}

void carried(exchange_record& record, std::string tunnel,
             std::chrono::nanoseconds rtt = {}) {
  auto by = std::make_shared<carrier>();
  by->tunnel = std::move(tunnel);
  by->transport = "grpc";
  by->rtt_ns = rtt.count();
  exchange_attempt attempt;
  attempt.by = std::move(by);
  record.attempts.push_back(std::move(attempt));
}

pool_snapshot pool(std::string tunnel,
                   const std::vector<std::pair<std::string, bool>>& members) {
  pool_snapshot out;
  out.tunnel = std::move(tunnel);
  out.transport = transport_kind::grpc;
  for (const auto& [session, drained] : members) {
    auto& member = out.members.emplace_back();
    member.session = session;
    member.drained = drained;
  }
  return out;
}

endpoint_snapshot endpoint(std::string name) {
  endpoint_snapshot out;
  out.name = std::move(name);
  out.controller.state = "primary";
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(metrics_tests, fixture)

CAF_TEST(an exchange is live from its start to its end) {
  exchange_metrics uut{registry};
  uut.on_start();
  uut.on_start();
  uut.on_over(over(200));
  CAF_CHECK_EQUAL(only("aps_exchanges_started_total"), "2");
  CAF_CHECK_EQUAL(only("aps_exchanges_live"), "1");
}

CAF_TEST(a status counts in its class) {
  const std::pair<uint16_t, std::string> rows[]
    = {{0, "none"},  {101, "1xx"}, {200, "2xx"}, {299, "2xx"},
       {304, "3xx"}, {404, "4xx"}, {599, "5xx"}, {600, "other"}};
  for (const auto& [status, code] : rows) {
    fixture own;
    exchange_metrics uut{own.registry};
    uut.on_start();
    uut.on_over(over(status));
    const auto found = own.lines("aps_exchanges_total");
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK(has(found[0], "code=\"" + code + "\""));
    CAF_CHECK(has(found[0], "outcome=\"ok\""));
  }
}

CAF_TEST(the last carrier has it and else the first tunnel that might) {
  exchange_metrics uut{registry};
  auto record = over(200);
  carried(record, "first");
  carried(record, "last");
  uut.on_over(record);
  auto unsent = over(503);
  auto facts = std::make_shared<exchange_facts>();
  auto via = std::make_shared<route>();
  via->rule.tunnels = {"wanted", "other"};
  facts->via = via;
  unsent.facts = facts;
  uut.on_over(unsent);
  uut.on_over(over(404));
  const auto found = lines("aps_exchanges_total");
  CAF_REQUIRE_EQUAL(found.size(), 3u);
  const auto count = [&](const std::string& part) {
    return std::count_if(found.begin(), found.end(),
                         [&](const auto& line) { return has(line, part); });
  };
  CAF_CHECK_EQUAL(count("tunnel=\"last\""), 1);
  CAF_CHECK_EQUAL(count("tunnel=\"wanted\""), 1);
  CAF_CHECK_EQUAL(count("tunnel=\"\""), 1);
  CAF_CHECK_EQUAL(count("transport=\"none\""), 2);
}

CAF_TEST(times are measured where they happened) {
  exchange_metrics uut{registry};
  uut.on_over(over(404)); // neither a carrier nor a first byte
  CAF_CHECK_EQUAL(only("aps_exchange_duration_seconds_count"), "1");
  CAF_CHECK_EQUAL(only("aps_exchange_duration_seconds_sum"), "4");
  CAF_CHECK_EQUAL(only("aps_first_byte_seconds_count"), "0");
  CAF_CHECK_EQUAL(only("aps_acquire_seconds_count"), "0");

  fixture other;
  exchange_metrics second{other.registry};
  auto record = over(200);
  carried(record, "t", 500ms);
  record.acquired = start + 1s;
  record.first_byte = start + 2s;
  second.on_over(record);
  CAF_CHECK_EQUAL(other.only("aps_first_byte_seconds_sum"), "2");
  CAF_CHECK_EQUAL(other.only("aps_acquire_seconds_sum"), "1");
  CAF_CHECK_EQUAL(other.only("aps_tunnel_overhead_seconds_sum"), "1.5");

  fixture third;
  exchange_metrics unmeasured{third.registry};
  auto no_rtt = over(200);
  carried(no_rtt, "t");
  no_rtt.acquired = start + 1s;
  unmeasured.on_over(no_rtt);
  CAF_CHECK_EQUAL(third.only("aps_acquire_seconds_count"), "1");
  CAF_CHECK_EQUAL(third.only("aps_tunnel_overhead_seconds_count"), "0");
}

CAF_TEST(bytes and moves are added up each to its own) {
  exchange_metrics uut{registry};
  for (int i = 0; i < 2; ++i) {
    auto record = over(200);
    record.bytes_up = 1;
    record.bytes_down = 10;
    record.bytes_resent = 100;
    record.moves = 1000;
    uut.on_over(record);
  }
  CAF_CHECK_EQUAL(only("aps_exchange_received_bytes_total"), "2");
  CAF_CHECK_EQUAL(only("aps_exchange_sent_bytes_total"), "20");
  CAF_CHECK_EQUAL(only("aps_exchange_resent_bytes_total"), "200");
  CAF_CHECK_EQUAL(only("aps_exchange_moves_total"), "2000");
}

CAF_TEST(events of lives are counted and those of requests are not ) {
  event_metrics uut{registry};
  CAF_CHECK_EQUAL(lines("aps_events_total").size(),
                  event_kinds - 4); // from the start, as zeros
  for (size_t i = 0; i < event_kinds; ++i)
    uut.on_event({static_cast<event_kind>(i)});
  for (const auto& line : lines("aps_events_total")) {
    CAF_CHECK(line.ends_with(" 1"));
    CAF_CHECK(!has(line, "kind=\"exchange-started\""));
  }
  CAF_CHECK_EQUAL(only("aps_auth_failures_total"), "1");
}

CAF_TEST(agents of a tunnel are sessions and not connections) {
  snapshot_metrics uut{registry};
  auto look = uut.begin();
  uut.add("t");
  auto one = endpoint("a");
  one.drained = true;
  one.controller.pools = {pool("t", {{"s1", false}, {"s1", true}}),
                          pool("t", {{"s1", false}, {"s2", false}})};
  uut.add("t", one);
  auto two = endpoint("b");
  two.controller.pools = {pool("t", {{"s3", false}})};
  uut.add("t", two);
  uut.finish();
  CAF_CHECK_EQUAL(only("aps_tunnel_agents"), "3");
  CAF_CHECK_EQUAL(only("aps_tunnel_agents_drained"), "1");
  CAF_CHECK_EQUAL(only("aps_tunnel_endpoints_drained"), "1");
}

CAF_TEST(one look at a time) {
  snapshot_metrics uut{registry};
  auto look = uut.begin();
  CAF_CHECK(look);
  CAF_CHECK(!uut.begin());
  look.reset();
  CAF_CHECK(uut.begin());
}

CAF_TEST(what is gone is zero and left out of the text) {
  snapshot_metrics uut{registry};
  const auto look = [&](const std::vector<endpoint_snapshot>& all) {
    const auto use = uut.begin();
    CAF_REQUIRE(use);
    uut.add("t");
    for (const auto& one : all)
      uut.add("t", one);
    uut.finish();
    std::string text;
    for (metrics_text rest{registry, uut.gone()}; rest.step(text);) {
    }
    return text;
  };
  auto busy = endpoint("a");
  busy.in_flight = 7;
  CAF_CHECK(has(look({busy}), "aps_endpoint_exchanges{"));
  const auto text = look({});
  CAF_CHECK(!has(text, "aps_endpoint_exchanges{"));
  CAF_CHECK(!has(text, "aps_fallback_state{"));
  CAF_CHECK(has(text, "aps_tunnel_agents{"));
  CAF_CHECK_EQUAL(only("aps_endpoint_exchanges"), "0");
  CAF_CHECK(has(look({busy}), "aps_endpoint_exchanges{")); // it came back
  CAF_CHECK_EQUAL(only("aps_endpoint_exchanges"), "7");
}

CAF_TEST(switches of a breaker add up over its restarts) {
  snapshot_metrics uut{registry};
  auto one = endpoint("a");
  for (const auto& [switches, sum] :
       std::vector<std::pair<uint64_t, std::string>>{
         {0, "0"}, {3, "3"}, {3, "3"}, {5, "5"}, {2, "7"}}) {
    one.controller.switches = switches;
    const auto use = uut.begin();
    uut.add("t", one);
    uut.finish();
    CAF_CHECK_EQUAL(only("aps_fallback_switches_total"), sum);
  }
}

CAF_TEST(the state of a breaker is one of three) {
  snapshot_metrics uut{registry};
  auto one = endpoint("a");
  one.controller.state = "probing";
  const auto use = uut.begin();
  uut.add("t", one);
  uut.finish();
  const auto found = lines("aps_fallback_state");
  CAF_CHECK_EQUAL(found.size(), 3u);
  for (const auto& line : found)
    CAF_CHECK_EQUAL(line.ends_with(" 1.000000"),
                    has(line, "state=\"probing\""));
}

CAF_TEST(a flood of endpoints shares one label) {
  snapshot_metrics uut{registry};
  const auto look = [&](int count, const std::string& prefix) {
    const auto use = uut.begin();
    for (int i = 0; i < count; ++i) {
      auto one = endpoint(prefix + std::to_string(i));
      one.live = 1;
      uut.add("t", one);
    }
    uut.finish();
    return lines("aps_endpoint_connections").size();
  };
  CAF_CHECK_EQUAL(look(256, "a"), 256u);
  CAF_CHECK_EQUAL(look(300, "a"), 257u);
  CAF_CHECK(has(all(), "endpoint=\"other\""));
  // Those that left make room for others.
  look(0, "");
  CAF_CHECK_EQUAL(look(10, "b"), 267u);
}

CAF_TEST(a pool shows its worst connection) {
  snapshot_metrics uut{registry};
  auto one = endpoint("a");
  one.controller.pools = {pool("t", {{"s", false}, {"s", false}})};
  auto& members = one.controller.pools[0].members;
  members[0].health.latency_ms = 10;
  members[1].health.latency_ms = 30;
  members[1].health.failures = 0.5;
  const auto use = uut.begin();
  uut.add("t", one);
  uut.finish();
  CAF_CHECK_EQUAL(only("aps_pool_connections"), "2");
  CAF_CHECK_EQUAL(only("aps_pool_rtt_mean_seconds"), "0.02");
  CAF_CHECK_EQUAL(only("aps_pool_rtt_max_seconds"), "0.03");
  // One of two failed, which the text has with six digits.
  CAF_CHECK_EQUAL(only("aps_pool_score_min"),
                  std::to_string(members[1].health.score()));
}

CAF_TEST_FIXTURE_SCOPE_END()
