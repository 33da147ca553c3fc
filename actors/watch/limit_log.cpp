#include "actors/watch/limit_log.hpp"

#include "actors/compat.hpp"
#include "actors/watch/event_text.hpp"
#include "transports/seam/peer_address.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t max_detail = 200;

event make_event(limit kind, std::string_view address, std::string_view detail,
                 uint64_t left_out) {
  event out{event_kind::limit_reached};
  out.reason = to_string(kind);
  out.number = left_out;
  out.peer = address;
  out.detail = address.empty() ? std::string("other addresses")
                               : std::string(address);
  if (!detail.empty())
    out.detail += ": " + std::string(detail.substr(0, max_detail));
  return out;
}

event make_event(event_kind kind, outcome outcome,
                 const address_limit::summary& some) {
  event out{kind};
  out.reason = to_string(outcome);
  out.peer = some.address.empty() ? "other addresses" : some.address;
  out.detail = counted(some.left_out, "more request");
  if (kind == event_kind::admin_refused)
    out.detail = "Refused " + out.detail + " (from " + out.peer + "): "
                 + out.reason;
  out.number = status_of(outcome);
  return out;
}

} // namespace

limit_log::limit_log(caf::telemetry::metric_registry& registry) {
  for (const auto& entry : limit_table)
    rows_[static_cast<size_t>(entry.kind)].metric = registry.counter_instance(
      "aps", "limits",
      {{"limit", caf::string_view{entry.name.data(), entry.name.size()}}},
      "Times that somebody reached a limit and was refused or cut.", "1",
      true);
}

void limit_log::set_monitor(monitor_actor whom) {
  std::lock_guard guard{mutex_};
  monitor_ = std::move(whom);
}

void limit_log::close() {
  std::lock_guard guard{mutex_};
  closed_ = true;
  monitor_ = nullptr;
}

void limit_log::on_limit(limit kind, std::string_view peer,
                         std::string_view detail) {
  auto& here = rows_[static_cast<size_t>(kind)];
  here.count.fetch_add(1, std::memory_order_relaxed);
  const auto address = peer_group(peer);
  monitor_actor whom;
  {
    std::lock_guard guard{mutex_};
    if (closed_)
      return;
    here.metric->inc();
    if (!monitor_ || !here.told.admit(address, clock_type::now()))
      return;
    whom = monitor_;
  }
  compat::enqueue(nullptr, whom, make_event(kind, address, detail, 0));
}

bool limit_log::admits(outcome outcome, std::string_view peer,
                       event_kind kind) {
  const auto address = peer_group(peer);
  std::lock_guard guard{mutex_};
  return !closed_
         && own_answers_[{kind, outcome}].admit(address, clock_type::now());
}

std::vector<event> limit_log::expire(time_point now) {
  std::vector<event> out;
  std::lock_guard guard{mutex_};
  for (const auto& entry : limit_table)
    for (const auto& some :
         rows_[static_cast<size_t>(entry.kind)].told.expire(now))
      out.push_back(make_event(entry.kind, some.address, {}, some.left_out));
  for (auto& [key, told] : own_answers_)
    for (const auto& some : told.expire(now))
      out.push_back(make_event(key.first, key.second, some));
  return out;
}

bool limit_log::pending() const {
  std::lock_guard guard{mutex_};
  return std::any_of(rows_.begin(), rows_.end(),
                     [](const row& one) { return one.told.pending(); })
         || std::any_of(own_answers_.begin(), own_answers_.end(),
                        [](const auto& one) { return one.second.pending(); });
}

} // namespace aps
