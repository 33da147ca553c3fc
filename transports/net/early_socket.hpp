#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <string>
#include <utility>

namespace aps {

/// A TCP socket of which bytes were read already: they come again first.
class early_socket : public boost::asio::ip::tcp::socket {
 public:
  using base = boost::asio::ip::tcp::socket;

  explicit early_socket(base socket) : base(std::move(socket)) {}

  /// Before the first read.
  void put_back(std::string bytes) { early_ = std::move(bytes); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token,
                                       void(boost::system::error_code, size_t)>(
      [this](auto handler, const Buffers& to) {
        if (early_.empty())
          return base::async_read_some(to, std::move(handler));
        const auto size = boost::asio::buffer_copy(to,
                                                   boost::asio::buffer(early_));
        early_.erase(0, size);
        boost::asio::post(
          this->get_executor(),
          boost::beast::bind_front_handler(
            std::move(handler), boost::system::error_code{}, size));
      },
      token, buffers);
  }

 private:
  std::string early_;
};

// Beast finds these by the type of the stream.

inline void teardown(boost::beast::role_type role, early_socket& socket,
                     boost::system::error_code& error) {
  boost::beast::websocket::teardown(
    role, static_cast<early_socket::base&>(socket), error);
}

template <class Handler>
void async_teardown(boost::beast::role_type role, early_socket& socket,
                    Handler&& handler) {
  boost::beast::websocket::async_teardown(
    role, static_cast<early_socket::base&>(socket),
    std::forward<Handler>(handler));
}

} // namespace aps
