#include "tools/agent/agent_program.hpp"

int main(int argc, char** argv) {
  return aps::run_agent_program(
    {.name = "ws_client",
     .summary = "The agent of APS, restricted to WebSocket connections.",
     .only = "ws"},
    argc, argv);
}
