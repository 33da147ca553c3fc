#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/gate.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/tunnel/grpc/h2_guard.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// Who speaks HTTP/2 waits here until its first request is there. An agent's
/// goes on to gRPC, of which nothing exists before; all others are told to
/// speak HTTP/1.1 (RFC 9113, 7: HTTP_1_1_REQUIRED). Lives in its handlers.
/// Thread: the unit's.
class h2_door final : public watched,
                      public std::enable_shared_from_this<h2_door> {
 public:
  /// Gets an agent's stream and the bytes that were read from it.
  using handler = std::function<void(stream_ptr stream, std::string bytes,
                                     place_ptr place)>;

  /// Without `agent` nobody is one; `refused` hears of those that are none.
  /// Whoever takes longer than `timeout` is dropped.
  h2_door(io_unit& unit, stream_ptr stream, std::string already_read,
          place_ptr place, duration timeout, handler agent,
          std::function<void()> refused);

  void start();
  void close();
  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

  io_unit& unit() const noexcept { return unit_; }

 private:
  static constexpr size_t read_bytes = 4 * 1024;

  void look();
  void read();
  void send(std::string bytes, std::function<void()> then);
  void refuse();
  void drain();

  io_unit& unit_;
  stream_ptr stream_; ///< until it was handed on
  std::string bytes_;
  place_ptr place_;
  time_point deadline_;
  handler agent_;
  std::function<void()> on_refused_;
  h2_guard guard_;
};

} // namespace aps
