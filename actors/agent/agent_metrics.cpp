#include "actors/agent/agent_metrics.hpp"

#include "actors/watch/metric_text.hpp"

#include <string_view>

namespace aps {

namespace {

using caf::telemetry::label_view;

} // namespace

agent_metrics::agent_metrics(caf::telemetry::metric_registry& registry,
                             names of,
                             const std::vector<transport_kind>& transports)
    : registry_(registry), names_(std::move(of)) {
  const label_view tunnel{"tunnel", view(names_.tunnel)};
  const label_view endpoint{"endpoint", view(names_.endpoint)};
  const label_view server{"server", view(names_.server)};
  const auto counter = [&](caf::string_view name, caf::string_view help) {
    return registry_.counter_instance("aps", name, {tunnel, endpoint, server},
                                      help, "1", true);
  };
  started_ = counter("agent-exchanges-started", "Exchanges that began.");
  abandoned_ = counter("agent-exchanges-abandoned",
                       "Exchanges given up, as nobody came back for them.");
  live_ = registry_.gauge_instance("aps", "agent-exchanges-live",
                                   {tunnel, endpoint, server},
                                   "Exchanges that are not over.");
  for (const auto transport : transports) {
    const label_view kind{"transport", view(to_string(transport))};
    const auto of_lane = [&](caf::string_view name, caf::string_view help) {
      return registry_.counter_instance(
        "aps", name, {tunnel, endpoint, server, kind}, help, "1", true);
    };
    auto& here = lanes_[transport];
    here.live = registry_.gauge_instance("aps", "agent-connections",
                                         {tunnel, endpoint, server, kind},
                                         "Connections that are welcome.");
    here.dials = of_lane("agent-dials", "Attempts to connect.");
    here.failed = of_lane("agent-dials-failed",
                          "Attempts that brought no connection.");
    here.lost = of_lane("agent-connections-lost",
                        "Connections that ended against our will.");
  }
}

agent_metrics::~agent_metrics() {
  for (auto& [transport, here] : lanes_)
    here.live->dec(here.shown);
  live_->dec(live_count_);
}

void agent_metrics::on_dial(transport_kind transport) {
  lanes_[transport].dials->inc();
}

void agent_metrics::on_dial_failed(transport_kind transport) {
  lanes_[transport].failed->inc();
}

void agent_metrics::on_lost(transport_kind transport) {
  lanes_[transport].lost->inc();
}

void agent_metrics::on_refused(refusal why) {
  registry_
    .counter_instance("aps", "agent-refusals",
                      {{"tunnel", view(names_.tunnel)},
                       {"endpoint", view(names_.endpoint)},
                       {"server", view(names_.server)},
                       {"reason", view(to_string(why))}},
                      "Times that the node refused a connection.", "1", true)
    ->inc();
}

void agent_metrics::set_live(transport_kind transport, size_t connections) {
  auto& here = lanes_[transport];
  const auto fresh = static_cast<int64_t>(connections);
  here.live->inc(fresh - here.shown);
  here.shown = fresh;
}

void agent_metrics::on_started() {
  ++started_count_;
  ++live_count_;
  started_->inc();
  live_->inc();
}

void agent_metrics::on_over() {
  --live_count_;
  live_->dec();
}

void agent_metrics::on_abandoned() {
  ++abandoned_count_;
  abandoned_->inc();
  on_over();
}

} // namespace aps
