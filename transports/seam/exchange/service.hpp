#pragma once

#include "transports/seam/exchange/exchange.hpp"

#include <memory>
#include <string_view>

namespace aps {

/// How patient a listener is with those who talk to a service.
struct service_patience {
  duration idle;   ///< between two requests, at least
  duration answer; ///< until the head of an answer, at least
  duration taking; ///< that nothing is taken of what is written, at most
};

/// Takes requests of a listener that are not for a mapping, and answers them
/// in this process. Whoever sends them is no visitor: not counted as one, not
/// hurried when the listener stops, and the size of a body is the service's to
/// limit. Thread: that of each session, several at once.
class service {
 public:
  virtual ~service() = default;

  /// Whether a request is for it. `target` as sent.
  virtual bool takes(std::string_view method,
                     std::string_view target) const noexcept = 0;

  virtual const service_patience& patience() const noexcept = 0;

  /// The facts of the exchange have no route; its visitor address is
  /// "ip:port".
  virtual void serve(const exchange_ptr& exchange) = 0;
};

using service_ptr = std::shared_ptr<service>;

} // namespace aps
