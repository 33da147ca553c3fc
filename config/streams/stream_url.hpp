#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Addresses of streams and of Unix sockets, as mappings have them.
namespace aps::config {

/// Whether `parse_stream_url` is for that text: it begins with tcp://, udp://,
/// tls://, connect:// or unix:.
bool is_stream_url(std::string_view text);

/// As a `from`: "tcp://[ADDRESS]:PORT", where the node listens, at all its IPv4
/// addresses without one; "connect://HOST:PORT", what visitors may be connected
/// with by CONNECT, HOST a name, an address, "*.NAME" for all below it or "*",
/// PORT a number or "*"; "tls://NAME:PORT", what TLS asks for there, NAME a
/// name,
/// "*.NAME" or "*". As a `to`: "tcp://HOST:PORT"; "unix:/PATH". The same with
/// udp:// for tcp://. On failure nothing, and what is wrong in `error`, as a
/// noun phrase.
std::optional<url> parse_stream_url(std::string_view text, bool from,
                                    std::string& error);

/// What stands for a method where a stream of that scheme is told of: "TCP",
/// "UDP", "TLS" or "CONNECT".
std::string_view stream_method(std::string_view scheme) noexcept;

/// Whether a CONNECT to that host and port is one that `from` is for.
bool takes_connect(const url& from, std::string_view host, uint16_t port);

} // namespace aps::config
