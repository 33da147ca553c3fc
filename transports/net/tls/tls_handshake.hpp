#pragma once

#include "transports/net/opening_step.hpp"
#include "transports/net/tls/server_tls.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// The server's side of a TLS handshake, before anything else is read; what is
/// not over at the deadline is dropped.
class tls_handshake final : public opening_step<tls_handshake> {
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

 private:
  void look();
  void look_at(char first);
  void shake_hands();
  void finish(const boost::system::error_code& error);
  void on_late() override;

  const tls_contexts_ptr contexts_;
  handlers done_;
  const std::shared_ptr<const std::string> protocols_;
  char first_ = 0;
};

} // namespace aps
