#pragma once

#include "transports/seam/front.hpp"
#include "transports/seam/link.hpp"
#include "transports/seam/listener.hpp"
#include "transports/seam/live_set.hpp"
#include "transports/seam/origins.hpp"
#include "transports/seam/process/exception_watch.hpp"
#include "transports/seam/tls/client_tls.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace aps {

/// An HTTP proxy that lets connections through (CONNECT, RFC 9110, 9.3.6).
struct http_proxy {
  std::string host; ///< IPv6 without brackets
  uint16_t port = 0;
  std::string authorization; ///< of Proxy-Authorization; empty = none

  bool operator==(const http_proxy&) const = default;
};
using http_proxy_ptr = std::shared_ptr<const http_proxy>;

struct dial_options {
  transport_kind transport = preferred_transport;
  std::string host;
  uint16_t port = 0;
  duration timeout = std::chrono::seconds(10);
  client_tls_ptr tls = nullptr;   ///< null = plain
  http_proxy_ptr proxy = nullptr; ///< that the connection goes through
  /// Closing it ends this dial at once; null = nobody does.
  std::shared_ptr<live_set> scope;
};

/// Exactly one of the two: a link, or why there is none.
struct dial_result {
  link_ptr connected;
  link_error error = link_error::none;
  std::string detail;
  duration rest{}; ///< before it makes sense to dial again
};

/// Everything the actor side asks of the I/O side. The real one has sockets
/// (transports/real_network.hpp), simulations have queues.
class network {
 public:
  virtual ~network() = default;

  virtual size_t units() const noexcept = 0;
  virtual executor& unit(size_t index) noexcept = 0;

  /// Opens a port; throws std::system_error naming address and reason.
  virtual std::unique_ptr<listener> listen(const listen_options& options,
                                           front_ptr to)
    = 0;

  /// Dials a node; `done` is called once, on the thread of `unit`.
  virtual void dial(executor& unit, const dial_options& options,
                    std::function<void(dial_result)> done)
    = 0;

  /// Throws std::runtime_error when `options.ca_file` cannot be read.
  virtual std::shared_ptr<origin_client> origins(const origin_options& options)
    = 0;

  /// Throws std::runtime_error when a file of `options` cannot be used, or
  /// where there is no TLS.
  virtual client_tls_ptr make_tls(const client_tls_options& options) {
    static_cast<void>(options);
    throw std::runtime_error("this network has no TLS");
  }

  /// Counts and tells what handlers on the units throw; null in simulations.
  virtual std::shared_ptr<exception_watch> exceptions() const noexcept {
    return nullptr;
  }
};

} // namespace aps
