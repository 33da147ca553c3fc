#include "transports/seam/exchange/exchange.hpp"

namespace aps {

namespace {

// One direction of a direct connection: what one end sends, the other end
// receives after the current handler, so that no call ever nests.
template <class End>
class direct_link final : public link,
                          public std::enable_shared_from_this<direct_link<End>> {
 public:
  direct_link(executor& unit, std::weak_ptr<End> to)
      : unit_(unit), to_(std::move(to)) {}

  void set_peer(std::shared_ptr<link> other) { other_ = other; }

  void start(std::shared_ptr<link_listener>) override {}

  void send(frame frame) override {
    // The origin's side was made from the head.
    if (std::holds_alternative<request_frame>(frame.body))
      return;
    unit_.post([to = to_, other = other_, frame = std::move(frame)]() mutable {
      const auto end = to.lock();
      const auto via = other.lock();
      if (end && via)
        end->deliver(via, std::move(frame));
    });
  }

  void close(close_reason, std::string) override {}
  void abort(link_error) override {}

  // It is no tunnel's, so nobody asks.
  transport_kind transport() const noexcept override {
    return preferred_transport;
  }
  executor& unit() const noexcept override { return unit_; }
  const std::string& peer() const noexcept override { return peer_; }
  const std::string& server() const noexcept override { return server_; }
  const link_counters& counters() const noexcept override { return counters_; }

 private:
  executor& unit_;
  std::weak_ptr<End> to_;
  std::weak_ptr<link> other_;
  std::string peer_ = "direct";
  std::string server_;
  link_counters counters_;
};

carrier_ptr make_direct() {
  auto out = std::make_shared<carrier>();
  out->transport = "direct";
  return out;
}

// Keeps the origin's side alive as long as the visitor's side runs, and tells
// it when the visitor's side is over.
class direct_owner final : public exchange_owner {
 public:
  explicit direct_owner(std::shared_ptr<void> keep) : keep_(std::move(keep)) {}
  void on_finished(executor&, exchange_id, outcome) override {}
  carrier_ptr who() const override {
    static const auto direct = make_direct();
    return direct;
  }

 private:
  std::shared_ptr<void> keep_;
};

} // namespace

void connect_directly(const exchange_ptr& visitor_side,
                      const served_exchange_ptr& origin_side) {
  auto& unit = visitor_side->unit();
  auto to_origin = std::make_shared<direct_link<served_exchange>>(unit,
                                                                  origin_side);
  auto to_visitor = std::make_shared<direct_link<exchange>>(unit,
                                                            visitor_side);
  to_origin->set_peer(to_visitor);
  to_visitor->set_peer(to_origin);
  origin_side->attach(to_visitor, std::make_shared<direct_owner>(nullptr));
  visitor_side->attach(to_origin, session_id{},
                       std::make_shared<direct_owner>(origin_side));
}

} // namespace aps
