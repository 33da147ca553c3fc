#pragma once

#include "actors/policy/access/quota_ledger.hpp"
#include "config/routing/routes.hpp"
#include "transports/seam/exchange/visitor_pass.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// Who came over a connection, with what, and how it was let in: by rules that
/// asked no login service. Constant, but for where its quotas are counted.
struct known_visitor {
  uint64_t by_number = 0;       ///< of the rules
  std::weak_ptr<const void> by; ///< its quotas lie there
  time_point until{};
  int64_t expires_at = 0; ///< s since 1970; 0 = never
  std::string server;
  std::string address;
  size_t mapping = 0;
  bool proxied = false;
  tls_facts_ptr tls;
  bool with_field = false;
  std::string field = {}; ///< as it came, if there was one
  std::vector<quota_use> quotas = {};
  visitor_pass_ptr pass = {}; ///< without places

  bool is_same(const visitor_request& request, const route& via) const;

  /// Whether it may still be taken for known; its rules are in use then.
  bool holds(uint64_t number, time_point now) const {
    return by_number == number && now < until
           && (expires_at == 0 || wall_clock_ms() / 1000 < expires_at);
  }
};

} // namespace aps
