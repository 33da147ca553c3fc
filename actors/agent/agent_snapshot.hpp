#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aps {

/// An agent's relation to one node, as its actor sees it. Stays inside one
/// process.
struct agent_snapshot {
  enum class phase { greeting, live, leaving };

  struct connection {
    std::string name; ///< the node's; "" until it is welcome
    transport_kind transport = preferred_transport;
    phase state = phase::greeting;
    duration age{};
  };

  /// The connections of one transport.
  struct lane {
    transport_kind transport = preferred_transport;
    uint32_t wanted = 0;
    uint32_t live = 0;
    uint32_t under_way = 0; ///< dialling, or not yet welcome
  };

  struct trouble {
    std::string text;
    duration age{};
    std::optional<refusal> refused = {}; ///< the node's word, if it was that
    bool over = false; ///< what it was about is connected again
  };

  struct publication {
    std::string name; ///< as asked for
    std::string target;
    std::string url;     ///< empty = it does not have it
    std::string refused; ///< why not; empty too = not yet
  };

  std::string server; ///< host:port
  std::string node;   ///< which process answered last
  bool connected = false;
  bool draining = false;
  std::vector<connection> connections = {};
  std::vector<lane> lanes = {};
  std::vector<publication> publications = {};
  std::optional<trouble> last_refusal = {};
  std::optional<trouble> last_failure = {}; ///< refusals included
  std::optional<duration> next_dial = {}; ///< from now; nothing = none missing
  uint64_t started = 0;   ///< exchanges
  uint64_t abandoned = 0; ///< given up, as nobody came back for them
  uint64_t live = 0;      ///< exchanges that are not over
};

} // namespace aps
