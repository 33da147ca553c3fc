#pragma once

#include "transports/seam/frame.hpp"

#include <type_traits>

/// The fields of every frame kind, in the order of their numbers in
/// proto/aps/tunnel/v1/tunnel.proto. Each list is written once and serves
/// every codec: one that counts bytes, one that writes, one that reads.
/// Private to the codec.
namespace aps::wire {

template <class Codec, class T>
using like = std::conditional_t<Codec::reading, T, const T>;

template <class Codec>
void fields(Codec& c, like<Codec, header>& f) {
  c.text(1, f.name);
  c.text(2, f.value);
}

template <class Codec>
void fields(Codec& c, like<Codec, challenge_frame>& f) {
  c.number(1, f.version);
  c.text(2, f.nonce);
  c.text(3, f.node);
  c.number(4, f.bound);
}

template <class Codec>
void fields(Codec& c, like<Codec, hello_frame>& f) {
  c.number(1, f.version);
  c.number(2, f.features);
  c.text(3, f.tunnel);
  c.text(4, f.endpoint);
  c.text(5, f.session);
  c.text(6, f.nonce);
  c.text(7, f.proof);
  c.text(8, f.software);
  c.text(9, f.instance);
  c.number(10, f.started_ms);
}

template <class Codec>
void fields(Codec& c, like<Codec, welcome_frame>& f) {
  c.number(1, f.features);
  c.text(2, f.proof);
  c.text(3, f.connection);
  c.number(4, f.resume_time_ms);
  c.number(5, f.agents);
  c.number(6, f.took_over);
}

template <class Codec>
void fields(Codec& c, like<Codec, refused_frame>& f) {
  c.number(1, f.code);
  c.text(2, f.message);
  c.number(3, f.retry_after_ms);
}

template <class Codec>
void fields(Codec& c, like<Codec, ping_frame>& f) {
  c.number(1, f.token);
}

template <class Codec>
void fields(Codec& c, like<Codec, pong_frame>& f) {
  c.number(1, f.token);
}

template <class Codec>
void fields(Codec& c, like<Codec, open_connections_frame>& f) {
  c.number(1, f.transport);
  c.number(2, f.count);
  c.text(3, f.reason);
  c.number(4, f.total);
}

template <class Codec>
void fields(Codec& c, like<Codec, drain_frame>& f) {
  c.text(1, f.reason);
  c.number(2, f.replace);
}

template <class Codec>
void fields(Codec& c, like<Codec, request_frame>& f,
            like<Codec, request_head>& head) {
  c.number(1, f.attempt);
  c.text(2, head.method);
  c.text(3, head.scheme);
  c.text(4, head.authority);
  c.text(5, head.path);
  c.headers(6, head.headers);
  c.number(7, head.last);
  c.maybe(8, head.content_length);
  c.text(9, head.upgrade);
  c.number(10, f.window);
  c.number(11, head.visitor);
  c.number(12, head.protocol);
  c.text(13, head.server_name);
  c.number(14, head.proxy);
  c.text(15, head.proxy_ends);
}

template <class Codec>
void fields(Codec& c, like<Codec, response_frame>&,
            like<Codec, response_head>& head) {
  c.number(1, head.status);
  c.text(2, head.reason);
  c.headers(3, head.headers);
  c.number(4, head.last);
  c.maybe(5, head.content_length);
}

template <class Codec>
void fields(Codec& c, like<Codec, data_frame>& f) {
  c.number(1, f.offset);
  c.payload(2, f.payload);
  c.number(3, f.last);
  c.number(4, f.blocked);
}

template <class Codec>
void fields(Codec& c, like<Codec, end_frame>& f) {
  c.number(1, f.offset);
  c.headers(2, f.trailers);
}

template <class Codec>
void fields(Codec& c, like<Codec, reset_frame>& f) {
  c.number(1, f.code);
  c.text(2, f.message);
}

template <class Codec>
void fields(Codec& c, like<Codec, ack_frame>& f) {
  c.number(1, f.offset);
  c.number(2, f.window);
  c.number(3, f.ended);
}

template <class Codec>
void fields(Codec& c, like<Codec, resume_frame>& f) {
  c.number(1, f.attempt);
  c.number(2, f.received);
  c.number(3, f.heads);
}

template <class Codec>
void fields(Codec& c, like<Codec, resumed_frame>& f) {
  c.number(1, f.attempt);
  c.number(2, f.known);
  c.number(3, f.received);
  c.number(4, f.ended);
}

template <class Codec>
void fields(Codec& c, like<Codec, publish_frame>& f) {
  c.number(1, f.serial);
  c.headers(2, f.names);
}

template <class Codec>
void fields(Codec& c, like<Codec, published_frame>& f) {
  c.number(1, f.serial);
  c.headers(2, f.granted);
  c.headers(3, f.refused);
}

template <class Codec>
void fields(Codec& c, like<Codec, datagram_frame>& f) {
  c.number(1, f.offset);
  c.payload(2, f.payload);
}

/// Number of a kind inside Frame, by its position in frame::kind.
inline constexpr uint8_t kind_numbers[]
  = {2, 3, 4, 5, 12, 13, 14, 15, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20};
static_assert(std::size(kind_numbers) == std::variant_size_v<frame::kind>);

enum wire_type : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

} // namespace aps::wire
