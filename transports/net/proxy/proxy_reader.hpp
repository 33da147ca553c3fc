#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/net/proxy/proxy_header.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace aps {

/// Takes the PROXY header off a connection, before anything else is read of it;
/// what is behind the header stays in the socket, since TLS may come next.
/// Lives in its handlers; a header that is late or none ends the connection.
/// Thread: the unit's.
class proxy_reader final : public watched,
                           public std::enable_shared_from_this<proxy_reader> {
 public:
  struct handlers {
    /// The stream, and whose connection it is; absent = the proxy's own.
    std::function<void(stream_ptr, std::optional<proxied_ends>)> done;

    /// There is no header, and why. Not for a peer that leaves.
    std::function<void(std::string_view problem)> failed;
  };

  proxy_reader(io_unit& unit, stream_ptr stream, duration timeout,
               handlers tell);

  void start();
  void close();
  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

  io_unit& unit() const noexcept { return unit_; }

 private:
  void wait();
  void on_readable();
  bool take(size_t bytes);
  void fail(std::string_view problem);

  io_unit& unit_;
  stream_ptr stream_; ///< until it was handed on
  const time_point deadline_;
  handlers tell_;
  std::string bytes_; ///< of the header, taken from the socket
};

} // namespace aps
