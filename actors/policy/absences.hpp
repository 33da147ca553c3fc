#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <optional>
#include <vector>

namespace aps {

/// A session that lost its last connection.
struct absence {
  session_id session{};
  time_point since{};
  bool farewell = false; ///< its agent said goodbye, or has a successor
};

/// The sessions of an endpoint that have no connection, and which of them are
/// expected back. A few at a time. Pure.
class absences {
 public:
  /// It lost its last connection; again, if it was known. A goodbye counts
  /// until it is back: true = nobody need wait for it.
  bool note(const session_id& session, bool farewell, time_point now);

  /// It is back.
  void end(const session_id& session);

  /// Null = it is here, or was never. Until the next change.
  const absence* of(const session_id& session) const;

  /// Somebody is expected back.
  bool any_awaited() const;

  /// Since when the last one of them is missing.
  std::optional<time_point> last_awaited() const;

  /// Since when the first one of all is missing.
  std::optional<time_point> oldest() const;

  /// What is older is over.
  void forget(time_point now, duration memory);

 private:
  std::vector<absence> all_; ///< the oldest first
};

} // namespace aps
