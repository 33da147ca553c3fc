#pragma once

#include "transports/seam/frame.hpp"

#include <memory>
#include <string>

namespace aps {

/// How far a request got on a connection that broke under it.
enum class request_reach : uint8_t {
  unprocessed, ///< the origin says that it never looked at it
  unknown,     ///< nothing came back
  answered,    ///< bytes of its answer came
};

/// The request that a carrier carries, as the carrier sees it. After
/// `on_response_end` or `on_broken` no call follows.
class response_receiver {
 public:
  virtual ~response_receiver() = default;

  virtual void on_response_head(response_head_ptr head) = 0;
  virtual void on_response_body(slice bytes) = 0;
  virtual void on_response_end(header_list trailers) = 0;

  /// How many body bytes may be delivered now.
  virtual size_t response_room() const noexcept = 0;

  /// Body bytes of the request reached the socket.
  virtual void on_request_written(size_t bytes) = 0;

  /// The carrier is of no use any more.
  virtual void on_broken(outcome cause, std::string detail, request_reach reach)
    = 0;
};

/// Carries one request to its origin and the answer back: a connection of
/// HTTP/1.1, or a stream of HTTP/2. Everything on the unit's thread.
class request_carrier {
 public:
  virtual ~request_carrier() = default;

  /// Its connection carried others before, so it may be dead already.
  virtual bool is_reused() const noexcept = 0;

  /// The origin may say that it never looked at the request.
  virtual bool may_refuse() const noexcept = 0;

  /// Sends the head. False when `head` cannot be sent at all.
  /// Precondition: the first call.
  virtual bool begin(std::shared_ptr<response_receiver> receiver,
                     const request_head& head)
    = 0;

  /// More of the request body.
  virtual void send(slice bytes) = 0;

  /// The request body is complete.
  virtual void send_end(const header_list& trailers) = 0;

  /// `response_room` grew.
  virtual void on_room() = 0;

  /// Nobody waits for the answer any more; the receiver hears nothing more.
  virtual void close() = 0;

  /// It is not needed, and begins nothing: somebody else may use it.
  virtual void give_back() = 0;
};
using request_carrier_ptr = std::shared_ptr<request_carrier>;

} // namespace aps
