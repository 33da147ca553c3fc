#include "transports/net/tls/tls_handshake.hpp"

#include "transports/net/guard.hpp"
#include "transports/net/tls/tls_session.hpp"

#include <boost/asio/buffer.hpp>

#include <utility>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

tls_handshake::tls_handshake(io_unit& unit, stream_ptr stream,
                             tls_contexts_ptr contexts, duration timeout,
                             handlers done,
                             std::shared_ptr<const std::string> protocols)
    : opening_step(unit, std::move(stream), timeout),
      contexts_(std::move(contexts)), done_(std::move(done)),
      protocols_(std::move(protocols)) {}

void tls_handshake::start() {
  begin();
  look();
}

// Who asks without TLS shall read why that fails; after a failed handshake
// nobody knows any more how it began.
void tls_handshake::look() {
  if (!stream_->early().empty())
    return look_at(stream_->early().front());
  stream_->socket().async_receive(
    asio::buffer(&first_, 1), asio::socket_base::message_peek,
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code& error, size_t) {
            if (!error)
              me->look_at(me->first_);
          }));
}

void tls_handshake::look_at(char first) {
  if (first >= 'A' && first <= 'Z')
    done_.plain(std::move(stream_));
  else
    shake_hands();
}

void tls_handshake::shake_hands() {
  using both = std::pair<tls_contexts_ptr, std::shared_ptr<const std::string>>;
  std::shared_ptr<const void> kept = contexts_;
  if (protocols_)
    kept = std::make_shared<const both>(contexts_, protocols_);
  auto& tls = stream_->add_tls(contexts_->first(), std::move(kept));
  if (protocols_)
    agree_to(tls.native_handle(), *protocols_);
  tls.async_handshake(tls_stream::side::server,
                      guard(unit_, shared_from_this(),
                            [](const auto& me, const error_code& error,
                               size_t) { me->finish(error); }));
}

void tls_handshake::finish(const error_code& error) {
  if (!error)
    return done_.secured(std::move(stream_));
  if (const auto why = handshake_failure(error); !why.empty())
    done_.failed(false, why);
  close();
}

void tls_handshake::on_late() {
  done_.failed(true, "no handshake in time");
  close();
}

} // namespace aps
