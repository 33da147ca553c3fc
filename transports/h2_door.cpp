#include "transports/h2_door.hpp"

#include "transports/tunnel/grpc/grpc_link.hpp"

namespace aps {

h2_door::h2_door(place_ptr place, agent_handler agent,
                 std::function<void()> refused)
    : place_(std::move(place)), agent_(std::move(agent)),
      refused_(std::move(refused)) {}

std::shared_ptr<h2_connection>
h2_door::open(io_unit& unit, stream_ptr stream, place_ptr place,
              duration timeout, agent_handler agent,
              std::function<void()> refused) {
  const auto door = std::make_shared<h2_door>(place, std::move(agent),
                                              std::move(refused));
  const auto connection = std::make_shared<h2_connection>(
    unit, std::move(stream), tunnel_settings(), door);
  door->connection_ = connection;
  connection->expire_at(unit.now() + timeout);
  if (place)
    place->on_evict([weak = std::weak_ptr{connection}] {
      if (const auto silent = weak.lock())
        silent->close();
    });
  return connection;
}

std::shared_ptr<h2_stream_owner>
h2_door::on_request(int32_t stream, header_list head, bool) {
  const auto connection = connection_.lock();
  if (!connection)
    return nullptr;
  if (agent_ && is_tunnel_call(head)) {
    connection->expire_at(time_point::max());
    refused_ = nullptr; // it is an agent's, whatever else it asks for
    return std::exchange(agent_, nullptr)(connection, stream,
                                          std::move(place_));
  }
  refuse(*connection);
  return nullptr;
}

void h2_door::on_bad_request() {
  if (const auto connection = connection_.lock())
    refuse(*connection);
}

void h2_door::refuse(h2_connection& connection) {
  const auto refused = std::exchange(refused_, nullptr);
  if (!refused)
    return;
  refused();
  connection.session().terminate(h2_code::http_1_1_required);
}

} // namespace aps
