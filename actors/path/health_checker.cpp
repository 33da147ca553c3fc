#include "actors/path/health_checker.hpp"

#include "actors/policy/balance.hpp"
#include "actors/watch/event_text.hpp"
#include "actors/watch/metric_text.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/limits/hold.hpp"

#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace aps {

namespace {

// Of an answer. A small window keeps an endless one at its target.
constexpr uint32_t most_bytes = 16 * 1024;

// Checks that begin at one time, at most.
constexpr size_t portion = 128;

// Of what an agent says of its target.
constexpr size_t longest_reason = 80;

bool is_checked(const config::mapping& one, const std::string& tunnel) {
  return one.health
         && std::find(one.tunnels.begin(), one.tunnels.end(), tunnel)
              != one.tunnels.end();
}

// A visitor that looks at the status alone.
class check_visitor final
    : public visitor,
      public std::enable_shared_from_this<check_visitor> {
 public:
  check_visitor(health_checker_actor checker,
                std::shared_ptr<unit_contexts> units, target_key key)
      : checker_(std::move(checker)),
        use_(units->use()), key_(key) {}

  void begin(const exchange_ptr& exchange) {
    id_ = exchange->id();
    exchange_ = exchange;
  }

  void on_head(const response_head_ptr& head) override {
    if (!head->interim())
      status_ = head->status;
  }

  void on_data(slice bytes) override {
    received_ += bytes.size();
    const auto exchange = exchange_.lock();
    if (!exchange)
      return;
    if (received_ < most_bytes)
      return exchange->consumed(bytes.size());
    const auto self = shared_from_this(); // the exchange lets go of it
    exchange->cancel(outcome::visitor_gone);
    report(outcome::ok, {});
  }

  void on_end(const header_list&) override { report(outcome::ok, {}); }

  void on_failed(outcome outcome, const std::string& detail) override {
    report(outcome, detail);
  }

  void on_writable() override {}

 private:
  void report(outcome outcome, const std::string& detail) {
    compat::enqueue(nullptr, checker_,
                    check_done{key_, id_, outcome, status_, detail});
    checker_ = nullptr;
    use_ = nullptr;
  }

  health_checker_actor checker_; ///< null once it knows
  hold use_;
  target_key key_;
  exchange_id id_ = 0;
  std::weak_ptr<exchange> exchange_;
  size_t received_ = 0;
  uint16_t status_ = 0;
};

std::string why_bad(const check_done& done) {
  if (done.result == outcome::ok)
    return "HTTP " + std::to_string(done.status);
  return foreign_text(done.detail.empty() ? std::string(render(done.result))
                                          : done.detail,
                      longest_reason);
}

uint64_t number_of(const session_id& session) {
  uint64_t out = 0;
  std::memcpy(&out, session.data(), sizeof(out));
  return out;
}

} // namespace

health_checker_state::health_checker_state(health_checker_actor::pointer self,
                                           node_context_ptr context,
                                           std::string tunnel)
    : self_(self), context_(std::move(context)), tunnel_(std::move(tunnel)),
      alarm_(context_->alarms) {
  auto& registry = self_->system().metrics();
  for (const auto verdict :
       {check_verdict::good, check_verdict::bad, check_verdict::skipped}) {
    counters_[static_cast<size_t>(verdict)] = registry.counter_instance(
      "aps", "health-checks",
      {{"tunnel", tunnel_}, {"result", view(to_string(verdict))}},
      "Checks of targets.", "1", true);
  }
  const auto config = context_->config();
  set_rules(config->mappings);
}

health_checker_state::~health_checker_state() {
  for (auto& [key, which] : checks_)
    if (which.running)
      which.running->fail(outcome::draining, "nobody checks any more");
}

health_checker_actor::behavior_type health_checker_state::make_behavior() {
  return {
    [this](endpoint_agents& message) { on_agents(message); },
    [this](const reconfigure_checks& message) {
      on_reconfigure(*message.mappings);
    },
    [this](const check_done& done) { on_done(done); },
    [this](drain) { on_drain(); },
  };
}

bool health_checker_state::wanted(
  const std::string& tunnel, const std::vector<config::mapping>& mappings) {
  return std::any_of(
    mappings.begin(), mappings.end(),
    [&](const config::mapping& one) { return is_checked(one, tunnel); });
}

// -- what there is to check ---------------------------------------------------

void health_checker_state::set_rules(
  const std::vector<config::mapping>& mappings) {
  rules_.clear();
  for (size_t i = 0; i < mappings.size(); ++i)
    if (is_checked(mappings[i], tunnel_))
      rules_.emplace(identity_of(mappings[i]), rule_of(i, mappings[i]));
}

health_checker_state::rule
health_checker_state::rule_of(size_t position,
                              const config::mapping& mapping) const {
  auto via = std::make_shared<route>();
  via->index = position;
  via->identity = identity_of(mapping);
  via->rule = mapping;
  auto head = std::make_shared<request_head>();
  head->method = "GET";
  head->scheme = mapping.to.scheme;
  head->authority = mapping.to.authority();
  head->path = mapping.health->path;
  head->protocol = origin_protocol_of(mapping.to.h2c, mapping.http2);
  if (mapping.tls)
    head->server_name = mapping.tls->server_name;
  head->proxy = proxy_version_of(static_cast<unsigned>(mapping.proxy_protocol));
  head->headers = {
    {"Host", head->authority},
    {"User-Agent", context_->version.empty() ? "aps-health"
                                             : "aps-health/"
                                                 + context_->version},
    {"Accept", "*/*"}};
  return {std::move(via), std::move(head)};
}

bool health_checker_state::concerns(const rule& rule,
                                    const place& place) const {
  const auto& only = rule.via->rule.endpoints;
  return only.empty()
         || std::find(only.begin(), only.end(), place.endpoint) != only.end();
}

void health_checker_state::on_agents(endpoint_agents& message) {
  auto& place = places_[message.endpoint];
  const auto before = std::exchange(place.sessions, message.sessions);
  place.endpoint = message.endpoint;
  place.controller = message.controller;
  place.targets = message.targets;
  for (const auto& [identity, rule] : rules_) {
    if (!concerns(rule, place))
      continue;
    for (const auto& session : before)
      if (std::find(message.sessions.begin(), message.sessions.end(), session)
          == message.sessions.end())
        remove({identity, session});
    for (const auto& session : message.sessions)
      add({identity, session}, rule, place);
  }
  if (message.sessions.empty())
    places_.erase(message.endpoint);
  wake();
}

// Who was down and is not checked any more is asked again.
void health_checker_state::on_reconfigure(
  const std::vector<config::mapping>& mappings) {
  if (draining_)
    return;
  set_rules(mappings);
  std::vector<target_key> gone;
  for (const auto& [key, which] : checks_)
    if (!rules_.contains(key.mapping))
      gone.push_back(key);
  for (const auto& key : gone) {
    const auto& which = checks_.at(key);
    if (which.subject->targets->lift(key))
      tell(key, which, target_health::change::up, "is checked no longer");
    remove(key);
  }
  for (const auto& [identity, rule] : rules_)
    for (const auto& [endpoint, where] : places_) {
      if (!concerns(rule, where))
        continue;
      for (const auto& session : where.sessions) {
        const target_key key{identity, session};
        if (add(key, rule, where))
          continue;
        auto& known = checks_.at(key);
        known.via = rule.via; // it may stand elsewhere
        // By the new interval, unless one runs.
        if (!known.running)
          schedule(key);
      }
    }
  wake();
}

void health_checker_state::on_drain() {
  draining_ = true;
  rules_.clear();
  while (!checks_.empty())
    remove(checks_.begin()->first);
}

// False when it is checked already, or nobody is any more.
bool health_checker_state::add(const target_key& key, const rule& rule,
                               const place& place) {
  if (draining_
      || !checks_.emplace(key, check{&place, rule.via, {}, {}}).second)
    return false;
  schedule(key);
  return true;
}

// Sessions are random, so their checks are spread over the interval.
void health_checker_state::schedule(const target_key& key) {
  constexpr uint64_t parts = 1000;
  const duration interval
    = to_duration(rules_.at(key.mapping).check().interval);
  const auto part = mix(number_of(key.session) + key.mapping) % parts;
  times_.set(key, compat::now(self_) + interval * part / parts);
}

// By value: the key may be that of what is removed.
void health_checker_state::remove(const target_key& which) {
  const auto key = which;
  const auto found = checks_.find(key);
  if (found == checks_.end())
    return;
  if (const auto running = std::move(found->second.running))
    running->fail(outcome::draining, "nobody checks any more");
  checks_.erase(found);
  times_.erase(key);
}

// -- one check ----------------------------------------------------------------

void health_checker_state::wake() {
  if (const auto due = times_.due())
    alarm_.at(self_, *due, [this] {
      look_after();
      wake();
    });
}

void health_checker_state::look_after() {
  const auto now = compat::now(self_);
  for (size_t i = 0; i < portion; ++i) {
    const auto key = times_.take(now);
    if (!key)
      return;
    auto& which = checks_.at(*key);
    if (which.running)
      cut(*key, which);
    else
      begin(*key, which, now);
  }
}

void health_checker_state::begin(const target_key& key, check& which,
                                 time_point now) {
  const auto& rule = rules_.at(key.mapping);
  const auto watcher = std::make_shared<check_visitor>(
    health_checker_actor{self_}, context_->units, key);
  auto& unit = context_->units->any(number_of(key.session)).unit();
  const auto id = next_exchange_id(*context_);
  which.running = std::make_shared<exchange>(
    unit, id, rule.head, exchange_facts{"", "", rule.via}, watcher,
    most_bytes);
  which.started = now;
  watcher->begin(which.running);
  times_.set(key, now + to_duration(rule.check().timeout));
  job asked{which.running};
  asked.session = key.session;
  asked.check = true;
  const auto& drains = *context_->drains;
  if (drains.version() != 0
      && drains.contains(
        drain_register::endpoint(tunnel_, which.subject->endpoint)))
    return which.running->fail(outcome::draining, "its endpoint is drained");
  compat::send(self_, which.subject->controller, std::move(asked));
}

// Its end comes as a message like any other.
void health_checker_state::cut(const target_key& key, check& which) {
  const auto& rule = rules_.at(key.mapping);
  which.running->fail(outcome::first_byte_timeout,
                      "no whole answer within "
                        + show_duration(to_duration(rule.check().timeout)));
}

void health_checker_state::on_done(const check_done& done) {
  const auto found = checks_.find(done.key);
  if (found == checks_.end() || !found->second.running
      || found->second.running->id() != done.exchange)
    return; // nobody wants to know any more
  auto& which = found->second;
  const auto& rule = rules_.at(done.key.mapping).check();
  which.running = nullptr;
  times_.set(done.key, std::max<time_point>(which.started
                                              + to_duration(rule.interval),
                                            compat::now(self_)));
  const auto verdict = judge(done.result, done.status, rule);
  counters_[static_cast<size_t>(verdict)]->inc();
  if (verdict != check_verdict::skipped) {
    const auto good = verdict == check_verdict::good;
    const auto why = good ? std::string{} : why_bad(done);
    const auto change
      = which.subject->targets->check(done.key, good, rule, why);
    if (change == target_health::change::down)
      tell(done.key, which, change,
           "failed " + counted(rule.fall, "check") + " in a row (" + why + ")");
    else if (change == target_health::change::up)
      tell(done.key, which, change,
           "passed " + counted(rule.rise, "check") + " in a row");
  }
  wake();
}

void health_checker_state::tell(const target_key& key, const check& which,
                                target_health::change change,
                                const std::string& why) {
  constexpr size_t shown = 8; // digits tell sessions apart
  const auto down = change == target_health::change::down;
  const auto session = to_hex(key.session);
  event out{down ? event_kind::target_down : event_kind::target_up, tunnel_,
            which.subject->endpoint};
  out.detail = "the target " + which.via->rule.to.str() + " of mapping "
               + std::to_string(which.via->index) + " " + why + "; session "
               + session.substr(0, shown)
               + (down ? " is passed over" : " is asked again");
  out.number = which.via->index;
  out.session = session;
  compat::send(self_, context_->monitor, std::move(out));
}

} // namespace aps
