#pragma once

#include "actors/agent.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// When an agent shall end by itself.
struct link_wishes {
  double wait = 0;   ///< seconds until the first connection; 0 = for ever
  bool once = false; ///< at the loss of the connection to the last node
  bool exit_on_refusal = false;

  bool operator==(const link_wishes&) const = default;
};

/// Waits for the end of an agent's program: a signal, or what the command line
/// asks for. One per process, on the main thread.
class link_watch {
 public:
  struct end {
    int code;
    std::string why; ///< the signal, or a sentence
  };

  /// `nodes`: whom the agent dials, in words.
  link_watch(const link_wishes& wishes, std::string nodes);

  /// For `agent_options::on_report`. It may outlive this object.
  std::function<void(const agent_report&)> listener() const;

  end wait() const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace aps
