#pragma once

#include "actors/agent.hpp"
#include "actors/agent/agent_snapshot.hpp"
#include "transports/seam/frame.hpp"

#include <optional>
#include <string>
#include <vector>

namespace aps {

/// What an agent says to its node of the names that it wants, and when: with
/// the first connection, to each new process of the node, and again as long as
/// it does not get all of them. Pure.
class agent_publisher {
 public:
  explicit agent_publisher(std::vector<agent_publication> wanted);

  bool is_idle() const noexcept { return wanted_.empty(); }

  /// A node that takes names is there, for the first time or again.
  void on_connected() noexcept { next_ = time_point{}; }

  /// Nothing is sent to nobody.
  void on_lost() noexcept { next_ = time_point::max(); }

  /// What is to be said now, if anything; it counts as said.
  std::optional<publish_frame> due(time_point now);

  /// A change, for the log.
  struct news {
    bool granted = false;
    std::string text; ///< a sentence without its end
    std::string url;  ///< of what is granted
    std::string target;
  };

  /// The node's answer, or what it says later; what was known is left out.
  /// `host` is where the node is: ports are there.
  std::vector<news> on_answer(const published_frame& answer,
                              std::string_view host, time_point now);

  using state = agent_snapshot::publication;
  const std::vector<state>& states() const noexcept { return wanted_; }

 private:
  state* find(const std::string& name);

  std::vector<state> wanted_;
  uint32_t serial_ = 0;
  time_point next_ = time_point::max();
};

} // namespace aps
