#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// What a link tells its owner. Called on the link's unit thread only, one
/// call at a time. A connection actor stands behind it (actors/), which posts
/// exactly one message per call.
class link_listener {
 public:
  virtual ~link_listener() = default;

  /// All frames of one read, in order; never empty.
  virtual void on_frames(frame_batch frames) = 0;

  /// The link is about to report its end, and the heads of these exchanges
  /// never left it: nobody began with them.
  virtual void on_unsent(std::vector<exchange_id> exchanges) {
    static_cast<void>(exchanges);
  }

  /// The link is gone; exactly once, the last call. `detail` is for logs.
  virtual void on_closed(link_error why, std::string detail) = 0;
};

/// Counters of a link. Written by the link, read from any thread.
struct link_counters {
  std::atomic<uint64_t> bytes_in{0};   ///< payload bytes received
  std::atomic<uint64_t> bytes_out{0};  ///< payload bytes handed to the socket
  std::atomic<uint64_t> queued{0};     ///< bytes waiting for the socket
};

/// The transport-side object behind a connection: owns the socket or the
/// reactor. The Beast and gRPC types stay behind this interface.
class link {
 public:
  virtual ~link() = default;

  /// Starts reading and reports to `listener` from now on. Call once.
  /// Thread: the unit's.
  virtual void start(std::shared_ptr<link_listener> listener) = 0;

  /// Queues a frame; frames of one exchange keep their order. Immediate on
  /// the unit's thread, posted otherwise. After the end it is a no-op.
  virtual void send(frame frame) = 0;

  /// Sends what is queued, then closes. Idempotent; `on_closed` follows.
  /// Thread: any.
  virtual void close(close_reason why, std::string detail) = 0;

  /// Drops the connection at once, without a closing handshake; `on_closed`
  /// follows. Thread: any.
  virtual void abort(link_error why) = 0;

  /// True once nothing that is sent leaves any more. Thread: any.
  virtual bool ended() const noexcept { return false; }

  virtual transport_kind transport() const noexcept = 0;

  /// The unit this link is bound to for life.
  virtual executor& unit() const noexcept = 0;

  /// Address of the other side, "ip:port". Constant.
  virtual const std::string& peer() const noexcept = 0;

  /// Name of the node's server that accepted it; empty for dialled links.
  virtual const std::string& server() const noexcept = 0;

  virtual const link_counters& counters() const noexcept = 0;

  /// What is known of its TLS; null = it is plain. Constant.
  virtual tls_facts_ptr tls() const noexcept { return nullptr; }
};

using link_ptr = std::shared_ptr<link>;

} // namespace aps
