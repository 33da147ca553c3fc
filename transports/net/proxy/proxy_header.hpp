#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The header of the PROXY protocol, by which a proxy of bytes says whose
/// connection it passes on (haproxy.org, doc/proxy-protocol.txt, 2020-03-05).
/// Pure.
namespace aps {

/// The two ends of a connection as the one who accepted it saw them. Of one
/// family; IPv4 is never mapped.
struct proxied_ends {
  boost::asio::ip::tcp::endpoint source;
  boost::asio::ip::tcp::endpoint destination;

  bool operator==(const proxied_ends&) const = default;
};

/// Bytes of the longest header that is taken: one of version 2, with what it
/// has in TLVs.
inline constexpr size_t max_proxy_header = 4096;

/// What the beginning of a connection is.
struct proxy_greeting {
  /// Bytes of the header; 0 = there is none, or not all of it.
  size_t size = 0;

  /// Absent = those of the connection itself: the proxy asks for itself
  /// (LOCAL), or does not know them (UNKNOWN, UNSPEC, a UNIX socket).
  std::optional<proxied_ends> ends = {};

  /// Why it is no header, as a clause; "" = it is, or may become one.
  std::string_view problem = {};

  bool complete() const noexcept { return size > 0; }
};

/// Reads a header of version 1 or 2 at the beginning of `bytes`. Strict: a
/// header that can be read in two ways is none. TLVs have to be whole, and are
/// left alone.
proxy_greeting read_proxy_header(std::string_view bytes);

/// Both ends as text and back: "SOURCE DESTINATION", each ip:port, with
/// brackets around IPv6; nothing for what is no such text.
std::string to_text(const proxied_ends& ends);
std::optional<proxied_ends> parse_proxied_ends(std::string_view text);

/// The header that says whose connection it is; absent = ours. An end of IPv4
/// is mapped where the other one is not.
std::string proxy_header_v1(const std::optional<proxied_ends>& ends);
std::string proxy_header_v2(const std::optional<proxied_ends>& ends);

} // namespace aps
