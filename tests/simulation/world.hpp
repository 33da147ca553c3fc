#pragma once

#include "actors/agent/agent_actor.hpp"
#include "actors/path/connection.hpp"
#include "actors/path/front/node_front.hpp"
#include "actors/path/supervisor.hpp"
#include "actors/watch/monitor.hpp"
#include "tests/support/sim.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

/// A whole node and an agent in one thread: the real actors and exchanges on
/// CAF's deterministic scheduler and clock, over simulated links, units and
/// origins. One seed decides everything; the same seed gives the same run.
namespace aps {
class controller_state;
class pool_state;
} // namespace aps

namespace aps::test {

/// What one visitor asked for, and what came of it.
struct sim_request final : visitor,
                           std::enable_shared_from_this<sim_request> {
  void on_head(const response_head_ptr& head) override;
  void on_data(slice bytes) override { body += bytes.view(); }
  void on_end(const header_list&) override { ++ends; }
  void on_failed(outcome how, const std::string&) override;
  void on_writable() override {}

  exchange_ptr what;
  std::string question;
  size_t asked = 0;
  bool question_ended = false;
  std::string body;
  size_t consumed = 0;
  int heads = 0;
  unsigned status = 0; ///< of the last head
  int ends = 0;
  bool cancelled = false;
  std::optional<outcome> failure;
};

/// What one execution at the origin does.
struct sim_origin final : origin {
  void on_body(slice bytes) override { body += bytes.view(); }
  void on_body_end(const header_list&) override { complete = true; }
  void on_cancelled() override { cancelled = true; }
  void on_writable() override {}

  std::weak_ptr<served_exchange> to;
  bool sick = false; ///< answers 503
  std::string body;
  size_t consumed = 0;
  bool complete = false;
  bool cancelled = false;
  bool head_sent = false;
  bool ended = false;
  std::string reply;
  size_t replied = 0;
};

struct sim_connection {
  std::shared_ptr<sim_link> node_end;
  std::shared_ptr<sim_link> agent_end;
  time_point silent_until{}; ///< what is under way does not arrive earlier
};

/// A connection that is being made while nothing gets through.
struct sim_dial {
  transport_kind transport = transport_kind::grpc;
  time_point deadline{};
  std::function<void(dial_result)> done; ///< empty = the agent gave it up
};

/// Queues instead of sockets. Unit 0 is the node's, unit 1 the agent's.
class sim_network final : public network {
 public:
  size_t units() const noexcept override { return 2; }
  executor& unit(size_t index) noexcept override {
    return index == 0 ? node_unit : agent_unit;
  }
  std::unique_ptr<listener> listen(const listen_options&,
                                   std::shared_ptr<front>) override;
  void dial(executor& unit, const dial_options& options,
            std::function<void(dial_result)> done) override;
  std::shared_ptr<origin_client> origins(const origin_options&) override;

  /// Nothing arrives any longer, and nobody is told. What was sent meanwhile
  /// arrives after `end_silence`; connections that were begun meanwhile come
  /// about then, those too that the agent gave up.
  void begin_silence() { silent = true; }
  void end_silence();

  /// Ends dials whose time is over.
  void give_up_dials();

  manual_unit node_unit{0};
  manual_unit agent_unit{1};
  std::shared_ptr<front> to;
  std::vector<sim_connection> connections;
  std::map<transport_kind, bool> down; ///< transports that refuse everything
  std::vector<sim_dial> dials;         ///< since `begin_silence`
  bool silent = false;
  size_t max_open = 0;

 private:
  void connect(transport_kind transport,
               const std::function<void(dial_result)>& done);
};

struct world_options {
  uint32_t seed = 1;
  config::tunnel tunnel;
  uint8_t agents = 1; ///< processes that serve the one endpoint
  bool apart = false; ///< each of them an endpoint of its own instead
  std::optional<config::retry> retry = {};
  double sick_rate = 0; ///< of executions, that answer 503
  size_t requests = 30;
  size_t max_body = 3000;
  double cut_rate = 0.01;      ///< per step
  double abandon_rate = 0;     ///< one end gives a connection up that stalls
  double blackout_rate = 0;    ///< a transport vanishes for a while
  double cancel_rate = 0;      ///< visitors that leave
  int pace = 100;              ///< steps in 100 ms of `settle`
  std::vector<transport_kind> transports{transport_kind::grpc,
                                         transport_kind::websocket};
};

class world {
 public:
  explicit world(world_options options);
  ~world();

  /// Runs until every request ended and everything is quiet, or the step
  /// limit. False when it did not get there.
  bool run();

  /// One random event.
  void step();

  node_snapshot snapshot();

  sim_network& net() { return *net_; }
  caf::actor_system& system() { return *system_; }

  /// Executions per exchange at the origins.
  const std::map<exchange_id, int>& executions() const { return executions_; }
  const std::vector<std::shared_ptr<sim_request>>& requests() const {
    return requests_;
  }

  /// Of one endpoint, which executions of an exchange it had.
  const std::map<std::pair<exchange_id, std::string>, int>&
  executions_by_endpoint() const {
    return executions_by_endpoint_;
  }
  size_t agent_table() const { return *agent_live_; }
  size_t pool_leases();

  /// No connection of this transport survives, and none comes about.
  void take_down(transport_kind transport);

  /// The same of all.
  void take_network_down();
  void bring_network_up() { net_->down.clear(); }

  /// Stops all faults, so that what is broken can heal.
  void calm_down();

  /// Lets time pass and everything that is due happen, without new faults.
  void settle(duration time);

  /// Called after each step.
  std::function<void()> on_step;

  /// The pools' actors as they are now.
  std::vector<const pool_state*> pools();

  /// Exchanges that wait at controllers for a connection of their session.
  size_t parked();

  /// No message, no work and no frame is on its way.
  bool nothing_under_way();

  time_point now() const { return scheduler_->clock().now(); }

  std::shared_ptr<sim_request> ask(std::string method, std::string question);

 private:
  friend struct sim_origin_client;

  std::vector<const controller_state*> controllers();
  void advance(duration by);
  void run_actor();
  void deliver();
  void cut();
  void abandon();
  void act_visitors();
  void act_origins();
  void blackout();
  bool quiet() const;
  size_t pick(size_t n) { return random_() % n; }
  bool chance(double p);

  world_options options_;
  std::mt19937 random_;
  caf::actor_system_config config_;
  std::shared_ptr<sim_network> net_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  node_context_ptr context_;
  supervisor_actor supervisor_;
  monitor_actor monitor_;
  std::vector<agent_actor> agents_;
  std::shared_ptr<unit_contexts> agent_units_;
  std::shared_ptr<std::atomic<size_t>> agent_live_;
  std::vector<std::shared_ptr<sim_request>> requests_;
  std::vector<std::shared_ptr<sim_origin>> origins_;
  std::map<exchange_id, int> executions_;
  std::map<std::pair<exchange_id, std::string>, int> executions_by_endpoint_;
  bool calm_ = false;
};

} // namespace aps::test
