#pragma once

#include "transports/front/front_request.hpp"
#include "transports/seam/listener.hpp"

#include <string_view>
#include <variant>

namespace aps {

/// What becomes of a connection to the address of a raw stream, or of a
/// visitor's first datagram: it goes on as an exchange, or is closed. `from`
/// and `to` are its ends, `tls` is what ended here of it. Thread: the unit's.
std::variant<onward_request, denial>
decide_stream(http_front_context& context, const stream_address& address,
              const boost::asio::ip::tcp::endpoint& from,
              const boost::asio::ip::tcp::endpoint& to,
              const tls_facts_ptr& tls = nullptr);

/// Tells the front of a connection that was closed at once.
void tell_refused_stream(const http_front_context& context, executor& unit,
                         const stream_address& address, std::string_view peer,
                         const denial& why);

/// The head of a stream to `authority` for a visitor whose connection has these
/// two ends (`ends_of`): its target's PROXY header says them, and who connects
/// to the target knows by them a stream that comes back.
request_head_ptr stream_head(const route& via, std::string authority,
                             std::string_view method,
                             const std::string& proxy_ends);

} // namespace aps
