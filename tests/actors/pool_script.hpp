#pragma once

#include "tests/actors/script_system.hpp"
#include "tests/support/peek.hpp"
#include "tests/support/test.hpp"

#include <caf/scoped_actor.hpp>
#include <spdlog/sinks/null_sink.h>

#include <deque>
#include <map>

/// A pool between a controller and connections that only take notes, on the
/// deterministic clock: tests are scripts of messages.
namespace aps::test {

/// What the controller of the script was told.
struct controller_notes {
  std::vector<growth_wish> wishes;
  std::vector<job> failed_leases;
  std::vector<orphaned> orphans;
  std::vector<pool_status> statuses;
  std::map<std::string, bool> members;
};

/// What a connection of the script was told.
struct connection_notes {
  std::vector<exchange_id> carried;
  std::vector<exchange_id> released;
  std::vector<std::string> retired;
  std::optional<rejected> refused;
  int admissions = 0;
  int checks = 0;
};

/// A visitor that only remembers how it ended.
struct script_visitor final : visitor {
  void on_head(const response_head_ptr&) override {}
  void on_data(slice) override {}
  void on_end(const header_list&) override {}
  void on_failed(outcome how, const std::string&) override { failed = how; }
  void on_writable() override {}
  std::optional<outcome> failed;
};

class pool_script {
 public:
  struct line {
    connection_actor actor;
    std::shared_ptr<connection_notes> notes;
    std::string name;
    session_id session{};
  };

  explicit pool_script(config::pool settings) {
    auto context = std::make_shared<node_context>();
    alarms_ = context->alarms = std::make_shared<alarm_clock>(*system_);
    context->logs
      = std::make_shared<log_set>(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::null_sink_mt>()));
    context->monitor = monitor_ = spawn_note_taker(*system_, events_);
    controller_ = system_->spawn([notes = told](controller_actor::pointer self)
                                   -> controller_actor::behavior_type {
      return {
        [](job&) {},
        [](const candidate_for&) {},
        [notes](lease_failed& failed) {
          notes->failed_leases.push_back(std::move(failed.job));
        },
        [notes](orphaned& lost) { notes->orphans.push_back(std::move(lost)); },
        [notes](const member_change& change) {
          notes->members[change.connection] = change.live;
        },
        [notes](const growth_wish& wish) { notes->wishes.push_back(wish); },
        [notes](const pool_status& now) { notes->statuses.push_back(now); },
        [](const probe_result&) {},
        [](const exchange_done&) {},
        [](const reconfigure_tunnel&) {},
        [](const credential_revoked&) {},
        [](drain) {},
        [](const set_fallback_mode&) {},
        [](get_snapshot) { return controller_snapshot{}; },
      };
      static_cast<void>(self);
    });
    pool = system_->spawn<pool_impl>(
      context, controller_,
      pool_setup{"t", "e", transport_kind::websocket, settings, 1000,
                 figures});
    auto rule = std::make_shared<route>();
    rule_ = rule;
    run();
  }

  ~pool_script() {
    unit_.run_inside([this] {
      for (auto& [id, one] : exchanges_)
        if (!one->over())
          one->cancel(outcome::visitor_gone);
    });
    exchanges_.clear();
    *told = {};
    compat::stop_anonymously(pool);
    for (auto& one : lines_)
      compat::stop_anonymously(one.actor);
    compat::stop_anonymously(controller_);
    compat::stop_anonymously(monitor_);
    lines_.clear();
    pool = nullptr;
    controller_ = nullptr;
    monitor_ = nullptr;
    run();
  }

  // -- what the script says ---------------------------------------------------

  /// A connection of agent `agent` that was authenticated.
  line dial(uint8_t agent = 1) {
    auto notes = std::make_shared<connection_notes>();
    line out{spawn_connection(notes), notes,
             "c" + std::to_string(lines_.size()), {agent}};
    lines_.push_back(out);
    send(candidate{out.actor, out.name, "peer", out.session, "", "", 0});
    return out;
  }

  std::vector<line> dial(size_t count, uint8_t agent) {
    std::vector<line> out;
    for (size_t i = 0; i < count; ++i)
      out.push_back(dial(agent));
    return out;
  }

  /// A request that wants a connection.
  exchange_id request(std::optional<uint8_t> session = {}) {
    const auto id = queue_request(session);
    run();
    return id;
  }

  /// The same, without running anything.
  exchange_id queue_request(std::optional<uint8_t> session = {}) {
    auto carried = make_job();
    if (session)
      carried.session = session_id{*session};
    return post_job(std::move(carried));
  }

  /// A request whose tunnel watches its targets.
  exchange_id request_of(const std::shared_ptr<target_watch>& targets) {
    auto carried = make_job();
    carried.targets = targets;
    const auto id = post_job(std::move(carried));
    run();
    return id;
  }

  /// A check of an agent's target.
  exchange_id check(uint8_t session) {
    auto carried = make_job();
    carried.session = session_id{session};
    carried.check = true;
    const auto id = post_job(std::move(carried));
    run();
    return id;
  }

  /// A stream of bytes, from an address of its own.
  exchange_id stream(std::string address) {
    const auto id = post_job(make_job("tcp", std::move(address)));
    run();
    return id;
  }

  job make_job(std::string scheme = "http", std::string address = "127.0.0.1") {
    auto listener = std::make_shared<script_visitor>();
    const auto id = ++last_id_;
    auto head = std::make_shared<request_head>();
    head->scheme = std::move(scheme);
    auto what = std::make_shared<exchange>(
      unit_, id, head, exchange_facts{std::move(address), "", rule_}, listener);
    exchanges_[id] = what;
    visitors_[id] = listener;
    return job{what};
  }

  exchange_id post_job(job carried) {
    const auto id = carried.exchange->id();
    post(lease{std::move(carried)});
    return id;
  }

  /// An exchange ended on a connection.
  void finish(const line& on, exchange_id id, outcome how = outcome::ok) {
    unit_.run_inside([&] { exchanges_[id]->cancel(outcome::visitor_gone); });
    send(returned{on.actor, id, how});
  }

  /// The visitor left while its request waited.
  void leave(exchange_id id) {
    unit_.run_inside([&] { exchanges_[id]->cancel(outcome::visitor_gone); });
  }

  void lose(const line& which, link_error why = link_error::lost) {
    send(connection_lost{which.actor, why, ""});
  }

  /// A handler threw: the actor is gone without a word.
  void crash(const line& which) {
    caf::anon_send_exit(which.actor, caf::exit_reason::kill);
    run();
  }

  template <class Message>
  void send(Message what) {
    post(std::move(what));
    run();
  }

  template <class Message>
  void post(Message what) {
    compat::enqueue(nullptr, pool, std::move(what));
  }

  void run() { system_.run(unit_); }

  void pass(duration time) { system_.pass(time, unit_); }

  // -- what it looks at -------------------------------------------------------

  /// How often the clock woke an actor so far.
  size_t woken() const { return alarms_->woken(); }

  time_point now() { return system_.now(); }

  const pool_state& state() {
    return peek::state_of<pool_impl>(pool);
  }

  pool_snapshot look() { return peek::snapshot(state()); }

  std::optional<outcome> failure(exchange_id id) {
    return visitors_[id]->failed;
  }

  size_t count(event_kind kind) {
    return static_cast<size_t>(
      std::count_if(events_->begin(), events_->end(),
                    [kind](const event& one) { return one.kind == kind; }));
  }

  /// Where an exchange was put.
  const line* carrier(exchange_id id) {
    for (const auto& one : lines_)
      for (const auto carried : one.notes->carried)
        if (carried == id)
          return &one;
    return nullptr;
  }

  std::shared_ptr<controller_notes> told
    = std::make_shared<controller_notes>();
  std::shared_ptr<pool_figures> figures = std::make_shared<pool_figures>();
  pool_actor pool;

 private:
  connection_actor spawn_connection(std::shared_ptr<connection_notes> notes) {
    return system_->spawn(
      [notes](connection_actor::pointer) -> connection_actor::behavior_type {
        return {
          [](link_frames&) {},
          [](const link_closed&) {},
          [notes](const admitted&) { ++notes->admissions; },
          [notes](const rejected& no) { notes->refused = no; },
          [notes](carry& leased) {
            notes->carried.push_back(leased.exchange->id());
          },
          [](const exchange_finished&) {},
          [notes](const retire& how) { notes->retired.push_back(how.detail); },
          [notes](const release& moved) {
            notes->released.push_back(moved.exchange);
          },
          [notes](check_health) { ++notes->checks; },
          [](const ask_open&) {},
          [](const probe&) {},
          [](const operate&) {},
          [](names_published&) {},
          [](get_snapshot) { return connection_snapshot{}; },
        };
      });
  }

  script_system system_;
  manual_unit unit_;
  event_notes events_ = std::make_shared<std::vector<event>>();
  std::shared_ptr<const route> rule_;
  std::shared_ptr<alarm_clock> alarms_;
  monitor_actor monitor_;
  controller_actor controller_;
  std::deque<line> lines_;
  std::map<exchange_id, exchange_ptr> exchanges_;
  std::map<exchange_id, std::shared_ptr<script_visitor>> visitors_;
  exchange_id last_id_ = 0;
};

/// A small pool: two connections of two places each, at most four.
inline config::pool small_pool() {
  config::pool out;
  out.pool_size = 2;
  out.max_pool_size = 4;
  out.max_requests_per_connection = 2;
  out.max_waiting = 6;
  out.acquire_timeout = config::seconds{5};
  out.target_utilization = 100;
  out.utilization_hysteresis = 50;
  return out;
}

} // namespace aps::test
