#pragma once

#include "transports/seam/listener.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>

namespace aps {

/// The file that a port is; "" = it has an address.
std::string socket_path_of(const listen_options& options);

/// A socket that listens.
struct listening {
  int descriptor = -1; ///< the acceptor's, which owns it
  uint16_t port = 0;   ///< the one that was got; 0 = of a file
};

/// Binds `acceptor` as `options` say, and listens. Throws std::system_error
/// that names the key of the configuration, the address and the reason, and
/// says what may help. Thread: whoever has the acceptor.
listening listen_at(const listen_options& options,
                    boost::asio::ip::tcp::acceptor& acceptor);

} // namespace aps
