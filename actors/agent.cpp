#include "actors/agent.hpp"

#include "actors/agent_actor.hpp"
#include "actors/wait.hpp"
#include "transports/seam/auth.hpp"

#include <cstring>

namespace aps {

namespace {

constexpr auto closing_time = std::chrono::milliseconds(1000);

session_id make_session() {
  const auto bytes = random_bytes(sizeof(session_id));
  session_id out;
  std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

class agent_host final : public agent {
 public:
  agent_host(caf::actor_system& system, agent_options options,
             std::shared_ptr<network> net, std::shared_ptr<spdlog::logger> log)
      : system_(system), net_(std::move(net)),
        units_(std::make_shared<unit_contexts>(system, *net_)),
        alarms_(std::make_shared<alarm_clock>(system)),
        live_(std::make_shared<std::atomic<size_t>>(0)),
        connections_(std::make_shared<std::atomic<size_t>>(0)) {
    agent_context shared;
    shared.tunnel = options.tunnel;
    shared.endpoint = options.endpoint;
    shared.key = derive_key(options.tunnel, options.password);
    shared.session = make_session();
    shared.instance = options.instance;
    shared.started_ms = static_cast<uint64_t>(
      std::chrono::system_clock::now().time_since_epoch()
      / std::chrono::milliseconds(1));
    shared.transports = options.transports;
    shared.net = net_;
    shared.origins = net_->origins(options.origin);
    shared.units = units_;
    shared.alarms = alarms_;
    shared.log = std::move(log);
    shared.live = live_;
    shared.connections = connections_;
    shared.dials = dials_;
    shared.on_report = options.on_report;
    shared.examine = options.examine;
    if (const auto exceptions = net_->exceptions())
      exception_watch_ = exceptions->add(
        [log = shared.log](const std::string& text) {
          log->warn("[AGENT] A connection was given up because of an "
                    "exception: {}", text);
        });
    for (const auto& server : options.servers) {
      shared.server = server;
      actors_.push_back(system_.spawn<agent_impl>(
        std::make_shared<const agent_context>(shared)));
    }
  }

  ~agent_host() override { stop(std::chrono::milliseconds(0)); }

  void stop(std::chrono::milliseconds grace) override {
    if (stopped_)
      return;
    stopped_ = true;
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
    // Nothing on the I/O side may talk to actors once the host lets go of
    // the actor system.
    wait_until(std::chrono::seconds(12),
               [this] { return units_->users() == 0; });
    alarms_->stop();
    units_->leave();
    exception_watch_.reset();
  }

 private:
  caf::actor_system& system_;
  std::shared_ptr<network> net_;
  std::shared_ptr<unit_contexts> units_;
  std::shared_ptr<alarm_clock> alarms_;
  std::shared_ptr<live_set> dials_ = std::make_shared<live_set>();
  std::shared_ptr<void> exception_watch_;
  std::shared_ptr<std::atomic<size_t>> live_;
  std::shared_ptr<std::atomic<size_t>> connections_;
  std::vector<agent_actor> actors_;
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
