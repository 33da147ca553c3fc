#pragma once

#include "transports/seam/exchange/node_hop.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aps {

class live_answers;

/// Limits and deadlines of the HTTP front of one server.
struct http_limits {
  size_t max_header_bytes = 64 * 1024; ///< request line and headers together
  size_t max_headers = 100;            ///< number of header fields
  uint64_t max_body_bytes = 0;         ///< 0 = no limit
  duration header_timeout = std::chrono::seconds(30);
  duration body_timeout = std::chrono::seconds(60); ///< silence in a body
  uint64_t min_receive_rate = 500; ///< of a body, bytes/s over body_timeout
  duration idle_timeout = std::chrono::seconds(75); ///< keep-alive
  duration first_byte_timeout = std::chrono::seconds(60);
  duration write_timeout = std::chrono::seconds(20); ///< nothing is taken
  uint64_t min_send_rate = 500; ///< taken, bytes/s over write_timeout
  duration half_close_timeout = std::chrono::seconds(30);
  duration continue_timeout = std::chrono::seconds(1); ///< before our own 100
  duration discard_timeout = std::chrono::seconds(30); ///< after the answer
  uint64_t discard_bytes = 256 * 1024 * 1024;          ///< dito
  bool error_detail = false; ///< all visitors hear why a target failed
  duration handshake_timeout = std::chrono::seconds(10); ///< of TLS
};

/// How many may be connected to one server, and how many of those one address
/// (or a /64 of IPv6) has. Agents that showed who they are do not count.
struct connection_limits {
  size_t total = 10000;
  size_t per_address = 1000;
  size_t unauthenticated = 1000; ///< no request, or no proof, so far
  size_t unauthenticated_per_address = 250;
  /// Networks (CIDR) for which those of an address do not hold.
  std::vector<std::string> trusted = {};
  /// Of TLS, per second, begun by one address; 0 = any. Ten seconds' worth may
  /// come at once.
  uint32_t handshakes_per_address = 100;
};

/// Deadlines of streams.
struct stream_limits {
  duration idle_timeout = std::chrono::hours(1);     ///< no byte either way
  duration write_timeout = std::chrono::seconds(60); ///< nothing is taken; 0 =
                                                     ///< no limit
  duration udp_idle_timeout = std::chrono::minutes(1); ///< of datagrams
};

/// What a port is that takes bytes and no requests: the address of its mapping,
/// as that has it.
struct stream_address {
  std::string scheme;
  std::string host;
  uint16_t port = 0;
};

struct listen_options {
  std::string name; ///< the server's name in the configuration
  std::string key;  ///< what is to be changed when the port cannot be opened
  std::string host = "0.0.0.0";
  uint16_t port = 0; ///< 0 = any free port
  bool agents = true; ///< WebSocket and gRPC agents may dial in here
  http_limits limits;
  connection_limits connections;
  bool uses_reserve = false; ///< of descriptors; for operators

  /// Networks (CIDR) whose word about a visitor is taken (config/networks.hpp).
  std::vector<std::string> trusted_proxies;

  /// Connections come from `trusted_proxies` alone, and begin with a header of
  /// the PROXY protocol.
  bool proxy_protocol = false;

  /// Pages that may dial in as agents do (config/access/web_origins.hpp).
  std::vector<std::string> agent_origins = {};

  /// false: what is served here never switches protocols; who asks is told.
  bool upgrades = true;

  /// Who we are to other hops; null = requests end here, and none comes back.
  std::shared_ptr<node_hop> hop;

  /// Visitors whose request no mapping takes are sent to https at this port;
  /// 0 = nobody is.
  uint16_t redirect_https = 0;

  /// What is said of all answers here (config/answers/live_answers.hpp); null =
  /// nothing.
  std::shared_ptr<live_answers> answers = nullptr;

  /// TLS is spoken here, and nothing else; null = plain.
  tls_material_ptr tls = nullptr;

  /// Of streams that begin here, raw or by CONNECT.
  stream_limits streams = {};

  /// Each connection is a stream of the mapping that has this address; absent =
  /// requests are spoken here.
  std::optional<stream_address> stream = {};
};

/// An open port. Destroying it closes the port and every HTTP session and
/// unaccepted link behind it.
class listener {
 public:
  virtual ~listener() = default;
  virtual uint16_t port() const noexcept = 0;

  /// Connections that come from now on see this, the others go on. Throws
  /// std::runtime_error and changes nothing when OpenSSL does not take it.
  /// Precondition: TLS is spoken here. Thread: any.
  virtual void renew(const tls_material& material) {
    static_cast<void>(material);
  }

  /// No new connections; the existing ones go on, keep-alive ends.
  virtual void stop_accepting() = 0;

  /// Live HTTP sessions (visitors' TCP connections).
  virtual size_t sessions() const noexcept = 0;
};

} // namespace aps
