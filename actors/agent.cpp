#include "actors/agent.hpp"

#include "actors/admin/operator_front.hpp"
#include "actors/agent/agent_actor.hpp"
#include "actors/agent/agent_status.hpp"
#include "actors/agent/target_guard.hpp"
#include "actors/base/wait.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <cstring>
#include <thread>

namespace aps {

namespace {

constexpr auto closing_time = std::chrono::milliseconds(1000);
constexpr auto key_pause = std::chrono::milliseconds(1000);

session_id make_session() {
  const auto bytes = random_bytes(sizeof(session_id));
  session_id out;
  std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

/// Derives the key of some agents, which takes a while, on a thread of its own.
struct key_work {
  std::string tunnel;
  std::string password;
  std::shared_ptr<published<std::string>> key;
  std::vector<agent_actor> agents;
  component_log log;
  std::shared_ptr<std::atomic<bool>> stopping;
  hold use; ///< of the units: the host waits for it
};

void derive(caf::event_based_actor* self, const key_work& work) {
  for (;;) {
    try {
      work.key->set(derive_key(work.tunnel, work.password));
      for (const auto& agent : work.agents)
        compat::send(self, agent, key_derived{});
      return;
    } catch (const std::exception& error) {
      work.log.error("Cannot derive a key from the password ({}); trying again "
                     "in 1 s",
                     error.what());
    }
    if (*work.stopping)
      return;
    std::this_thread::sleep_for(key_pause);
  }
}

class agent_host final : public agent {
 public:
  agent_host(caf::actor_system& system, agent_options options,
             std::shared_ptr<network> net, std::shared_ptr<spdlog::logger> log)
      : system_(system), net_(std::move(net)),
        units_(std::make_shared<unit_contexts>(system, *net_)),
        alarms_(std::make_shared<alarm_clock>(system)),
        live_(std::make_shared<std::atomic<size_t>>(0)),
        connections_(std::make_shared<std::atomic<size_t>>(0)),
        target_guard_(std::make_shared<target_guard>(
          options.allowed_targets, system.metrics(),
          target_guard::names{options.tunnel, options.endpoint},
          component_log{log_component::agent, log})) {
    const auto context = make_context(options, {log_component::agent, log});
    if (const auto exceptions = net_->exceptions())
      exception_watch_ = exceptions->add(
        [log = context.log](const std::string& text) {
          log.warn("A connection was given up because of an exception: {}",
                   text);
        });
    auto of_node = context;
    const auto has_tls = [](const agent_server& server) { return server.tls; };
    const auto tls
      = std::any_of(options.servers.begin(), options.servers.end(), has_tls)
          ? net_->make_tls(options.tls)
          : nullptr;
    for (const auto& server : options.servers) {
      of_node.server = server;
      of_node.tls = server.tls ? tls : nullptr;
      actors_.push_back(system_.spawn<agent_impl>(
        std::make_shared<const agent_context>(of_node)));
    }
    try {
      if (options.status)
        open_status(options, context);
    } catch (...) {
      stop(std::chrono::milliseconds(0));
      throw;
    }
    system_.spawn<caf::detached>(derive,
                                 key_work{options.tunnel, options.password,
                                          context.key, actors_, context.log,
                                          stopping_, units_->use()});
  }

  ~agent_host() override { stop(std::chrono::milliseconds(0)); }

  uint16_t status_port() const noexcept override {
    return status_ ? status_->port() : 0;
  }

  void stop(std::chrono::milliseconds grace) override {
    if (stopped_)
      return;
    stopped_ = true;
    *stopping_ = true;
    for (const auto& actor : actors_)
      compat::enqueue(nullptr, actor, drain{});
    wait_until(grace, [this] { return *live_ == 0; });
    // What is being dialled would only come to be closed again.
    dials_->close_all();
    // The node closes what is drained; give it the time to do so.
    wait_until(std::min(grace, closing_time),
               [this] { return *connections_ == 0; });
    for (const auto& actor : actors_)
      stop_and_wait(system_, actor);
    status_.reset();
    // Nothing on the I/O side may talk to actors once the host lets go of
    // the actor system.
    wait_until(std::chrono::seconds(12),
               [this] { return units_->users() == 0; });
    alarms_->stop();
    target_guard_->close();
    units_->leave();
    exception_watch_.reset();
  }

 private:
  // For all nodes alike.
  agent_context make_context(const agent_options& options,
                             const component_log& log) {
    agent_context out;
    out.tunnel = options.tunnel;
    out.endpoint = options.endpoint;
    out.key = std::make_shared<published<std::string>>();
    out.session = make_session();
    out.instance = options.instance;
    out.started_ms = static_cast<uint64_t>(wall_clock_ms());
    out.transports = options.transports;
    out.publications = options.publications;
    out.net = net_.get();
    out.origins = net_->origins(guarded(options.origin, target_guard_));
    out.units = units_;
    out.alarms = alarms_;
    out.log = log;
    out.live = live_;
    out.connections = connections_;
    out.dials = dials_;
    out.on_report = options.on_report;
    out.examine = options.examine;
    out.ends_on_refusal = options.ends_on_refusal;
    return out;
  }

  void open_status(const agent_options& options, const agent_context& context) {
    auto sums = process_sums(net_->exceptions(), options.log_dropped);
    auto listener
      = operator_listener("status", options.status->host, options.status->port);
    listener.key = "-status";
    status_ = net_->listen(
      listener, make_agent_status(
                  {system_, std::make_shared<const agent_context>(context),
                   actors_, options.version, options.status->token,
                   std::make_shared<process_metrics>(
                     system_.metrics(), std::move(sums), options.version),
                   stopping_}));
  }

  caf::actor_system& system_;
  std::shared_ptr<network> net_;
  std::shared_ptr<unit_contexts> units_;
  std::shared_ptr<alarm_clock> alarms_;
  std::shared_ptr<live_set> dials_ = std::make_shared<live_set>();
  hold exception_watch_;
  std::shared_ptr<std::atomic<size_t>> live_;
  std::shared_ptr<std::atomic<size_t>> connections_;
  target_guard_ptr target_guard_;
  std::vector<agent_actor> actors_;
  std::unique_ptr<listener> status_;
  std::shared_ptr<std::atomic<bool>> stopping_
    = std::make_shared<std::atomic<bool>>(false);
  bool stopped_ = false;
};

} // namespace

std::unique_ptr<agent> spawn_agent(caf::actor_system& system,
                                   agent_options options,
                                   std::shared_ptr<network> net,
                                   std::shared_ptr<spdlog::logger> log) {
  return std::make_unique<agent_host>(system, std::move(options),
                                      std::move(net), std::move(log));
}

} // namespace aps
