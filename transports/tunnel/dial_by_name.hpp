#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/names/resolver.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aps {

/// Looks `host` up, unless it is an address, and connects `stream`, which
/// belongs to `dialer`. Then `dialer->on_connected(error)` is called, with
/// exceptions guarded. Nothing happens once `dialer` is gone, and no connection
/// begins when `dialer->is_over()`. Thread: the unit's.
template <class Owner>
void dial_by_name(io_unit& unit, const std::shared_ptr<Owner>& dialer,
                  byte_stream& stream, const std::string& host, uint16_t port) {
  namespace asio = boost::asio;
  using boost::system::error_code;
  using endpoint = asio::ip::tcp::endpoint;
  const auto connect
    = [&unit, &stream, port](const std::shared_ptr<Owner>& owner,
                             const resolver::addresses& found) {
        if (owner->is_over())
          return;
        auto addresses = std::make_shared<std::vector<endpoint>>();
        for (const auto& address : found)
          addresses->emplace_back(address, port);
        asio::async_connect(
          stream.socket(), *addresses,
          guard(unit, owner,
                [addresses, &stream](const auto& me, const error_code& error,
                                     const endpoint&) {
                  if (!error)
                    stream.connected();
                  me->on_connected(error);
                }));
      };
  error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric)
    return connect(dialer, {address});
  unit.node_names().find(
    host, dialer,
    [&unit, connect, weak = std::weak_ptr{dialer}](
      const error_code& error, const resolver::addresses& found) {
      if (const auto owner = weak.lock())
        guard(unit, owner, [&](const auto& me) {
          if (error)
            me->on_connected(error);
          else
            connect(me, found);
        })();
    });
}

} // namespace aps
