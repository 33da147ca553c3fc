#pragma once

#include "config/config.hpp"
#include "config/syntax/reader.hpp"

/// Mappings of names that TLS asks for (SNI), `tls://`.
namespace aps::config {

/// The protocols that are agreed to where TLS ends, and whether `terminate` and
/// they make sense in this mapping.
void read_alpn(reader& in, mapping& to);

/// The server that speaks TLS at that port, and so has the names there; null =
/// there is none, and names have the port for themselves.
const server* find_tls_server(const node& all, uint16_t port);

/// The ports of servers that speak TLS.
std::vector<uint16_t> tls_server_ports(const node& all);

/// Whether names can be told apart, and get what they need of their port.
void check_tls_names(const node& all, problems& out);

/// The name or pattern of a tls:// mapping, for comparing: lower case, without
/// a trailing dot.
std::string tls_name(const mapping& rule);

} // namespace aps::config
