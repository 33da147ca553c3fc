#pragma once

#include "transports/seam/frame.hpp"

#include <string>

namespace aps {

/// Why a head or a list of trailers cannot travel in a frame, for humans;
/// empty = it can. Whoever makes one asks before it is sent: what is refused
/// here costs one request, what the peer refuses costs its connection.
std::string head_excess(const request_head& head);
std::string head_excess(const response_head& head);
std::string head_excess(const header_list& fields);

/// Bytes of all names and values.
size_t bytes_of(const header_list& fields) noexcept;

} // namespace aps
