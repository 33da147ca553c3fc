#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Host names and IP addresses as text.
namespace aps::config {

/// ASCII lower case; other bytes stay.
std::string lower_case(std::string_view text);

/// Whether `host` is an IPv4 address in dotted decimal.
bool is_ipv4(std::string_view host);

/// Whether `host` is an IPv6 address, without brackets and zone.
bool is_ipv6(std::string_view host);

/// Whether nobody but this machine reaches `host`, an address or "localhost".
bool is_loopback(std::string_view host);

/// One text per host, for comparing: lower case, IPv6 without brackets in its
/// shortest form (RFC 5952), no trailing dot.
std::string canonical_host(std::string_view host);

/// Splits host[:port] as visitors send it; an IPv6 address has brackets, which
/// `host` has not. `port` stays as it is when none is given. Returns why not,
/// or "".
std::string_view read_authority(std::string_view text, std::string_view& host,
                                uint16_t& port);

/// Whether `host` is a DNS name (letters, digits, "-", "_") or an IPv4 address.
bool is_dns_name(std::string_view host);

/// Whether `host` is a name below `parent`, both in one form.
bool is_below(std::string_view host, std::string_view parent) noexcept;

/// "host:port" (RFC 3986, 3.2), with brackets around an IPv6 address.
std::string authority(std::string_view host, std::string_view port);
std::string authority(std::string_view host, uint16_t port);

/// "https://host:port", without the port where it is TLS's own.
std::string https_origin(std::string_view host, uint16_t port);

} // namespace aps::config
