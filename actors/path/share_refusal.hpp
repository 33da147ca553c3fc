#pragma once

#include "actors/base/node_context.hpp"

#include <string>

namespace aps {

/// Tells a visitor that its address has its share of an endpoint's places, and
/// counts that. `endpoint` is "tunnel.endpoint". Thread: any.
inline void refuse_share(const node_context& context, exchange& exchange,
                         const std::string& endpoint) {
  if (context.limits)
    context.limits->on_limit(limit::address_share,
                             exchange.facts().visitor_address, endpoint);
  exchange.fail(outcome::address_share,
                "Your address has its share of " + endpoint + ".");
}

} // namespace aps
