#define CAF_SUITE supervisor

#include "actors/path/supervisor.hpp"

#include "actors/watch/stats.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <caf/event_based_actor.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/null_sink.h>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

/// A supervisor of two tunnels, and somebody who asks it.
class supervisor_script {
 public:
  supervisor_script() {
    auto context = std::make_shared<node_context>();
    config::node config;
    config.tunnels["loud"].password = "p";
    config.tunnels["mute"].password = "p";
    context->use(config);
    context->units = std::make_shared<unit_contexts>(*system, net_);
    context->alarms = std::make_shared<alarm_clock>(*system);
    context->tunnels = std::make_shared<tunnel_directory>();
    context->logs
      = std::make_shared<log_set>(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::null_sink_mt>()));
    context->monitor = monitor_ = spawn_note_taker(
      *system, std::make_shared<std::vector<event>>());
    context_ = context;
    supervisor = system->spawn<supervisor_impl>(context_);
    run();
  }

  ~supervisor_script() {
    compat::stop_anonymously(supervisor);
    compat::stop_anonymously(monitor_);
    supervisor = nullptr;
    context_->tunnels->set({});
    run();
  }

  /// Asks; the answer comes when all that it takes was run.
  caf::actor ask() {
    return system->spawn([this](caf::event_based_actor* self) {
      compat::request(
        self, supervisor, get_snapshot{},
        [this](node_snapshot& all) { answer = std::move(all); },
        [](const caf::error&) {});
    });
  }

  tunnel_actor tunnel(const std::string& name) {
    const auto tunnels = context_->tunnels->get();
    return tunnels->at(name);
  }

  void run() { system.run(net_.here); }

 private:
  one_unit net_;

 public:
  script_system system;
  supervisor_actor supervisor;
  std::optional<node_snapshot> answer;

 private:
  node_context_ptr context_;
  monitor_actor monitor_;
};

} // namespace

CAF_TEST(a_tunnel_that_is_silent_is_told_as_such) {
  supervisor_script it;
  {
    const auto asker = it.ask();
    it.system.run_only(asker);
    it.system.run_only(it.supervisor);
    it.system.run_only(it.tunnel("loud"));
    it.system.run_only(it.supervisor);
    CAF_CHECK(!it.answer);
    it.system.pass(2s);
    it.system.run_only(it.supervisor);
    it.system.run_only(asker);
  }
  CAF_REQUIRE(it.answer);
  const auto& tunnels = it.answer->tunnels;
  CAF_REQUIRE_EQUAL(tunnels.size(), 2u);
  CAF_CHECK_EQUAL(tunnels[0].name, "loud");
  CAF_CHECK_EQUAL(tunnels[0].problem, "");
  CAF_CHECK_EQUAL(tunnels[1].name, "mute");
  CAF_CHECK_EQUAL(tunnels[1].problem, "no answer");
  CAF_CHECK(tunnels[1].enabled[index_of(transport_kind::websocket)]);
  CAF_CHECK_EQUAL(make_readiness(*it.answer)["unknown"].dump(),
                  R"([{"problem":"no answer","tunnel":"mute"}])");
  // Its answer comes late, and the next one in time.
  it.run();
  it.answer.reset();
  static_cast<void>(it.ask());
  it.run();
  CAF_REQUIRE(it.answer);
  for (const auto& tunnel : it.answer->tunnels)
    CAF_CHECK_EQUAL(tunnel.problem, "");
  CAF_CHECK(make_readiness(*it.answer)["unknown"].empty());
}
