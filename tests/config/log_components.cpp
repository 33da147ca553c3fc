#define CAF_SUITE config.log_components

#include "tests/support/test.hpp"

#include "config/log_components.hpp"

using namespace aps;

CAF_TEST(a tag is the name in capitals) {
  CAF_CHECK_EQUAL(tag_of(pool_component(config::pool_index("websocket_pool"))),
                  "[WS-POOL]");
  CAF_CHECK_EQUAL(tag_of(log_component::agent), "[AGENT]");
  CAF_CHECK_EQUAL(to_string(pool_component(config::pool_index("grpc_pool"))),
                  "grpc-pool");
}

CAF_TEST(groups come before their members and the agent is none of the node) {
  const std::vector<std::string> expected{
    "pool",   "grpc-pool",  "ws-pool", "poll-pool", "tunnel", "auth",
    "hybrid", "supervisor", "node",    "limit",     "admin",  "request"};
  CAF_CHECK_EQUAL(log_component_names(), expected);
}

CAF_TEST(a name is one component and a group is several) {
  using list = std::vector<log_component>;
  CAF_CHECK(log_components_of("tunnel") == list{log_component::tunnel});
  CAF_CHECK(log_components_of("pool")
            == list({pool_component(0), pool_component(1), pool_component(2)}));
  for (const char* unknown : {"", "agent", "tunnels", "[TUNNEL]"})
    CAF_CHECK(log_components_of(unknown).empty());
}
