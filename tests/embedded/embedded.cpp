#define CAF_SUITE embedded

#include "actors/agent.hpp"
#include "tests/embedded/support.hpp"
#include "tests/support/test.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

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
