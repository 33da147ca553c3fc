#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/net/tls/client_hello.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace aps {

/// Reads the ClientHello at the beginning of a connection, and puts it back:
/// whoever gets the stream reads all of it again. Lives in its handlers; what
/// is not there at the deadline ends the connection. Thread: the unit's.
class hello_reader final : public watched,
                           public std::enable_shared_from_this<hello_reader> {
 public:
  struct handlers {
    std::function<void(stream_ptr, std::string name)> done;

    /// It begins with none.
    std::function<void(stream_ptr)> other;

    /// It did not come in time. Not for a peer that leaves.
    std::function<void()> late;
  };

  hello_reader(io_unit& unit, stream_ptr stream, duration timeout,
               handlers tell);

  void start();
  void close();
  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

  io_unit& unit() const noexcept { return unit_; }

 private:
  void read();
  void on_read(size_t size);

  io_unit& unit_;
  stream_ptr stream_; ///< until it was handed on
  const time_point deadline_;
  handlers tell_;
  std::string bytes_;
  size_t wanted_ = 0; ///< of them, before it makes sense to look
};

/// Says in TLS why, and closes. Before a handshake.
void refuse_hello(byte_stream& stream, tls_alert alert) noexcept;

} // namespace aps
