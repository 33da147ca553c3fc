#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/gate.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/front.hpp"
#include "transports/tunnel/grpc/h2_guard.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace aps {

/// Where an agent's gRPC connection comes from and goes to.
struct relay_origin {
  std::string server; ///< name of the listener
  std::shared_ptr<front> to;
  duration timeout = std::chrono::seconds(30); ///< until a stream opens
  place_ptr place;    ///< null = nobody counts
};

/// Carries the bytes of one agent's HTTP/2 connection between its TCP socket
/// and gRPC, and closes it when the guard objects. gRPC 1.51 gets one end of
/// a socket pair rather than the TCP socket itself: it is open to HTTP/2 rapid
/// reset, and nothing in it helps against that.
///
/// Ownership: handlers in flight; ends by itself when either side does.
/// Thread: the unit's, unless said otherwise.
class grpc_relay final : public watched,
                         public std::enable_shared_from_this<grpc_relay> {
 public:
  grpc_relay(io_unit& unit, stream_ptr stream, relay_origin from);

  /// Makes the socket pair. Returns gRPC's end, non-blocking, for the caller
  /// to own; -1 when the system, or the gate, has no more. `name` tells this
  /// relay from all others in `grpc::ServerContext::peer()`.
  int open(std::string& name);

  /// Begins with bytes that were read from the stream already.
  void start(std::string already_read);

  /// The agent on this connection is known now; limits end.
  void authenticated();

  /// The stream ends: the connection is dropped when the peer does not.
  void linger();

  /// Drops both sides at once.
  void close();

  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

  // -- any thread ------------------------------------------------------------

  /// True for the first caller: there is one stream per connection.
  bool claim() noexcept { return !claimed_.exchange(true); }

  io_unit& unit() const noexcept { return unit_; }
  const std::string& peer() const noexcept { return peer_; }
  const relay_origin& from() const noexcept { return from_; }

 private:
  using pair_socket = boost::asio::local::stream_protocol::socket;

  static constexpr size_t buffer_bytes = 64 * 1024;

  template <class From, class To>
  void forward(From& from, To& to, char* buffer);
  template <class From, class To>
  void pass(From& from, To& to, char* buffer, size_t size);
  template <class From, class To>
  void passed(From& from, To& to, char* buffer,
              const boost::system::error_code& error);
  bool admit(std::string_view bytes);
  void on_grpc_end();

  io_unit& unit_;
  const relay_origin from_;
  const std::string peer_;
  const stream_ptr stream_;
  boost::asio::ip::tcp::socket& agent_; // of the stream
  pair_socket grpc_;
  h2_guard guard_;
  std::unique_ptr<char[]> from_agent_;
  std::unique_ptr<char[]> from_grpc_;
  std::atomic<bool> claimed_{false};
  time_point deadline_;
  bool lingering_ = false;
};

} // namespace aps
