#include "actors/watch/recorder.hpp"

#include "actors/watch/event_text.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <latch>
#include <mutex>
#include <utility>

namespace aps {

namespace {

constexpr size_t max_logged_url = 4096;

// Where nothing was read that could be a request line, as web servers log it.
constexpr std::string_view no_method = "-";

using nlohmann::ordered_json;

// Null = it did not happen.
ordered_json ms_since(time_point start, time_point end) {
  return end == time_point{}
           ? ordered_json{}
           : ordered_json(
             std::chrono::duration<double, std::milli>(end - start).count());
}

std::string url_of(const exchange_facts& facts, size_t most) {
  return foreign_text(facts.target(true), most);
}

const std::vector<std::string>& tunnels_of(const exchange_facts& facts) {
  static const std::vector<std::string> none;
  return facts.via ? facts.via->rule.tunnels : none;
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
  const auto config = context_->config();
  log_requests_ = config->log.requests;
  const size_t kept = config->admin ? config->admin->keep_exchanges : 0;
  exchanges_.kept.resize(kept);
  own_answers_.kept.resize(share_of_own_answers(kept));
}

void unit_recorder::begin(exchange& exchange) {
  auto record = make_record();
  exchange.observe(shared_from_this(), record);
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

void unit_recorder::on_over(const exchange_record_ptr& record) {
  const auto slot = record->slot;
  if (slot + 1 < live_.size()) {
    live_[slot] = std::move(live_.back());
    live_[slot]->slot = slot;
  }
  live_.pop_back();
  if (!exchanges_.kept.empty())
    record->keep_facts();
  remember(exchanges_, record);
  count(*record);
  if (record->result == outcome::overloaded && metrics_ && context_->limits)
    context_->limits->on_limit(limit::descriptors,
                               record->facts->visitor_address,
                               "no more for a target's connection");
  if (record->over_quota && metrics_ && context_->limits)
    context_->limits->on_limit(limit::request_body,
                               record->facts->visitor_address,
                               "a body whose length was not announced");
  if (record->result != outcome::ok)
    tell(event_kind::exchange_failed, *record);
  else if (*context_->request_watch)
    tell(event_kind::exchange_finished, *record);
}

void unit_recorder::keep(const own_answer& answer, exchange_id id) {
  exchange_facts facts{std::string(answer.peer),
                       std::string(answer.request_id),
                       nullptr,
                       std::string(answer.scheme),
                       std::string(answer.host.substr(0, kept::host)),
                       std::string(answer.path.substr(0, kept::path)),
                       answer.tls};
  facts.cut();
  const auto record = make_record();
  record->id = id;
  record->facts = std::make_shared<const exchange_facts>(std::move(facts));
  record->method = answer.method.empty()
                     ? std::string(no_method)
                     : foreign_text(answer.method, kept::method);
  record->started_ms = wall_clock_ms();
  record->started = record->ended = unit_.now();
  record->over = true;
  record->result = answer.result;
  record->status = static_cast<uint16_t>(answer.status);
  record->detail = foreign_text(answer.detail, kept::detail);
  record->user = answer.user;
  record->access = answer.access;
  bump(started_);
  if (metrics_)
    metrics_->on_start();
  remember(own_answers_, record);
  count(*record);
  if (answer.result != outcome::ok
      && (!context_->limits
          || context_->limits->admits(answer.result, answer.peer)))
    tell(event_kind::exchange_failed, *record);
}

void unit_recorder::remember(ring& in, const exchange_record_ptr& record) {
  if (in.kept.empty())
    return;
  auto oldest = std::exchange(in.kept[in.next], record);
  in.next = (in.next + 1) % in.kept.size();
  if (oldest && spares_.size() < exchanges_.kept.size()
      && readers_->load(std::memory_order_acquire) == 0)
    spares_.push_back(std::move(oldest));
}

void unit_recorder::count(const exchange_record& record) {
  bump(moved_, record.moves);
  bump(bytes_up_, record.bytes_up);
  bump(bytes_down_, record.bytes_down);
  bump(record.result == outcome::ok ? finished_ : failed_);
  if (metrics_)
    metrics_->on_over(record);
  if (log_requests_)
    write_log(record);
}

namespace {

// A stranger caused it, and nothing else says what was asked for. What was no
// request is named by the detail itself.
void tell_own_answer(event& to, const exchange_record& record) {
  to.peer = record.facts->visitor_address;
  const auto around
    = sizeof "Refused  with 400 : " - 1 + to.peer.size() + to.reason.size();
  to.detail = asked_and_why(record.method, url_of(*record.facts, line_room),
                            to.detail, line_room - std::min(line_room, around));
}

} // namespace

void unit_recorder::tell(event_kind kind, const exchange_record& record) {
  if (!metrics_)
    return; // closed
  event out{kind};
  out.request_id = record.facts->request_id;
  out.detail = record.method + " " + record.facts->target();
  constexpr size_t most = 512;
  if (out.detail.size() > most)
    out.detail.resize(most);
  if (record.facts->via)
    out.mapping = record.facts->via->rule.from.str();
  if (const auto& tunnels = tunnels_of(*record.facts); !tunnels.empty())
    out.tunnel = tunnels.front();
  if (!record.attempts.empty() && record.attempts.back().by) {
    const auto& by = *record.attempts.back().by;
    if (!by.tunnel.empty())
      out.tunnel = by.tunnel;
    out.endpoint = by.endpoint;
    out.transport = by.transport == "direct" ? "" : by.transport;
    out.connection = by.connection;
    out.session = by.session;
  }
  if (record.over) {
    out.reason = to_string(record.result);
    out.number = record.status;
    if (record.result != outcome::ok)
      out.detail = record.detail.empty() ? std::string(render(record.result))
                                         : record.detail;
    if (!record.facts->via)
      tell_own_answer(out, record);
  }
  compat::enqueue(context_->units->of(unit_).get(), context_->monitor,
                  std::move(out));
}

namespace {

// Null = it came without.
ordered_json tls_fields(const tls_facts_ptr& tls) {
  if (!tls)
    return {};
  return {{"version", tls->version},
          {"cipher", tls->cipher},
          {"server_name", tls->server_name},
          {"client", tls->subject}};
}

// The same in a line of text; what the peer chose is quoted.
std::string tls_words(const tls_facts_ptr& tls) {
  if (!tls)
    return {};
  auto out = " tls=" + tls->version + " cipher=" + tls->cipher;
  if (!tls->server_name.empty())
    out += " server_name=" + quoted(tls->server_name);
  if (!tls->subject.empty())
    out += " client=" + quoted(tls->subject);
  return out;
}

} // namespace

void unit_recorder::write_log(const exchange_record& record) const {
  const auto& log = logs_.of(log_component::request);
  if (!log.should_log(spdlog::level::info))
    return;
  static const carrier nobody;
  const auto& by = record.attempts.empty() || !record.attempts.back().by
                     ? nobody
                     : *record.attempts.back().by;
  const auto& facts = *record.facts;
  const auto url = url_of(facts, max_logged_url);
  const ordered_json fields{
    {"request_id", facts.request_id},
    {"visitor", facts.visitor_address},
    {"method", record.method},
    {"url", url},
    {"tls", tls_fields(facts.tls)},
    {"user", record.user},
    {"mapping", facts.via && !facts.via->declared
                  ? ordered_json(facts.via->index)
                  : ordered_json{}},
    {"tunnel", by.tunnel},
    {"endpoint", by.endpoint},
    {"connection", by.connection},
    {"transport", by.transport},
    {"status", record.status},
    {"outcome", to_string(record.result)},
    {"moves", record.moves},
    {"bytes_up", record.bytes_up},
    {"bytes_down", record.bytes_down},
    {"acquired_ms", ms_since(record.started, record.acquired)},
    {"first_byte_ms", ms_since(record.started, record.first_byte)},
    {"total_ms", ms_since(record.started, record.ended)}};
  if (logs_.json())
    return log.logger()->info(
      "{}", log_object(log_component::request,
                       record.method + (url.empty() ? " " : " " + url + " ")
                         + std::to_string(record.status),
                       fields));
  std::string line;
  const auto add = [&](std::string_view key, const std::string& value) {
    line.append(" ").append(key).append("=").append(value);
  };
  if (facts.via)
    add("mapping", facts.via->declared
                     ? quoted(facts.via->rule.from.authority())
                     : std::to_string(facts.via->index));
  if (!by.endpoint.empty())
    add("endpoint", quoted(by.tunnel + "." + by.endpoint));
  for (const auto* key :
       {"connection", "transport", "status", "outcome", "moves", "bytes_up",
        "bytes_down", "acquired_ms", "first_byte_ms", "total_ms"}) {
    const auto& value = fields[key];
    if (value.is_number_float())
      add(key, fmt::format("{:.3f}", value.get<double>()));
    else if (!value.is_null() && value != "")
      add(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (!record.user.empty())
    add("user", quoted(record.user));
  line += tls_words(facts.tls);
  log.info("{} visitor={} {} {}{}", facts.request_id, facts.visitor_address,
           record.method, quoted(url), line);
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
  for (const auto* records : {&exchanges_.kept, &own_answers_.kept})
    for (const auto& one : *records)
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

namespace {

size_t most_kept(const node_context& context) {
  const auto config = context.config();
  return config->admin ? config->admin->keep_exchanges : 0;
}

} // namespace

exchange_recorders::exchange_recorders(caf::actor_system& system,
                                       node_context_ptr context, log_set logs,
                                       network& net)
    : keep_(most_kept(*context)) {
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
      auto own_answers = share_of_own_answers(keep);
      std::erase_if(ended, [&](const auto& one) {
        const auto beyond = !one->facts->via && own_answers == 0;
        if (!one->facts->via && !beyond)
          --own_answers;
        return beyond;
      });
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
