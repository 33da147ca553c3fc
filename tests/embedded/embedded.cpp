#define CAF_SUITE embedded

#include "actors/agent.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/node.hpp"
#include "config/config.hpp"
#include "tests/support/test.hpp"
#include "transports/network.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <mutex>
#include <string>
#include <thread>

using namespace aps;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

std::shared_ptr<spdlog::logger> silent() {
  return std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::null_sink_mt>());
}

// The answer to one GET, head and body; closes the connection.
std::string get(uint16_t port, const std::string& host,
                const std::string& path) {
  asio::io_context context;
  tcp::socket socket{context};
  socket.connect({asio::ip::address_v4::loopback(), port});
  asio::write(socket, asio::buffer("GET " + path + " HTTP/1.1\r\nHost: " + host
                                   + "\r\nConnection: close\r\n\r\n"));
  std::string answer;
  boost::system::error_code error;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  return answer;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (condition())
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

config::node node_config() {
  config::node out;
  out.servers["main"].host = "127.0.0.1";
  out.admin.emplace().port = 0;
  auto& tunnel = out.tunnels["t"];
  tunnel.servers = {"main"};
  tunnel.password = "secret";
  return out;
}

config::mapping through_tunnel(uint16_t origin_port) {
  config::mapping out;
  out.from = {"http", "app.test", 80, ""};
  out.to = {"http", "127.0.0.1", origin_port, ""};
  out.tunnels = {"t"};
  return out;
}

// Somebody's application: one actor system, one network.
struct host {
  host() : net(make_network(2)), system(settings) {}

  std::shared_ptr<network> net;
  caf::actor_system_config settings;
  caf::actor_system system;
};

} // namespace

CAF_TEST(two_nodes_and_an_agent_live_in_one_actor_system) {
  host app;
  auto log = silent();
  // The origin is the admin API of a third node.
  const auto origin = spawn_node(app.system, node_config(), app.net, log);
  auto settings = node_config();
  settings.mappings.push_back(through_tunnel(origin->admin_port()));
  const auto first = spawn_node(app.system, settings, app.net, log);
  const auto second = spawn_node(app.system, settings, app.net, log);
  CAF_CHECK_NOT_EQUAL(first->ports().at("main"), second->ports().at("main"));

  agent_options options;
  options.servers = {{"127.0.0.1", first->ports().at("main")},
                     {"127.0.0.1", second->ports().at("main")}};
  options.tunnel = "t";
  options.endpoint = "e";
  options.password = "secret";
  options.transports = {transport_kind::grpc, transport_kind::websocket};
  const auto dialler = spawn_agent(app.system, options, app.net, log);

  for (const auto* where : {first.get(), second.get()}) {
    const auto port = where->ports().at("main");
    CAF_CHECK(eventually([port] {
      return get(port, "app.test", "/.api/health").find("\"ok\"")
             != std::string::npos;
    }));
  }
  // One node goes; the other and the agent do not mind.
  first->stop(std::chrono::milliseconds(100));
  CAF_CHECK_NOT_EQUAL(
    get(second->ports().at("main"), "app.test", "/.api/health").find("200 OK"),
    std::string::npos);
  dialler->stop(std::chrono::milliseconds(100));
  CAF_CHECK(eventually([&] {
    return get(second->ports().at("main"), "app.test", "/").find(" 503 ")
           != std::string::npos;
  }));
}

CAF_TEST(a_port_that_is_taken_leaves_nothing_running) {
  host app;
  auto log = silent();
  const auto first = spawn_node(app.system, node_config(), app.net, log);
  auto settings = node_config();
  settings.servers["main"].port = first->ports().at("main");
  bool thrown = false;
  try {
    spawn_node(app.system, settings, app.net, log);
  } catch (const std::system_error& error) {
    thrown = true;
    const auto port = std::to_string(settings.servers["main"].port);
    CAF_CHECK_NOT_EQUAL(std::string(error.what()).find(port),
                        std::string::npos);
  }
  CAF_CHECK(thrown);
  CAF_CHECK_NOT_EQUAL(get(first->admin_port(), "x", "/.api/health").find("200"),
                      std::string::npos);
}

CAF_TEST(a_mapping_without_via_goes_straight_to_its_target) {
  host app;
  auto log = silent();
  const auto origin = spawn_node(app.system, node_config(), app.net, log);
  auto settings = node_config();
  settings.mappings.push_back(through_tunnel(origin->admin_port()));
  settings.mappings.back().tunnels.clear();
  const auto direct = spawn_node(app.system, settings, app.net, log);
  const auto answer = get(direct->ports().at("main"), "app.test",
                          "/.api/stats");
  CAF_CHECK_NOT_EQUAL(answer.find("\"fallback_enabled\""), std::string::npos);
}

CAF_TEST(actor_systems_can_be_made_and_left_again_and_again) {
  auto net = make_network(1);
  for (int round = 0; round < 5; ++round) {
    caf::actor_system_config settings;
    caf::actor_system system{settings};
    const auto one = spawn_node(system, node_config(), net, silent());
    CAF_CHECK_NOT_EQUAL(get(one->admin_port(), "x", "/.api/health").find("ok"),
                        std::string::npos);
  }
}

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

// Subscribes, monitors the first connection it hears of, has it cut, and
// remembers how that went.
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
      if (to->have("opened"))
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

} // namespace

CAF_TEST(an_actor_of_another_system_sees_the_life_of_a_connection) {
  host app;
  caf::actor_system_config settings;
  caf::actor_system elsewhere{settings};
  const auto where = spawn_node(app.system, node_config(), app.net, silent());
  auto seen = std::make_shared<sights>();
  auto who = elsewhere.spawn(watcher, where->monitor(), seen);
  CAF_CHECK(eventually([&] { return seen->have("snapshot"); }));

  agent_options options;
  options.servers = {{"127.0.0.1", where->ports().at("main")}};
  options.tunnel = "t";
  options.endpoint = "e";
  options.password = "secret";
  options.transports = {transport_kind::websocket};
  const auto dialler = spawn_agent(app.system, options, app.net, silent());
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
