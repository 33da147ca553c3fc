#include "transports/h2_door.hpp"

#include "transports/front/h2/h2_visitors.hpp"
#include "transports/tunnel/grpc/grpc_link.hpp"

namespace aps {

namespace {

/// What nobody knows yet may ask for a little: an agent for its stream, a
/// visitor for what it begins with.
h2_settings unknown_settings(const http_front_context& context) {
  auto out = visitor_settings(context);
  out.profile.requests = agent_profile.requests;
  out.profile.control_per_request = 0;
  out.profile.early_bytes
    = agent_profile.early_bytes + out.profile.header_bytes;
  return out;
}

} // namespace

h2_door::h2_door(place_ptr place, http_front_ptr visitors, handlers handlers)
    : place_(std::move(place)), context_(std::move(visitors)),
      handlers_(std::move(handlers)) {}

h2_connection_ptr h2_door::open(io_unit& unit, stream_ptr stream,
                                place_ptr place, duration timeout,
                                http_front_ptr visitors, handlers handlers) {
  const auto settings = unknown_settings(*visitors);
  const auto door = std::make_shared<h2_door>(
    std::move(place), std::move(visitors), std::move(handlers));
  const auto connection = std::make_shared<h2_connection>(
    unit, std::move(stream), settings, door);
  door->connection_ = connection;
  connection->expire_at(unit.now() + timeout);
  return connection;
}

h2_stream_owner_ptr h2_door::on_request(int32_t stream, header_list head,
                                        bool last) {
  const auto connection = connection_.lock();
  if (!connection || is_agents_)
    return nullptr;
  if (!visitors_ && is_tunnel_call(head))
    return accept_agent(connection, stream);
  return visitors_of(connection).on_request(stream, std::move(head), last);
}

void h2_door::on_bad_request() {
  const auto connection = connection_.lock();
  if (connection && !is_agents_)
    visitors_of(connection).on_bad_request();
}

void h2_door::on_tick(time_point now) {
  if (visitors_)
    visitors_->on_tick(now);
}

h2_acceptor& h2_door::visitors_of(const h2_connection_ptr& connection) {
  if (!visitors_) {
    const auto made = std::make_shared<h2_visitors>(connection, context_,
                                                    std::move(place_));
    connection->expire_at(time_point::max());
    made->start();
    visitors_ = made;
  }
  return *visitors_;
}

h2_stream_owner_ptr h2_door::accept_agent(const h2_connection_ptr& connection,
                                          int32_t stream) {
  is_agents_ = true;
  auto& session = connection->session();
  if (!handlers_.agent) {
    handlers_.refused();
    session.terminate(h2_code::http_1_1_required);
    return nullptr;
  }
  connection->expire_at(time_point::max());
  const auto settings = tunnel_settings();
  session.counts().adopt(settings.profile);
  session.widen(stream, settings.stream_window);
  session.widen(0, settings.connection_window);
  return handlers_.agent(connection, stream, std::move(place_));
}

} // namespace aps
