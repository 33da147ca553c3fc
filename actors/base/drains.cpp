#include "actors/base/drains.hpp"

#include "transports/seam/auth.hpp"

namespace aps {

// A name has no control character.
std::string drain_register::endpoint(std::string_view tunnel,
                                     std::string_view name) {
  return "endpoint\n" + std::string(tunnel) + "\n" + std::string(name);
}

std::string drain_register::session(const session_id& id) {
  return session(to_hex(id));
}

std::string drain_register::session(std::string_view hex) {
  return "session\n" + std::string(hex);
}

std::string drain_register::credential(std::string_view tunnel,
                                       std::string_view name) {
  return "credential\n" + std::string(tunnel) + "\n" + std::string(name);
}

bool drain_register::add(const std::string& entry) {
  std::lock_guard guard{mutex_};
  if (entries_.contains(entry))
    return true;
  if (entries_.size() >= max_entries)
    return false;
  entries_.insert(entry);
  version_.fetch_add(1, std::memory_order_release);
  return true;
}

void drain_register::remove(const std::string& entry) {
  std::lock_guard guard{mutex_};
  if (entries_.erase(entry) > 0)
    version_.fetch_add(1, std::memory_order_release);
}

bool drain_register::contains(const std::string& entry) const {
  std::lock_guard guard{mutex_};
  return entries_.contains(entry);
}

} // namespace aps
