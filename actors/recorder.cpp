#include "actors/recorder.hpp"

#include "transports/seam/foreign_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <latch>
#include <mutex>
#include <utility>

namespace aps {

namespace {

constexpr size_t max_logged_url = 4096;

double ms_since(time_point start, time_point end) {
  return end == time_point{}
           ? -1
           : std::chrono::duration<double, std::milli>(end - start).count();
}

// Visitors choose paths: nothing of them may look like another field.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true,
                                   nlohmann::json::error_handler_t::replace);
}

} // namespace

unit_recorder::unit_recorder(caf::actor_system& system,
                             node_context_ptr context, log_set logs,
                             executor& unit)
    : unit_(unit), context_(std::move(context)), logs_(std::move(logs)),
      metrics_(system.metrics()) {
  const auto& admin = context_->config.admin;
  ring_.resize(admin ? admin->keep_exchanges : 0);
}

void unit_recorder::begin(exchange& what) {
  auto record = make_record();
  what.observe(shared_from_this(), record);
  bump(started_);
  if (metrics_)
    metrics_->on_start();
  record->slot = live_.size();
  if (*context_->request_watch)
    tell(event_kind::exchange_started, *record);
  live_.push_back(std::move(record));
}

// As many end as begin: the memory of the oldest serves the newest.
exchange_record_ptr unit_recorder::make_record() {
  if (spares_.empty())
    return std::make_shared<exchange_record>();
  auto out = std::move(spares_.back());
  spares_.pop_back();
  out->reuse();
  return out;
}

void unit_recorder::on_over(const exchange_record_ptr& what) {
  const auto slot = what->slot;
  if (slot + 1 < live_.size()) {
    live_[slot] = std::move(live_.back());
    live_[slot]->slot = slot;
  }
  live_.pop_back();
  if (!ring_.empty()) {
    what->keep_facts();
    auto oldest = std::exchange(ring_[next_], what);
    next_ = (next_ + 1) % ring_.size();
    if (oldest && spares_.size() < ring_.size()
        && readers_->load(std::memory_order_acquire) == 0)
      spares_.push_back(std::move(oldest));
  }
  bump(moved_, what->moves);
  bump(bytes_up_, what->bytes_up);
  bump(bytes_down_, what->bytes_down);
  bump(what->how == outcome::ok ? finished_ : failed_);
  if (metrics_)
    metrics_->on_over(*what);
  if (context_->config.log.requests)
    write_log(*what);
  if (what->how == outcome::overloaded && metrics_ && context_->limits)
    context_->limits->on_limit(limit::descriptors,
                               what->facts->visitor_address,
                               "no more for a target's connection");
  if (what->how != outcome::ok)
    tell(event_kind::exchange_failed, *what);
  else if (*context_->request_watch)
    tell(event_kind::exchange_finished, *what);
}

void unit_recorder::tell(event_kind kind, const exchange_record& what) {
  if (!metrics_)
    return; // closed
  event out{kind};
  out.request_id = what.facts->request_id;
  out.detail = what.method + " " + what.facts->host + what.facts->path;
  constexpr size_t most = 512;
  if (out.detail.size() > most)
    out.detail.resize(most);
  const auto& rule = what.facts->via->rule;
  if (!rule.tunnels.empty())
    out.tunnel = rule.tunnels.front();
  if (!what.attempts.empty() && what.attempts.back().by) {
    const auto& by = *what.attempts.back().by;
    if (!by.tunnel.empty())
      out.tunnel = by.tunnel;
    out.endpoint = by.endpoint;
    out.transport = by.transport == "direct" ? "" : by.transport;
    out.connection = by.connection;
    out.session = by.session;
  }
  if (what.over) {
    out.reason = to_string(what.how);
    out.number = what.status;
    if (what.how != outcome::ok)
      out.detail = what.detail.empty() ? std::string(render(what.how))
                                       : what.detail;
  }
  compat::enqueue(context_->units->of(unit_).get(), context_->monitor,
                  std::move(out));
}

void unit_recorder::write_log(const exchange_record& what) const {
  const auto& log = logs_.of("request");
  if (!log->should_log(spdlog::level::info))
    return;
  static const carrier nobody;
  const auto& by = what.attempts.empty() || !what.attempts.back().by
                     ? nobody
                     : *what.attempts.back().by;
  const auto acquired = ms_since(what.started, what.acquired);
  const auto first = ms_since(what.started, what.first_byte);
  const auto total = ms_since(what.started, what.ended);
  const auto& facts = *what.facts;
  const auto url = foreign_text(facts.scheme + "://" + facts.host + facts.path,
                                max_logged_url);
  if (!logs_.json())
    return log->info(
      "[REQUEST] {} visitor={} {} {} mapping={} endpoint={} connection={} "
      "transport={} status={} outcome={} moves={} up={} down={} "
      "acquired_ms={:.3f} first_byte_ms={:.3f} total_ms={:.3f}",
      facts.request_id, facts.visitor_address, what.method, quoted(url),
      facts.via->index, quoted(by.tunnel + "." + by.endpoint), by.connection,
      by.transport, what.status, to_string(what.how), what.moves,
      what.bytes_up, what.bytes_down, acquired, first, total);
  const nlohmann::json line{{"component", "request"},
                            {"id", facts.request_id},
                            {"visitor", facts.visitor_address},
                            {"method", what.method},
                            {"url", url},
                            {"mapping", facts.via->index},
                            {"tunnel", by.tunnel},
                            {"endpoint", by.endpoint},
                            {"connection", by.connection},
                            {"transport", by.transport},
                            {"status", what.status},
                            {"outcome", to_string(what.how)},
                            {"moves", what.moves},
                            {"bytes_up", what.bytes_up},
                            {"bytes_down", what.bytes_down},
                            {"acquired_ms", acquired},
                            {"first_byte_ms", first},
                            {"total_ms", total}};
  log->info("{}", line.dump(-1, ' ', false,
                            nlohmann::json::error_handler_t::replace));
}

void unit_recorder::close() {
  metrics_.reset();
}

void unit_recorder::copy_to(record_list& to) {
  readers_->fetch_add(1, std::memory_order_relaxed);
  to.pins.emplace_back(nullptr, [readers = readers_](void*) {
    readers->fetch_sub(1, std::memory_order_release);
  });
  for (const auto& one : live_)
    to.live.push_back(std::make_shared<const exchange_record>(*one));
  for (const auto& one : ring_)
    if (one)
      to.ended.push_back(one);
}

void unit_recorder::add_to(exchange_totals& to) const {
  // What ended is read first: `live` never becomes negative.
  to.finished += finished_.load(std::memory_order_acquire);
  to.failed += failed_.load(std::memory_order_acquire);
  to.moved += moved_.load(std::memory_order_relaxed);
  to.bytes_up += bytes_up_.load(std::memory_order_relaxed);
  to.bytes_down += bytes_down_.load(std::memory_order_relaxed);
  to.started += started_.load(std::memory_order_acquire);
}

// -- all units ----------------------------------------------------------------

exchange_recorders::exchange_recorders(caf::actor_system& system,
                                       node_context_ptr context, log_set logs,
                                       network& net)
    : keep_(context->config.admin ? context->config.admin->keep_exchanges
                                  : 0) {
  for (size_t i = 0; i < net.units(); ++i)
    units_.push_back(std::make_shared<unit_recorder>(system, context, logs,
                                                     net.unit(i)));
}

exchange_totals exchange_recorders::totals() const {
  exchange_totals out;
  for (const auto& one : units_)
    one->add_to(out);
  return out;
}

void exchange_recorders::collect(std::function<void(record_list)> done) const {
  struct state {
    std::mutex mutex;
    record_list all;
    size_t left;
    size_t keep;
    std::function<void(record_list)> done;

    void finish() {
      const auto newest_first = [](const auto& a, const auto& b) {
        return a->started > b->started;
      };
      auto& ended = all.ended;
      std::sort(ended.begin(), ended.end(),
                [](const auto& a, const auto& b) { return a->ended > b->ended; });
      ended.resize(std::min(ended.size(), keep));
      std::sort(all.live.begin(), all.live.end(), newest_first);
      done(std::move(all));
    }
  };
  auto shared = std::make_shared<state>();
  shared->left = units_.size();
  shared->keep = keep_;
  shared->done = std::move(done);
  for (const auto& one : units_)
    one->unit().post([one, shared] {
      bool last = false;
      {
        std::lock_guard guard{shared->mutex};
        one->copy_to(shared->all);
        shared->all.now = one->unit().now();
        last = --shared->left == 0;
      }
      if (last)
        shared->finish();
    });
}

void exchange_recorders::close() {
  std::latch closed{static_cast<ptrdiff_t>(units_.size())};
  for (const auto& one : units_)
    one->unit().post([one, &closed] {
      one->close();
      closed.count_down();
    });
  closed.wait();
}

} // namespace aps
