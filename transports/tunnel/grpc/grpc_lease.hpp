#pragma once

#include "transports/seam/executor.hpp"

#include <memory>

namespace aps {

/// Counts calls by being held: `wait` returns when the last holder is gone.
/// gRPC objects must not outlive the units, and units must run until then.
class grpc_lease {
 public:
  grpc_lease();

  /// To be held by a call.
  const std::shared_ptr<void>& get() const noexcept { return held_; }

  /// Gives up our own hold and waits for the others; false on timeout.
  bool wait(duration timeout);

 private:
  struct token;
  std::shared_ptr<token> token_;
  std::shared_ptr<void> held_;
};

} // namespace aps
