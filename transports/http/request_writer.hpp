#pragma once

#include "transports/http/body_writer.hpp"
#include "transports/seam/frame.hpp"

#include <string>

namespace aps {

/// How the body of a request is framed towards its origin. That of an upgrade
/// comes framed already: its stream goes on behind the 101.
body_framing choose_framing(const request_head& head) noexcept;

/// Appends request line and header section. False, with nothing appended,
/// when method, path or authority cannot stand in a request.
bool append_request_head(std::string& to, const request_head& head,
                         body_framing framing);

} // namespace aps
