#pragma once

#include "transports/front/http_front.hpp"
#include "transports/http2/h2_connection.hpp"
#include "transports/net/admission/gate.hpp"

#include <functional>
#include <memory>

namespace aps {

/// Decides by the first request of an HTTP/2 connection who speaks: the call of
/// an agent becomes its link, and the limits of agents hold for ever; all others
/// are visitors. Until then nobody may do much. Belongs to its connection.
/// Thread: the unit's.
class h2_door final : public h2_acceptor {
 public:
  /// Makes the link of an agent's call; null = the call is refused.
  using agent_handler = std::function<h2_stream_owner_ptr(
    const h2_connection_ptr&, int32_t call, place_ptr)>;

  struct handlers {
    agent_handler agent;           ///< empty = no agents here
    std::function<void()> refused; ///< hears of agents where there are none
  };

  /// A connection that is not started. Whoever takes longer than `timeout`
  /// for its first request is dropped.
  static h2_connection_ptr open(io_unit& unit, stream_ptr stream,
                                place_ptr place, duration timeout,
                                http_front_ptr visitors, handlers handlers);

  h2_door(place_ptr place, http_front_ptr visitors, handlers handlers);

  h2_stream_owner_ptr on_request(int32_t stream, header_list head,
                                 bool last) override;
  void on_bad_request() override;
  void on_tick(time_point now) override;

 private:
  h2_acceptor& visitors_of(const h2_connection_ptr& connection);
  h2_stream_owner_ptr accept_agent(const h2_connection_ptr& connection,
                                   int32_t stream);

  std::weak_ptr<h2_connection> connection_;
  place_ptr place_; ///< until somebody has it
  const http_front_ptr context_;
  const handlers handlers_;
  std::shared_ptr<h2_acceptor> visitors_; ///< once it is theirs
  bool is_agents_ = false;
};

} // namespace aps
