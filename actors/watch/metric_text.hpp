#pragma once

#include <caf/string_view.hpp>

#include <string_view>

namespace aps {

/// A text for CAF's registry, whose own string_view takes a const char* with
/// GCC alone. Shares `text`.
inline caf::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

} // namespace aps
