#pragma once

#include "config/access/web_origins.hpp"
#include "config/config.hpp"
#include "transports/seam/frame.hpp"

#include <string>
#include <vector>

/// What browsers say of the page that has them ask (Origin, RFC 6454, 7): the
/// only thing that tells a WebSocket of a foreign page (RFC 6455, 10.2).
namespace aps {

/// Why a request with these fields may not switch protocols at `to`, as a
/// sentence; "" = it may. Who has no Origin is no browser.
std::string why_foreign(const config::origin_rule& rule,
                        const header_list& headers,
                        const config::web_address& to);

/// The same for whoever dials in as agents do.
std::string why_no_agent(const std::vector<std::string>& listed,
                         const header_list& headers);

} // namespace aps
