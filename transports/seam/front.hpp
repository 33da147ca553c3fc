#pragma once

#include "transports/seam/exchange/exchange.hpp"
#include "transports/seam/exchange/own_answer.hpp"
#include "transports/seam/exchange/visitor_pass.hpp"
#include "transports/seam/limits/limit.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace aps {

/// Why a request is not let in.
struct denial {
  outcome cause = outcome::no_mapping; ///< says the status, too
  std::string detail;       ///< a sentence for whoever asked, or nothing
  std::string more;         ///< lines behind it that no record keeps
  header_list headers = {}; ///< of the answer, beside the usual ones
  std::string reason = {};  ///< the rule, for records alone
  std::string user = {};    ///< who asked, as far as known; for records
  route_ptr via = {};       ///< whose it is; null = no mapping's
};

/// A request as the visitor sent it, before a mapping was applied.
struct visitor_request {
  std::string method;
  std::string scheme = "http";
  std::string host; ///< without port, as sent
  uint16_t port = 0; ///< 0 = the scheme's default
  std::string path = "/"; ///< path and query
  std::string visitor_address; ///< ip
  bool local = false;          ///< asked by somebody on this machine
  std::string_view server = {}; ///< the listener's name
  /// As received; null = there are none.
  const header_list* headers = nullptr;
  tls_facts_ptr tls = {}; ///< of the visitor's connection; null = plain
  bool proxied = false;   ///< in absolute form, as a proxy is asked
  std::optional<uint64_t> body_bytes = {}; ///< absent = not announced
  /// What the front remembers along with the connection that it came over,
  /// written and read within `admit`; null = it shall remember nothing.
  known_visitor_ptr* known = nullptr;
  /// What the listener has against it for a mapping, before anybody counts it;
  /// null = nothing. Called within `admit`.
  std::function<std::optional<denial>(const route&)> refuse = nullptr;
};

/// A request that is let in: its mapping, never null, and the visitor's pass;
/// null = nobody asked for one.
struct visitor_entry {
  visitor_entry(route_ptr mapping, visitor_pass_ptr visitors = nullptr)
      : via(std::move(mapping)), pass(std::move(visitors)) {}

  route_ptr via;
  visitor_pass_ptr pass;
};

/// What becomes of a request.
using route_decision = std::variant<visitor_entry, denial>;

/// Where the listeners of a node hand over what arrives. Implemented by the
/// actor side; called on unit threads, several at once.
class front {
 public:
  virtual ~front() = default;

  /// The door for each request, before anything is sent of it.
  virtual route_decision admit(const visitor_request& request) = 0;

  /// The mapping of a connection that asks by TLS for `name` (empty = for none)
  /// at a port of ours; null = none is for it. Nothing is counted by that.
  virtual route_ptr find_name(std::string_view name, uint16_t port) const {
    return static_cast<void>(name), static_cast<void>(port), nullptr;
  }

  /// Whether `find_name` may find something there.
  virtual bool has_names(uint16_t port) const {
    return static_cast<void>(port), false;
  }

  /// Whether who asks so has shown that it may; visitors need not. Others are
  /// counted as strangers, and make room as those do.
  virtual bool knows(const header_list& headers) {
    return static_cast<void>(headers), true;
  }

  /// Carries the exchange; `exchange::facts().via` is what `admit` found.
  virtual void start(exchange_ptr exchange) = 0;

  /// An agent dialled in; nothing was said yet.
  virtual void on_link(link_ptr link) = 0;

  /// A fresh exchange id.
  virtual exchange_id next_id() = 0;

  /// `peer` ("ip" or "ip:port") reached a limit and was refused or cut.
  /// Counted, and told as an event whose rate is limited; cheap enough for
  /// every single refusal. Neither text needs escaping.
  virtual void on_limit(limit kind, std::string_view peer,
                        std::string_view detail) {
    static_cast<void>(kind), static_cast<void>(peer), static_cast<void>(detail);
  }

  /// The listener answered by itself; what never became an exchange is heard
  /// of here alone. On the thread of `unit`, the visitor's. Strangers decide
  /// how often.
  virtual void on_own_answer(executor& unit, const own_answer& answer) {
    static_cast<void>(unit), static_cast<void>(answer);
  }
};

using front_ptr = std::shared_ptr<front>;

} // namespace aps
