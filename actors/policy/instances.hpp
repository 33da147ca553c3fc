#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace aps {

/// Which sessions are lives of one and the same agent? A restarted agent need
/// not wait until its former life is found dead: of two sessions of one
/// instance the one that started later stays. But a former life never dials
/// again, so one that was replaced and does is alive: two agents share the
/// name, as cloned machines do. Both may stay then, and none of them is
/// replaced any more. Pure.
class instance_register {
 public:
  struct life {
    session_id session{};
    uint64_t started_ms = 0;
  };

  struct verdict {
    bool welcome = true;
    bool twin = false; ///< it was taken for a former life, but lives
    std::vector<session_id> replaced; ///< their processes are gone
  };

  using live_check = std::function<bool(const session_id&)>;

  /// A connection of `life`, an agent that calls itself `name`, wants in.
  verdict admit(const std::string& name, const life& life,
                const live_check& is_live);

  size_t size() const noexcept { return instances_.size(); }

  /// Instances that are known at once, and lives of one; the oldest ones are
  /// forgotten.
  static constexpr size_t max_instances = 256;
  static constexpr size_t max_lives = 8;

 private:
  struct entry {
    life owner;
    bool replaced = false;
  };
  struct instance {
    std::string name;
    std::vector<entry> lives;
    bool shared = false;
  };

  instance& named(const std::string& name);

  std::vector<instance> instances_;
};

} // namespace aps
