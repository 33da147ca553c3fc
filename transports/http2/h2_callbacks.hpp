#pragma once

#include "transports/http2/h2_session.hpp"
#include "transports/seam/pieces.hpp"

#include <nghttp2/nghttp2.h>

// The inside of a session: its streams, and what nghttp2 calls. For
// h2_session.cpp and h2_callbacks.cpp alone.

namespace aps {

/// So much is made for one write; the rest follows when it is over.
inline constexpr size_t max_produced = 1024 * 1024;

struct h2_session::stream {
  int32_t id = 0;
  h2_stream_owner_ptr owner;
  header_list fields; ///< of the block that comes in
  bool head_seen = false;
  pieces body;            ///< of ours
  size_t waiting = 0;     ///< bytes in it
  header_list trailers;
  bool finished = false; ///< nothing is added to our body
  bool deferred = false; ///< nghttp2 was told that nothing is there
  bool given_up = false; ///< by us: nothing more is sent but that
  size_t unconsumed = 0; ///< bytes of the peer's body
  bool unsent = false;   ///< a request that the peer never saw
  bool reset_by_peer = false;
};

/// What nghttp2 calls. It is C: no exception may pass through it.
struct h2_session::callbacks {
  /// Of the process, never freed.
  static const nghttp2_session_callbacks* table();

  /// Says how much of a stream's body comes next; `source` is the stream.
  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t*,
                           size_t length, uint32_t* flags,
                           nghttp2_data_source* source, void* user);

 private:
  struct all;
};

} // namespace aps
