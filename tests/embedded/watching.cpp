#define CAF_SUITE watching

#include "actors/agent.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "tests/embedded/support.hpp"
#include "tests/support/test.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

using namespace aps;
using namespace aps::test;

namespace {

// What a watcher in another actor system of this process saw.
struct sights {
  std::mutex mutex;
  std::vector<std::string> seen;

  void add(std::string what) {
    std::lock_guard guard{mutex};
    seen.push_back(std::move(what));
  }

  bool have(const std::string& what) {
    std::lock_guard guard{mutex};
    return std::find(seen.begin(), seen.end(), what) != seen.end();
  }

  std::string all() {
    std::lock_guard guard{mutex};
    std::string out;
    for (const auto& one : seen)
      out += one + "; ";
    return out;
  }
};

// Subscribes, monitors the first connection that it hears of and finds, has it
// cut, and remembers how that went.
caf::behavior watcher(caf::event_based_actor* self, monitor_actor monitor,
                      std::shared_ptr<sights> to) {
  compat::on_down(self, [to](const caf::down_msg&) { to->add("down"); });
  compat::send(self, monitor, subscribe{});
  return {
    [=](const monitor_snapshot& what) {
      to->add(what.actors.empty() ? "empty snapshot" : "snapshot");
    },
    [=](const event& what) {
      compat::send(self, monitor, acknowledge{1});
      if (what.kind != event_kind::connection_opened) {
        to->add(to_string(what.kind) + " " + what.reason);
        return;
      }
      if (to->have("is itself"))
        return;
      to->add("opened");
      compat::request(
        self, monitor, std::chrono::seconds(5), get_actors{},
        [=](const actor_list& all) {
          for (const auto& one : all.actors) {
            if (one.name != what.connection)
              continue;
            const auto who = caf::actor_cast<connection_actor>(one.handle);
            compat::monitor(self, who);
            compat::request(
              self, who, std::chrono::seconds(5), get_snapshot{},
              [=](const connection_snapshot& how) {
                to->add("is " + std::string(how.name == what.connection
                                              ? "itself"
                                              : "another"));
                compat::send(self, who, operate{operate::action::cut, {}});
              },
              [](const caf::error&) {});
          }
        },
        [](const caf::error&) {});
    },
  };
}

agent_options agent_of(const node& where) {
  agent_options out;
  out.servers = {{"127.0.0.1", where.ports().at("main")}};
  out.tunnel = "t";
  out.endpoint = "e";
  out.password = "secret";
  out.transports = {transport_kind::websocket};
  return out;
}

// A watcher in `elsewhere` sees, by `monitor`, the life of a connection that
// an agent of `where` opens.
void sees_a_life(host& app, const node& where, caf::actor_system& elsewhere,
                 const monitor_actor& monitor) {
  auto seen = std::make_shared<sights>();
  auto who = elsewhere.spawn(watcher, monitor, seen);
  CAF_CHECK(eventually([&] { return seen->have("snapshot"); }));
  const auto dialler
    = spawn_agent(app.system, agent_of(where), app.net, silent());
  CAF_CHECK(eventually([&] { return seen->have("down"); }));
  CAF_CHECK(eventually([&] { return seen->have("connection-lost lost"); }));
  for (const auto* what : {"connection-authenticated ", "opened", "is itself",
                           "fault-injected cut", "session-up "})
    CAF_CHECK(seen->have(what));
  CAF_MESSAGE(seen->all());
  compat::stop_anonymously(who);
  who = nullptr;
  dialler->stop(std::chrono::milliseconds(100));
}

// An application that talks to other processes.
struct connected_settings : caf::actor_system_config {
  connected_settings() { load<caf::io::middleman>(); }
};

} // namespace

CAF_TEST(an_actor_of_another_system_sees_the_life_of_a_connection) {
  host app;
  caf::actor_system_config settings;
  caf::actor_system elsewhere{settings};
  const auto where = spawn_node(app.system, node_config(), app.net, silent());
  sees_a_life(app, *where, elsewhere, where->monitor());
}

// As from another process or machine: everything that the two sides tell each
// other goes through a socket.
CAF_TEST(so_does_one_that_is_connected_by_a_socket) {
  caf::io::middleman::init_global_meta_objects();
  connected_settings here;
  host app{here};
  const auto where = spawn_node(app.system, node_config(), app.net, silent());
  auto port = app.system.middleman().publish(where->monitor(), 0, "127.0.0.1");
  CAF_REQUIRE(port);
  connected_settings there;
  caf::actor_system elsewhere{there};
  auto monitor
    = elsewhere.middleman().remote_actor<monitor_actor>("127.0.0.1", *port);
  CAF_REQUIRE(monitor);
  sees_a_life(app, *where, elsewhere, *monitor);
  // The subscriber that was there is dropped; the monitor knows no other.
  app.system.middleman().unpublish(where->monitor());
}
