#define CAF_SUITE embedded

#include "actors/agent.hpp"
#include "tests/embedded/support.hpp"
#include "tests/support/test.hpp"
#include "transports/seam/auth.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <ctime>
#include <string>

using namespace aps;
using namespace aps::test;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

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

config::mapping through_tunnel(uint16_t origin_port) {
  config::mapping out;
  out.from = {"http", "app.test", 80, ""};
  out.to = {"http", "127.0.0.1", origin_port, ""};
  out.tunnels = {"t"};
  return out;
}

agent_options agent_of(uint16_t port) {
  agent_options out;
  out.servers = {{"127.0.0.1", port}};
  out.tunnel = "t";
  out.endpoint = "e";
  out.password = "secret";
  out.transports = {transport_kind::websocket};
  return out;
}

/// What `work` costs the thread that calls it.
double cpu_seconds(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
  };
  const auto before = now();
  work();
  return now() - before;
}

} // namespace

CAF_TEST(who_starts_an_agent_does_not_derive_its_key) {
  host app;
  const auto node = spawn_node(app.system, node_config(), app.net, silent());
  const auto key
    = cpu_seconds([] { CAF_CHECK(!derive_key("t", "secret").empty()); });
  // The trusted certificates are read before it returns, and may fail.
  const auto read = [&] { CAF_CHECK(app.net->origins({}) != nullptr); };
  read();
  const auto certificates = cpu_seconds(read);
  std::unique_ptr<agent> dialler;
  const auto start = cpu_seconds([&] {
    dialler = spawn_agent(app.system, agent_of(node->ports().at("main")),
                          app.net, silent());
  });
  CAF_CHECK_LESS(start, certificates + key / 2);
}

CAF_TEST(an_agent_tells_how_it_is_inside_another_program) {
  host app;
  const auto node = spawn_node(app.system, node_config(), app.net, silent());
  auto options = agent_of(node->ports().at("main"));
  options.status.emplace();
  options.version = "9.9";
  const auto one = spawn_agent(app.system, options, app.net, silent());
  const auto port = one->status_port();
  CAF_CHECK(eventually([port] {
    return get(port, "127.0.0.1", "/.api/ready").find(" 200 ")
           != std::string::npos;
  }));
  CAF_CHECK_NOT_EQUAL(get(port, "127.0.0.1", "/.api/stats").find("\"9.9\""),
                      std::string::npos);
  // The node's numbers and the agent's stand in one registry.
  for (const auto asked : {port, node->admin_port()}) {
    const auto page = get(asked, "127.0.0.1", "/metrics");
    CAF_CHECK_NOT_EQUAL(page.find("aps_agent_connections{"), std::string::npos);
    CAF_CHECK_NOT_EQUAL(page.find("aps_build_info{"), std::string::npos);
  }
}

CAF_TEST(a_status_port_that_is_taken_leaves_no_agent_running) {
  host app;
  const auto node = spawn_node(app.system, node_config(), app.net, silent());
  auto options = agent_of(node->ports().at("main"));
  options.status.emplace().port = node->admin_port();
  const auto before = app.system.registry().running();
  bool thrown = false;
  try {
    spawn_agent(app.system, options, app.net, silent());
  } catch (const std::system_error& error) {
    thrown = true;
    CAF_CHECK_NOT_EQUAL(
      std::string(error.what()).find(std::to_string(node->admin_port())),
      std::string::npos);
  }
  CAF_CHECK(thrown);
  CAF_CHECK(eventually(
    [&] { return app.system.registry().running() == before; }));
}

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
