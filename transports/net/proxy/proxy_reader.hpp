#pragma once

#include "transports/net/opening_step.hpp"
#include "transports/net/proxy/proxy_header.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// Takes the PROXY header off a connection, before anything else is read of it;
/// what is behind the header stays in the socket, since TLS may come next.
/// A header that is late or none ends the connection.
class proxy_reader final : public opening_step<proxy_reader> {
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

 private:
  void wait();
  void on_readable();
  bool take(size_t bytes);
  void fail(std::string_view problem);
  void on_late() override { fail("no header in time"); }

  handlers tell_;
  std::string bytes_; ///< of the header, taken from the socket
};

} // namespace aps
