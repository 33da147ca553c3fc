#include "tools/agent/agent_program.hpp"

int main(int argc, char** argv) {
  return aps::run_agent_program(
    {.name = "aps-endpoint",
     .summary = "The agent of APS: dials a node and performs the requests that "
                "come back against targets near it."},
    argc, argv);
}
