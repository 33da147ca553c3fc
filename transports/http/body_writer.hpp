#pragma once

#include "transports/net/output_queue.hpp"
#include "transports/seam/frame.hpp"

#include <cstdint>

namespace aps {

/// How the end of a body is told to the peer.
enum class body_framing : uint8_t {
  none,        ///< there is no body
  length,      ///< Content-Length
  chunked,     ///< chunked transfer coding, trailers possible
  until_close, ///< the connection's end is the body's end (HTTP/1.0)
  raw,         ///< an upgraded byte stream
};

/// Frames one body into an output queue, for both ends of HTTP/1.1.
class body_writer {
 public:
  /// For a new message; `length` matters for `body_framing::length`.
  void begin(body_framing framing, uint64_t length = 0) {
    framing_ = framing;
    left_ = length;
  }

  body_framing framing() const noexcept { return framing_; }

  /// Queues body bytes. False when they do not fit the announced length; the
  /// connection must be cut then.
  bool data(output_queue& to, slice bytes);

  /// Queues the end. False when announced bytes are missing.
  bool end(output_queue& to, const header_list& trailers);

 private:
  body_framing framing_ = body_framing::none;
  uint64_t left_ = 0;
};

} // namespace aps
