#include "actors/admin/grpc/event_message.hpp"

#include "actors/admin/event_id.hpp"
#include "actors/watch/event_text.hpp"

namespace aps::admin {

std::string event_message(const std::string& node, const event& event) {
  v1::Event out;
  auto& to = *out.mutable_occurrence();
  to.set_id(event_id(node, event.serial));
  to.set_serial(event.serial);
  to.set_time_ms(event.time_ms);
  to.set_kind(to_string(event.kind));
  to.set_severity(std::string{severity_word(event.kind)});
  to.set_tunnel(event.tunnel);
  to.set_endpoint(event.endpoint);
  to.set_transport(event.transport);
  to.set_connection(event.connection);
  to.set_session(event.session);
  to.set_request_id(event.request_id);
  to.set_mapping(event.mapping);
  to.set_peer(event.peer);
  to.set_reason(event.reason);
  to.set_detail(event.detail);
  to.set_number(event.number);
  to.set_text(render(event));
  return out.SerializeAsString();
}

std::string missed_message(uint64_t count) {
  v1::Event out;
  out.mutable_missed()->set_count(count);
  return out.SerializeAsString();
}

std::string snapshot_message(v1::Snapshot&& snapshot, const std::string& node,
                             uint64_t serial, bool after) {
  v1::Event out;
  auto& to = *out.mutable_snapshot();
  to.Swap(&snapshot);
  to.set_serial(serial);
  to.set_id(after ? std::string{} : event_id(node, serial));
  return out.SerializeAsString();
}

} // namespace aps::admin
