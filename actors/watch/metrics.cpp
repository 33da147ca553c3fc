#include "actors/watch/metrics.hpp"

#include "actors/watch/metric_text.hpp"
#include "config/routing/routes.hpp"

#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/timestamp.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

namespace aps {

namespace {

using caf::telemetry::label_view;

constexpr size_t max_endpoints = 256;
constexpr size_t max_labels = 2048;

// From a tenth of a millisecond (a request on one machine) to half a minute.
constexpr std::array bounds{.0001, .00025, .0005, .001, .0025, .005, .01, .025,
                            .05,   .1,     .25,   .5,   1.,    2.5,  5.,  10.,
                            30.};

std::string_view help_of(std::string_view name) {
  constexpr std::array<std::array<std::string_view, 2>, 16> known{{
    {"pool-connections", "Connections of a pool."},
    {"pool-connections-usable", "Connections that take new exchanges."},
    {"pool-connections-min", "Connections that a pool keeps ready."},
    {"pool-connections-max", "Connections that a pool never exceeds."},
    {"pool-leases", "Exchanges on a pool's connections."},
    {"pool-waiting", "Requests that wait for a connection."},
    {"pool-rtt-mean", "Mean of the connections' smoothed round-trip times."},
    {"pool-rtt-max", "Longest of the connections' round-trip times."},
    {"pool-score-min", "Health of a pool's worst connection, 1 = healthy."},
    {"fallback-state", "1 for the state that an endpoint's breaker is in."},
    {"endpoint-connections", "Live connections of an endpoint."},
    {"endpoint-exchanges", "Exchanges that an endpoint has now."},
    {"endpoint-targets-down", "Targets of its agents that checks find down."},
    {"tunnel-agents", "Agent processes of a tunnel."},
    {"tunnel-agents-drained", "Those of them that are out of rotation."},
    {"tunnel-endpoints-drained", "Endpoints of a tunnel out of rotation."},
  }};
  for (const auto& [known_name, help] : known)
    if (known_name == name)
      return help;
  return "See actors/admin/README.md.";
}

// The class of a status, as operators group them; a visitor that left got none.
std::string_view code_of(uint16_t status) {
  constexpr std::array<std::string_view, 6> classes{"none", "1xx", "2xx",
                                                    "3xx",  "4xx", "5xx"};
  const auto index = status / 100u;
  return index < classes.size() ? classes[index] : "other";
}

} // namespace

// -- exchanges ----------------------------------------------------------------

exchange_metrics::exchange_metrics(caf::telemetry::metric_registry& registry)
    : registry_(registry),
      started_(registry.counter_singleton("aps", "exchanges-started",
                                          "Exchanges that began.", "1", true)),
      live_(registry.gauge_singleton("aps", "exchanges-live",
                                     "Exchanges that are not over.")) {}

void exchange_metrics::on_start() {
  started_->inc();
  live_->inc();
}

exchange_metrics::cell&
exchange_metrics::cell_of(std::string_view tunnel, std::string_view transport) {
  std::pair<std::string, std::string> where{tunnel, transport};
  if (const auto i = cells_.find(where); i != cells_.end())
    return i->second;
  const auto counter = [&](caf::string_view name, caf::string_view help,
                           caf::string_view unit) {
    return registry_.counter_instance(
      "aps", name,
      {{"tunnel", view(tunnel)}, {"transport", view(transport)}}, help, unit,
      true);
  };
  const auto histogram = [&](caf::string_view name, caf::string_view help) {
    return registry_
      .histogram_family<double>("aps", name, {"tunnel", "transport"}, bounds,
                                help, "seconds")
      ->get_or_add(
        {{"tunnel", view(tunnel)}, {"transport", view(transport)}});
  };
  cell fresh;
  fresh.all = {
    counter("exchange-received", "Body bytes from visitors.", "bytes"),
    counter("exchange-sent", "Body bytes to visitors.", "bytes"),
    counter("exchange-resent", "Body bytes sent again after a move.", "bytes"),
    counter("exchange-moves", "Times an exchange changed its connection.",
            "1"),
    histogram("acquire", "From the request to a connection."),
    histogram("first-byte", "From the request to the head of the answer."),
    histogram("exchange-duration", "From the request to the answer's end."),
    histogram("tunnel-overhead",
              "Waiting for a connection plus its round-trip time."),
  };
  return cells_.emplace(std::move(where), std::move(fresh)).first->second;
}

void exchange_metrics::on_over(const exchange_record& record) {
  static const std::string none;
  live_->dec();
  const carrier* by
    = record.attempts.empty() ? nullptr : record.attempts.back().by.get();
  const auto* rule = record.facts->via ? &record.facts->via->rule : nullptr;
  const auto& tunnel = by && !by->tunnel.empty()        ? by->tunnel
                       : !rule || rule->tunnels.empty() ? none
                                                        : rule->tunnels.front();
  const std::string_view transport = by ? std::string_view{by->transport}
                                        : "none";
  auto& here = cell_of(tunnel, transport);
  const auto code = code_of(record.status);
  auto& counter = here.ended[{record.result, code}];
  if (!counter)
    counter
      = registry_.counter_instance("aps", "exchanges",
                                   {{"tunnel", view(tunnel)},
                                    {"transport", view(transport)},
                                    {"outcome", view(to_string(record.result))},
                                    {"class", view(class_of(record.result))},
                                    {"code", view(code)}},
                                   "Exchanges that are over.", "1", true);
  counter->inc();
  const auto add = [](auto* to, uint64_t amount) {
    if (amount > 0)
      to->inc(static_cast<int64_t>(amount));
  };
  add(here.all.bytes_up, record.bytes_up);
  add(here.all.bytes_down, record.bytes_down);
  add(here.all.bytes_resent, record.bytes_resent);
  add(here.all.moves, record.moves);
  here.all.total->observe(to_seconds(record.ended - record.started));
  if (record.first_byte != time_point{})
    here.all.first_byte->observe(
      to_seconds(record.first_byte - record.started));
  if (!by || record.acquired == time_point{})
    return;
  const auto waited = to_seconds(record.acquired - record.started);
  here.all.acquire->observe(waited);
  if (const auto rtt = by->rtt_ns.load(std::memory_order_relaxed); rtt > 0)
    here.all.overhead->observe(waited + static_cast<double>(rtt) * 1e-9);
}

// -- events -------------------------------------------------------------------

event_metrics::event_metrics(caf::telemetry::metric_registry& registry)
    : auth_failures_(registry.counter_singleton(
        "aps", "auth-failures", "Agents with a wrong tunnel or password.", "1",
        true)) {
  for (const auto& row : event_table)
    by_kind_.push_back(
      row.pace == event_pace::per_request
        ? nullptr
        : registry.counter_instance("aps", "events",
                                    {{"kind", view(row.name)}}, "Events.", "1",
                                    true));
}

void event_metrics::on_event(const event& event) {
  if (auto* counter = by_kind_[static_cast<size_t>(event.kind)])
    counter->inc();
  if (event.kind == event_kind::auth_failed)
    auth_failures_->inc();
}

// -- snapshots ----------------------------------------------------------------

snapshot_metrics::snapshot_metrics(caf::telemetry::metric_registry& registry,
                                   std::vector<outside_sum> sums,
                                   std::string_view version)
    : registry_(registry), process_(registry, std::move(sums), version) {}

hold snapshot_metrics::begin() {
  if (busy_->exchange(true))
    return nullptr;
  std::lock_guard guard{mutex_};
  process_.update();
  ++look_;
  return {busy_.get(), [busy = busy_](void*) { *busy = false; }};
}

// A tunnel without agents has to be seen, too.
void snapshot_metrics::add(const std::string& tunnel) {
  std::lock_guard guard{mutex_};
  for (const auto* name :
       {"tunnel-agents", "tunnel-agents-drained", "tunnel-endpoints-drained"})
    add(name, {{"tunnel", tunnel}}, 0);
}

void snapshot_metrics::show_agents(const std::string& tunnel,
                                   const endpoint_snapshot& endpoint) {
  std::set<std::string_view> sessions;
  std::set<std::string_view> drained;
  for (const auto& pool : endpoint.controller.pools)
    for (const auto& member : pool.members) {
      sessions.insert(member.session);
      if (member.drained)
        drained.insert(member.session);
    }
  const labels labels{{"tunnel", tunnel}};
  add("tunnel-agents", labels, double(sessions.size()));
  add("tunnel-agents-drained", labels, double(drained.size()));
  add("tunnel-endpoints-drained", labels, endpoint.drained ? 1 : 0);
}

void snapshot_metrics::add(const std::string& tunnel,
                           const endpoint_snapshot& endpoint) {
  std::lock_guard guard{mutex_};
  show_agents(tunnel, endpoint);
  const auto shown = bounded(tunnel, endpoint.name);
  const labels labels{{"tunnel", tunnel}, {"endpoint", shown}};
  add("endpoint-connections", labels, endpoint.live);
  add("endpoint-exchanges", labels, endpoint.in_flight);
  add("endpoint-targets-down", labels,
      double(std::count_if(endpoint.unhealthy.begin(), endpoint.unhealthy.end(),
                           [](const auto& one) { return one.down; })));
  show_fallback(tunnel, shown, endpoint.controller);
  for (const auto& pool : endpoint.controller.pools)
    show_pool(pool, shown);
}

// The registry keeps what it has: what is gone becomes zero there, and is left
// out of the text.
void snapshot_metrics::finish() {
  std::lock_guard guard{mutex_};
  release_labels();
  for (auto& [what, shown] : gauges_) {
    const bool there = shown.look == look_;
    shown.gauge->value(there ? shown.value : 0);
    if (there)
      gone_.erase(shown.gauge);
    else
      gone_.insert(shown.gauge);
  }
}

std::set<const void*> snapshot_metrics::gone() {
  std::lock_guard guard{mutex_};
  return gone_;
}

void snapshot_metrics::show_pool(const pool_snapshot& pool,
                                 const std::string& endpoint) {
  const labels labels{{"tunnel", pool.tunnel},
                      {"endpoint", endpoint},
                      {"transport", std::string(to_string(pool.transport))}};
  add("pool-connections", labels, double(pool.members.size()));
  add("pool-connections-usable", labels, pool.usable);
  add("pool-connections-min", labels, pool.min_size);
  add("pool-connections-max", labels, pool.max_size);
  add("pool-leases", labels, pool.leases);
  add("pool-waiting", labels, pool.waiting);
  if (pool.members.empty())
    return;
  double sum = 0;
  double longest = 0;
  double worst = 1;
  for (const auto& member : pool.members) {
    sum += member.health.latency_ms;
    longest = std::max(longest, member.health.latency_ms);
    worst = std::min(worst, member.health.score());
  }
  add("pool-rtt-mean", labels, sum / double(pool.members.size()) / 1000,
      "seconds");
  add("pool-rtt-max", labels, longest / 1000, "seconds");
  add("pool-score-min", labels, worst);
}

void snapshot_metrics::show_fallback(const std::string& tunnel,
                                     const std::string& endpoint,
                                     const controller_snapshot& state) {
  labels labels{{"tunnel", tunnel}, {"endpoint", endpoint}};
  for (const auto* word : {"primary", "fallback", "probing"}) {
    auto with_state = labels;
    with_state.emplace_back("state", word);
    add("fallback-state", with_state, state.state == word ? 1 : 0);
  }
  auto& [seen, shown] = switches_[labels];
  // A controller that was started again counts from zero.
  const auto more = state.switches >= seen ? state.switches - seen
                                           : state.switches;
  seen = state.switches;
  auto* counter = registry_.counter_instance(
    "aps", "fallback-switches",
    {{"tunnel", view(tunnel)}, {"endpoint", view(endpoint)}},
    "Times an endpoint's breaker changed its state.", "1", true);
  if (more > 0)
    counter->inc(static_cast<int64_t>(more));
  shown = counter;
  gone_.erase(counter);
}

void snapshot_metrics::add(const char* name, const labels& labels, double value,
                           const char* unit) {
  key key{name, labels};
  auto& here = gauges_[key];
  here.value = here.look == look_ ? here.value + value : value;
  here.look = look_;
  if (here.gauge)
    return;
  std::vector<label_view> shown;
  std::vector<caf::string_view> names;
  for (const auto& [label, text] : labels) {
    shown.emplace_back(view(label), view(text));
    names.push_back(view(label));
  }
  auto* family = registry_.gauge_family<double>(
    view("aps"), view(name), caf::span<const caf::string_view>{names},
    view(help_of(name)), view(unit));
  here.gauge = family->get_or_add(caf::span<const label_view>{shown});
}

std::string snapshot_metrics::bounded(const std::string& tunnel,
                                      const std::string& endpoint) {
  const auto name = std::pair{tunnel, endpoint};
  if (const auto i = endpoints_.find(name); i != endpoints_.end()) {
    i->second = look_;
    return endpoint;
  }
  if (endpoints_.size() >= max_endpoints
      || (labels_.size() >= max_labels && labels_.count(name) == 0))
    return "other";
  endpoints_.emplace(name, look_);
  labels_.insert(name);
  return endpoint;
}

// A flood of names keeps its labels only as long as the names are there.
void snapshot_metrics::release_labels() {
  std::erase_if(endpoints_,
                [&](const auto& one) { return one.second != look_; });
  std::erase_if(switches_, [&](const auto& one) {
    const auto& [tunnel, endpoint] = std::pair{one.first[0], one.first[1]};
    if (endpoint.second == "other"
        || endpoints_.count({tunnel.second, endpoint.second}) > 0)
      return false;
    gone_.insert(one.second.counter);
    return true;
  });
}

// -- rendering ----------------------------------------------------------------

namespace {

// CAF has no counters that are set from outside, so sums like the CPU time are
// gauges there; Prometheus calls what ends in "_total" a counter. And CAF
// stamps each sample, which would keep alive what is gone; the scraper knows
// the time.
std::string as_prometheus_expects(std::string_view text) {
  constexpr std::string_view sum = "_total gauge";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with('#'))
      out += line.substr(0, line.rfind(' '));
    else if (line.ends_with(sum))
      out.append(line.substr(0, line.size() - 5)).append("counter");
    else
      out += line;
    out += '\n';
  }
  return out;
}

} // namespace

// Lets a part of what CAF goes through pass to its own collector.
class metrics_text::window {
 public:
  window(const caf::telemetry::metric_registry& registry,
         std::set<const void*> gone)
      : registry_(registry), gone_(std::move(gone)),
        now_(caf::make_timestamp()) {}

  template <class Metric>
  void operator()(const caf::telemetry::metric_family* family,
                  const caf::telemetry::metric* instance, const Metric* value) {
    if (family != current_) {
      current_ = family;
      seen_ = 0;
    }
    auto& done = done_[family];
    if (seen_++ != done || left_ == 0 || closed_.contains(family))
      return;
    // Its lines stand together: what joins a family that was left is late.
    if (family != last_ && last_)
      closed_.insert(last_);
    ++done;
    --left_;
    if (gone_.contains(value))
      return;
    if (!first_)
      first_ = family;
    last_ = family;
    inner_(family, instance, value);
  }

  bool step(std::string& to) {
    static_cast<void>(inner_.begin_scrape(now_));
    left_ = portion;
    current_ = nullptr;
    const auto* before = std::exchange(first_, nullptr) ? last_ : nullptr;
    registry_.collect(*this);
    const auto text = inner_.str();
    std::string fresh{text.data(), text.size()};
    // The head of a family that goes on was written already.
    while (first_ && first_ == before && fresh.starts_with('#'))
      fresh.erase(0, fresh.find('\n') + 1);
    to += as_prometheus_expects(fresh);
    return left_ == 0;
  }

 private:
  const caf::telemetry::metric_registry& registry_;
  const std::set<const void*> gone_;
  const caf::timestamp now_;
  caf::telemetry::collector::prometheus inner_;
  std::unordered_map<const caf::telemetry::metric_family*, size_t> done_;
  std::set<const caf::telemetry::metric_family*> closed_;
  const caf::telemetry::metric_family* current_ = nullptr;
  const caf::telemetry::metric_family* first_ = nullptr; ///< of this step
  const caf::telemetry::metric_family* last_ = nullptr;
  size_t seen_ = 0;
  size_t left_ = 0;
};

metrics_text::metrics_text(const caf::telemetry::metric_registry& registry,
                           std::set<const void*> gone)
    : window_(std::make_unique<window>(registry, std::move(gone))) {}

metrics_text::~metrics_text() = default;

bool metrics_text::step(std::string& to) {
  return window_->step(to);
}

} // namespace aps
