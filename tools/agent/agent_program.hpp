#pragma once

#include <string>

namespace aps {

/// What distinguishes the programs that run an agent.
struct agent_program {
  std::string name;
  std::string summary;
  std::string only = {}; ///< what `-transport` is; empty = it is a flag
};

/// The `main` of an agent: dials the node until a signal. Returns the exit
/// code. Wipes a password in `argv`.
int run_agent_program(const agent_program& program, int argc, char** argv);

} // namespace aps
