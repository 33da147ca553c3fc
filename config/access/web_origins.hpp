#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Which pages may open what browsers open without asking first, by the origin
/// that they send along (RFC 6454): WebSockets know no CORS (RFC 6455, 10.2).
/// An `origin` is the value of one Origin field; what is none, "null" (a page
/// without an origin of its own) and lists of several are of nobody.
namespace aps::config {

/// Where a request goes, as its browser sees that.
struct web_address {
  std::string_view host;
  uint16_t port = 0;   ///< 0 = the scheme's default
  bool secure = false; ///< known to have come over TLS
};

/// Whether a text is a pattern: "https://app.test", with a port unless it is
/// the scheme's own, and with "*." in front of the host for all names below.
bool is_origin_pattern(std::string_view text);

/// Whether one of the patterns is for `origin`.
bool lists_origin(const std::vector<std::string>& patterns,
                  std::string_view origin);

/// Whether `origin` has the host and port of what it asks. The schemes may
/// differ where somebody in front of us ends TLS; a page of plain HTTP, which
/// anybody may have changed, is none of an address over TLS.
bool is_same_origin(std::string_view origin, const web_address& to);

/// Whether a page of `origin` may ask `to`.
bool allows(const origin_rule& rule, std::string_view origin,
            const web_address& to);

} // namespace aps::config
