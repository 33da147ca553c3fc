#pragma once

#include "config/networks.hpp"
#include "transports/seam/frame.hpp"

#include <string>
#include <string_view>

namespace aps {

/// True for a field in which proxies say who a visitor is, how it came or what
/// it asked for: the one table of them. Names are compared as targets compare
/// them that see fields as variables (CGI and its heirs): case does not count,
/// and every character that is no letter or digit is a "-".
bool is_identity_field(std::string_view name) noexcept;

/// True for `Aps-*`, in the same spellings: nobody says these but us.
bool is_own_field(std::string_view name) noexcept;

/// True for a name that such a target could take for another one:
/// `X_Forwarded_For`, `Content_Length`.
bool is_disguised(std::string_view name) noexcept;

/// Compares as `is_identity_field` does; `known` in lower case.
bool same_variable(std::string_view name, std::string_view known) noexcept;

/// Whether an address is this machine's own, in every notation of the kernel.
bool is_loopback(std::string_view ip) noexcept;

/// Whether a proxy says that it asks for somebody else; anybody may say so.
bool was_forwarded(const header_list& headers) noexcept;

/// Who sent a request.
struct visitor_identity {
  std::string address;  ///< IP of the last hop that is not trusted
  bool trusted = false; ///< the peer may say where requests come from
};

/// The last address of `X-Forwarded-For` that is not in `trusted`, when the
/// peer itself is; else the peer. What is no address ends the search at the
/// hop that reported it.
visitor_identity identify(const header_list& headers, std::string_view peer_ip,
                          const config::network_set& trusted);

} // namespace aps
