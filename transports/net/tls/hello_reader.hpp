#pragma once

#include "transports/net/opening_step.hpp"
#include "transports/net/tls/client_hello.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace aps {

/// Reads the ClientHello at the beginning of a connection, and puts it back:
/// whoever gets the stream reads all of it again. What is not there at the
/// deadline ends the connection.
class hello_reader final : public opening_step<hello_reader> {
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

 private:
  void read();
  void on_read(size_t size);
  void on_late() override;

  handlers tell_;
  std::string bytes_;
  size_t wanted_ = 0; ///< of them, before it makes sense to look
};

/// Says in TLS why, and closes. Before a handshake.
void refuse_hello(byte_stream& stream, tls_alert alert) noexcept;

} // namespace aps
