#pragma once

// Include after tests/support/test.hpp.

#include "config/config.hpp"

namespace aps::config {

/// A configuration that has to be right; its problems fail the test.
inline node good(std::string_view text) {
  auto parsed = parse(text);
  if (auto* wrong = std::get_if<problems>(&parsed)) {
    for (const auto& one : *wrong)
      CAF_ERROR(one.str());
    return {};
  }
  return std::get<node>(std::move(parsed));
}

} // namespace aps::config
