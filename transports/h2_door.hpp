#pragma once

#include "transports/http2/h2_connection.hpp"
#include "transports/net/gate.hpp"

#include <functional>
#include <memory>

namespace aps {

/// Decides by the first request of an HTTP/2 connection who speaks: the call of
/// an agent becomes its link, all others are told to speak HTTP/1.1 (RFC 9113,
/// 7: HTTP_1_1_REQUIRED). Belongs to its connection. Thread: the unit's.
class h2_door final : public h2_acceptor {
 public:
  /// Makes the link of an agent's call; null = the call is refused.
  using agent_handler = std::function<std::shared_ptr<h2_stream_owner>(
    const std::shared_ptr<h2_connection>&, int32_t call, place_ptr)>;

  /// A connection that is not started. Without `agent` nobody is one;
  /// `refused` hears of those that are none. Whoever takes longer than
  /// `timeout` for its first request is dropped.
  static std::shared_ptr<h2_connection>
  open(io_unit& unit, stream_ptr stream, place_ptr place, duration timeout,
       agent_handler agent, std::function<void()> refused);

  h2_door(place_ptr place, agent_handler agent, std::function<void()> refused);

  std::shared_ptr<h2_stream_owner>
  on_request(int32_t stream, header_list head, bool last) override;

  void on_bad_request() override;

 private:
  void refuse(h2_connection& connection);

  std::weak_ptr<h2_connection> connection_;
  place_ptr place_; ///< until an agent has it
  agent_handler agent_;
  std::function<void()> refused_;
};

} // namespace aps
