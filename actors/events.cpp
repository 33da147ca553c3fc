#include "actors/events.hpp"

namespace aps {

std::string to_string(event_kind kind) {
  // A number from another process may be of no kind here.
  const auto known = static_cast<size_t>(kind) < event_kinds;
  return known ? std::string(row_of(kind).name) : "unknown";
}

std::string to_string(actor_kind kind) {
  switch (kind) {
    case actor_kind::tunnel: return "tunnel";
    case actor_kind::controller: return "fallback_controller";
    case actor_kind::pool: return "pool";
    case actor_kind::connection: return "connection";
  }
  return "unknown";
}

} // namespace aps
