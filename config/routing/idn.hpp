#pragma once

#include <string>
#include <string_view>

namespace aps::config {

/// A host name in UTF-8 as DNS and Host headers have it (IDNA 2008, RFC 5891;
/// by the rules of TR 46 for what people type); "" for what is none. One of
/// ASCII alone stays as it is.
std::string ascii_host(std::string_view host);

} // namespace aps::config
