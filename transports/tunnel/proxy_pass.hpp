#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/network.hpp"

#include <boost/asio/write.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace aps {

struct proxy_answer {
  std::string why; ///< there is no way; empty = it is open
  duration rest{}; ///< before it makes sense to ask again
};

/// What is said to an HTTP proxy, and what it said so far.
class proxy_talk {
 public:
  /// Asks for a way to `authority` ("host:port").
  proxy_talk(const http_proxy& proxy, const std::string& authority);

  const std::string& request() const noexcept { return request_; }

  /// One more byte of the answer. Something is returned with its last one: the
  /// next belongs to who is behind the proxy.
  std::optional<proxy_answer> on_byte(char byte);

  /// What to tell when the connection failed.
  proxy_answer trouble(const std::string& error) const {
    return {"the proxy " + name_ + ": " + error};
  }

  char byte = 0; ///< that is read next

 private:
  proxy_answer refuse(const std::string& why, duration rest = {}) const {
    return {"the proxy " + name_ + " " + why, rest};
  }
  proxy_answer verdict() const;

  std::string name_;
  std::string request_;
  std::string answer_;
};

namespace detail {

// Not a byte more than the head is read, as who is behind may speak first.
template <class Owner>
void hear_proxy(io_unit& unit, const std::shared_ptr<Owner>& owner,
                byte_stream& stream, std::shared_ptr<proxy_talk> talk) {
  auto* byte = &talk->byte;
  stream.async_read_some(
    boost::asio::buffer(byte, 1),
    guard(unit, owner,
          [&unit, &stream, talk = std::move(talk)](
            const auto& me, const boost::system::error_code& error, size_t) {
            if (error)
              return me->on_passed(talk->trouble(error.message()));
            if (const auto answer = talk->on_byte(talk->byte))
              me->on_passed(*answer);
            else
              hear_proxy(unit, me, stream, talk);
          }));
}

} // namespace detail

/// Asks `proxy`, to which `stream` is connected, for a way to `authority`, and
/// calls `owner->on_passed(proxy_answer)`, exceptions guarded. `stream` belongs
/// to `owner`. Thread: the unit's.
template <class Owner>
void pass_proxy(io_unit& unit, const std::shared_ptr<Owner>& owner,
                byte_stream& stream, const http_proxy& proxy,
                const std::string& authority) {
  auto talk = std::make_shared<proxy_talk>(proxy, authority);
  const auto bytes = boost::asio::buffer(talk->request());
  boost::asio::async_write(
    stream, bytes,
    guard(unit, owner,
          [&unit, &stream, talk = std::move(talk)](
            const auto& me, const boost::system::error_code& error, size_t) {
            if (error)
              me->on_passed(talk->trouble(error.message()));
            else
              detail::hear_proxy(unit, me, stream, talk);
          }));
}

} // namespace aps
