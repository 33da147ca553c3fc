#pragma once

#include "transports/seam/frame.hpp"

#include <nghttp2/nghttp2.h>

#include <string_view>
#include <vector>

namespace aps {

/// Fields as nghttp2 takes them; views of `fields`, which must outlive the
/// call they are for.
std::vector<nghttp2_nv> to_nghttp2(const header_list& fields);

/// The value of a field by its exact name, pseudo-header fields included;
/// empty without one.
std::string_view value_of(const header_list& fields,
                          std::string_view name) noexcept;

} // namespace aps
