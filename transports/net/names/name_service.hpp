#pragma once

#include "transports/net/io_unit.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace aps {

/// What a name stands for, or why that is not known: `host_not_found` is the
/// last word, other errors may pass.
struct name_answer {
  boost::system::error_code error;
  std::vector<boost::asio::ip::address> addresses;
  duration valid = {}; ///< how long it may be used
};

/// The address in a socket address of IPv4 or IPv6.
boost::asio::ip::address to_address(const sockaddr& from);

/// Somebody who knows the addresses of names. Never blocks the unit. Destroying
/// it drops what is under way, without a call.
class name_service {
 public:
  using handler = std::function<void(name_answer)>;

  virtual ~name_service() = default;

  /// `done` is called once, perhaps late or never, on the unit's thread.
  /// Thread: the unit's.
  virtual void ask(const std::string& name, handler done) = 0;
};

/// The system's own, getaddrinfo(3) with all that nsswitch.conf(5) brings: a
/// thread per question, at most `threads` at once; others wait in line.
std::unique_ptr<name_service> make_system_names(io_unit& unit, size_t threads);

/// The hosts file and the DNS servers in `servers` ("ip" or "ip:port", IPv6 in
/// brackets when there is a port), asked by c-ares on the unit's own thread.
/// Throws std::runtime_error when one of them is not an address.
std::unique_ptr<name_service>
make_dns(io_unit& unit, const std::vector<std::string>& servers);

} // namespace aps
