#pragma once

#include "transports/seam/outcome.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <string_view>

namespace aps {

/// What the node answered by itself to something that never became an
/// exchange: no mapping, no request at all, too many connections. The texts
/// are as they came; whoever keeps them cuts and cleans them. They live as long
/// as the call.
struct own_answer {
  outcome result = outcome::internal;
  unsigned status = 0; ///< 0 = nothing that has one was sent
  std::string_view peer = {}; ///< ip of the visitor
  std::string_view request_id = {};
  /// The protocol instead, "TLS", of what is none of ours; "" = nobody knows.
  std::string_view method = {};
  std::string_view scheme = "http";
  std::string_view host = {};
  std::string_view path = {};
  std::string_view detail = {}; ///< one line for humans
  tls_facts_ptr tls = {};       ///< null = plain
  std::string_view user = {};   ///< who asked, as far as known
  std::string_view access = {}; ///< the rule that refused
};

} // namespace aps
