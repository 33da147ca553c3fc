#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/net/tls/server_tls.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// The server's side of a TLS handshake, before anything else is read. Lives in
/// its handlers; what is not over at the deadline is dropped.
/// Thread: the unit's.
class tls_handshake final : public watched,
                            public std::enable_shared_from_this<tls_handshake> {
 public:
  struct handlers {
    /// It speaks TLS; the stream is secure.
    std::function<void(stream_ptr stream)> secured;

    /// It begins as a request does, in plain HTTP. Nothing was read.
    std::function<void(stream_ptr stream)> plain;

    /// The handshake failed, and why, or came too slowly. Peers that only go
    /// away are not told of.
    std::function<void(bool too_slow, const std::string& why)> failed;
  };

  /// `protocols` are agreed to (`listed_protocols`); null = those of HTTP.
  tls_handshake(io_unit& unit, stream_ptr stream, tls_contexts_ptr contexts,
                duration timeout, handlers done,
                std::shared_ptr<const std::string> protocols = nullptr);

  void start();
  void close();
  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

  io_unit& unit() const noexcept { return unit_; }

 private:
  void look();
  void look_at(char first);
  void shake_hands();
  void finish(const boost::system::error_code& error);

  io_unit& unit_;
  stream_ptr stream_; ///< until it was handed on
  const tls_contexts_ptr contexts_;
  const time_point deadline_;
  handlers done_;
  const std::shared_ptr<const std::string> protocols_;
  char first_ = 0;
};

} // namespace aps
