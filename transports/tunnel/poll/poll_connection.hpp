#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/network.hpp"
#include "transports/seam/slice.hpp"
#include "transports/seam/tls/client_tls.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aps {

struct proxy_answer; // transports/tunnel/proxy_pass.hpp

/// What the node, or something in between, said to a request.
struct poll_reply {
  unsigned status = 0;
  std::string token;
  std::optional<uint64_t> received;
  std::optional<uint64_t> batch;
  std::optional<uint64_t> close;
  std::string body;
};

/// How a connection gets to the node once its first stage stands.
struct poll_route {
  client_tls_ptr tls = nullptr;   ///< null = it is plain
  std::string host = {};          ///< whose certificate it must be
  http_proxy_ptr proxy = nullptr; ///< null = it is the node itself
  std::string authority = {};     ///< the node, as the proxy is asked for it
};

/// One HTTP/1.1 connection of an agent's poll link: connects when it is first
/// used, then carries one request at a time until it breaks or either side
/// will not keep it. Decides nothing: deadlines and repetition are the link's.
/// Kept alive by its operations. Thread: the unit's.
class poll_connection final
    : public watched,
      public std::enable_shared_from_this<poll_connection> {
 public:
  using error_code = boost::system::error_code;
  using tcp = boost::asio::ip::tcp;
  using handler = std::function<void(const error_code&, poll_reply)>;

  /// `to`: the node, or the proxy of `route`.
  poll_connection(io_unit& unit, tcp::endpoint to, poll_route route = {});

  /// Continues on a connected stream, which has its TLS.
  poll_connection(io_unit& unit, stream_ptr stream, tcp::endpoint to);

  /// `done` is called once, unless `close` comes before. An answer that does
  /// not tell its own end is an error: it could have been cut.
  /// Precondition: no request is under way.
  void request(std::string head, std::vector<slice> body, handler done);

  /// Sends a last request whose answer is of no interest, then closes; tries
  /// it for a few seconds at most. Precondition: as above.
  void farewell(std::string head);

  /// At once, without another callback.
  void close();

  bool connected() const noexcept { return connected_; }

  /// The answer to the request under way has begun.
  bool answering() const noexcept { return answering_; }

  /// Another request may follow the last one.
  bool reusable() const noexcept { return reusable_; }

  /// The deadline of a farewell.
  void on_tick(time_point now) override;
  void on_exception(const std::string& text) override;

  /// The proxy lets it through, or not.
  void on_passed(const proxy_answer& answer);

  /// The handshake is over; `why` it failed, if it did.
  void on_secured(const std::string& why);

  /// Grows with everything that happens on the wire.
  uint64_t progress() const noexcept { return progress_; }

 private:
  using response
    = boost::beast::http::response_parser<boost::beast::http::string_body>;

  void connect(void (poll_connection::*next)());
  void write();
  void write_farewell();
  void read();
  void on_read(const error_code& error);
  void finish(const error_code& error, poll_reply reply);

  io_unit& unit_;
  const stream_ptr stream_;
  const tcp::endpoint to_;
  const poll_route route_;
  void (poll_connection::*next_)() = nullptr; ///< once it is connected
  handler done_;
  std::string head_;
  std::vector<slice> body_;
  std::vector<boost::asio::const_buffer> buffers_;
  boost::beast::flat_buffer in_;
  std::optional<response> parser_;
  time_point farewell_until_ = time_point::max();
  uint64_t progress_ = 0;
  bool connected_ = false;
  bool answering_ = false;
  bool reusable_ = true;
};

} // namespace aps
