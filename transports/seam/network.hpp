#pragma once

#include "transports/seam/exception_watch.hpp"
#include "transports/seam/exchange.hpp"
#include "transports/seam/limit.hpp"
#include "transports/seam/live_set.hpp"
#include "transports/seam/node_hop.hpp"
#include "transports/seam/own_answer.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aps {

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
};

/// A request as the visitor sent it, before a mapping was applied.
struct visitor_request {
  std::string method;
  std::string scheme = "http";
  std::string host; ///< without port, as sent
  uint16_t port = 0; ///< 0 = the scheme's default
  std::string path = "/"; ///< path and query
  std::string visitor_address; ///< ip
};

/// Where the listeners of a node hand over what arrives. Implemented by the
/// actor side; called on unit threads, several at once.
class front {
 public:
  virtual ~front() = default;

  /// The mapping for a request; null = none knows it.
  virtual std::shared_ptr<const route> find(const visitor_request& what) = 0;

  /// Carries the exchange; `exchange::facts().via` is what `find` returned.
  virtual void start(exchange_ptr what) = 0;

  /// An agent dialled in; nothing was said yet.
  virtual void on_link(link_ptr what) = 0;

  /// A fresh exchange id.
  virtual exchange_id next_id() = 0;

  /// `peer` ("ip" or "ip:port") reached a limit and was refused or cut.
  /// Counted, and told as an event whose rate is limited; cheap enough for
  /// every single refusal. Neither text needs escaping.
  virtual void on_limit(limit kind, std::string_view peer,
                        std::string_view detail) {
    static_cast<void>(kind), static_cast<void>(peer), static_cast<void>(detail);
  }

  /// The listener answered by itself; what never became an exchange is heard
  /// of here alone. On the thread of `unit`, the visitor's. Strangers decide
  /// how often.
  virtual void on_own_answer(executor& unit, const own_answer& answer) {
    static_cast<void>(unit), static_cast<void>(answer);
  }

  /// A few lines about what there is, for a visitor on this machine that asked
  /// for something else; empty = nothing is told.
  virtual std::string known_addresses() const { return {}; }
};

/// How many may be connected to one server, and how many of those one address
/// (or a /64 of IPv6) has. Agents that showed who they are do not count.
struct connection_limits {
  size_t total = 10000;
  size_t per_address = 1000;
  size_t unauthenticated = 1000; ///< no request, or no proof, so far
  size_t unauthenticated_per_address = 250;
  /// Networks (CIDR) for which the two of an address do not hold.
  std::vector<std::string> trusted = {};
};

struct listen_options {
  std::string name; ///< the server's name in the configuration
  std::string host = "0.0.0.0";
  uint16_t port = 0; ///< 0 = any free port
  bool agents = true; ///< WebSocket and gRPC agents may dial in here
  http_limits limits;
  connection_limits connections;
  bool uses_reserve = false; ///< of descriptors; for operators

  /// Networks (CIDR) whose word about a visitor is taken (config/networks.hpp).
  std::vector<std::string> trusted_proxies;

  /// false: what is served here never switches protocols; who asks is told.
  bool upgrades = true;

  /// Who we are to other hops; null = requests end here, and none comes back.
  std::shared_ptr<node_hop> hop;
};

/// An open port. Destroying it closes the port and every HTTP session and
/// unaccepted link behind it.
class listener {
 public:
  virtual ~listener() = default;
  virtual uint16_t port() const noexcept = 0;

  /// No new connections; the existing ones go on, keep-alive ends.
  virtual void stop_accepting() = 0;

  /// Live HTTP sessions (visitors' TCP connections).
  virtual size_t sessions() const noexcept = 0;
};

struct dial_options {
  transport_kind transport = transport_kind::grpc;
  std::string host;
  uint16_t port = 0;
  duration timeout = std::chrono::seconds(10);
  /// Closing it ends this dial at once; null = nobody does.
  std::shared_ptr<live_set> scope;
};

/// Exactly one of the two: a link, or why there is none.
struct dial_result {
  link_ptr connected;
  link_error error = link_error::none;
  std::string detail;
};

struct origin_options {
  bool insecure = false; ///< accept any certificate of https origins
  std::string ca_file;   ///< extra trusted certificates, PEM; empty = system
  duration connect_timeout = std::chrono::seconds(10);
  duration idle_timeout = std::chrono::seconds(60); ///< keep-alive

  /// Silence inside an answer's body, while somebody waits for it; upgrades
  /// and event streams may be silent. 0 = no limit.
  duration read_timeout = std::chrono::seconds(60);

  /// An origin that takes nothing of what is sent. 0 = no limit.
  duration send_timeout = std::chrono::seconds(60);

  /// Bytes per second that either direction has to reach over such a time;
  /// 0 = any.
  uint32_t min_rate = 16;
  size_t max_idle_per_origin = 64; ///< kept-alive connections per unit
};

/// Performs requests against origins. One object serves all units.
class origin_client {
 public:
  virtual ~origin_client() = default;

  /// Starts to perform `head` on `unit`. The caller attaches the result.
  /// Thread: the unit's.
  virtual served_exchange_ptr serve(executor& unit, exchange_id id,
                                    request_head_ptr head,
                                    uint32_t response_window) = 0;
};

/// Everything the actor side asks of the I/O side. The real one has sockets
/// (transports/network.hpp), simulations have queues.
class network {
 public:
  virtual ~network() = default;

  virtual size_t units() const noexcept = 0;
  virtual executor& unit(size_t index) noexcept = 0;

  /// Opens a port; throws std::system_error naming address and reason.
  virtual std::unique_ptr<listener> listen(const listen_options& options,
                                           std::shared_ptr<front> to)
    = 0;

  /// Dials a node; `done` is called once, on the thread of `unit`.
  virtual void dial(executor& unit, const dial_options& options,
                    std::function<void(dial_result)> done)
    = 0;

  /// Throws std::runtime_error when `options.ca_file` cannot be read.
  virtual std::shared_ptr<origin_client> origins(const origin_options& options)
    = 0;

  /// Counts and tells what handlers on the units throw; null in simulations.
  virtual std::shared_ptr<exception_watch> exceptions() const noexcept {
    return nullptr;
  }
};

} // namespace aps
