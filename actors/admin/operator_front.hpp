#pragma once

#include "actors/admin/request.hpp"
#include "transports/seam/limits/hold.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace aps {

/// The side of a listener for operators. Requests are exchanges like any
/// other, served in this process.
class operator_front : public front {
 public:
  using server = std::function<void(admin::request)>;

  /// `serve` gets each request, its body complete; of who has not shown the
  /// token it gets the head alone. Thread: its unit's.
  operator_front(admin::desk_ptr desk, server serve);

  route_decision admit(const visitor_request& request) override;
  bool knows(const header_list& headers) override;
  void start(exchange_ptr exchange) override;
  void on_link(link_ptr link) override;
  void on_limit(limit kind, std::string_view peer,
                std::string_view detail) override;

  /// Strangers are no visitors: what they send here is no exchange.
  void on_own_answer(executor& unit, const own_answer& answer) override;

  exchange_id next_id() override { return ++next_id_; }

 private:
  /// The host waits for it, as what follows knows its actors; goes last.
  const hold use_;
  admin::desk_ptr desk_;
  server serve_;
  route_ptr everything_;
  std::atomic<exchange_id> next_id_{0};
};

/// How such a listener is opened.
listen_options operator_listener(std::string name, std::string host,
                                 uint16_t port);

} // namespace aps
