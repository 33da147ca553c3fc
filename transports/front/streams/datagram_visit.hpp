#pragma once

#include "transports/front/front_request.hpp"
#include "transports/net/admission/gate.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace aps {

/// One visitor's session of datagrams, which is an exchange of those. What
/// there is no credit or connection for is dropped, so nothing of them is
/// queued, and none comes twice, whatever happens to its connections.
///
/// Ownership: its port's, and its exchange's. Thread: the unit's.
class datagram_visit final
    : public visitor,
      public std::enable_shared_from_this<datagram_visit> {
 public:
  /// Sends a datagram to the visitor.
  using sender = std::function<void(std::string_view)>;

  datagram_visit(place_ptr place, sender send, duration idle_limit);

  void start(const http_front_context& context, executor& unit,
             onward_request request);

  /// The visitor sent one.
  void take(std::string_view datagram, time_point now);

  /// Whether it is to be forgotten: nothing passed for too long, which ends it,
  /// or it failed a while ago. Until then no other begins in its place.
  bool is_over(time_point now);

  /// Cuts it.
  void close();

  // -- visitor ---------------------------------------------------------------

  void on_head(const response_head_ptr& head) override;
  void on_data(slice) override {} // there is none
  void on_datagram(slice datagram) override;
  void on_end(const header_list& trailers) override;
  void on_failed(outcome outcome, const std::string& detail) override;
  void on_writable() override {} // what had no room is gone

 private:
  place_ptr place_; ///< null = it made room
  const sender send_;
  const duration idle_limit_;
  exchange_ptr exchange_; ///< null = it ended
  executor* unit_ = nullptr;
  time_point moved_at_{}; ///< when a datagram passed, or it ended
};

} // namespace aps
