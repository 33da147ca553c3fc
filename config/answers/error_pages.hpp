#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What visitors see instead of the node's own words (key `error_pages` of a
/// server and of a mapping).
namespace aps::config {

struct error_page {
  /// The most that a page may have, and all pages of a configuration, bytes.
  static constexpr size_t longest = 256 * 1024;
  static constexpr size_t most_in_all = 64 * 1024 * 1024;

  /// A status ("502"), a class of them ("5xx"), an outcome ("no-endpoint"), or
  /// "*" for all.
  std::string answers;
  std::string file = {}; ///< where it stands; empty = in the configuration
  std::string body = {}; ///< with variables; of a file what it had when read
  std::string content_type = {};
  uint16_t status = 0;    ///< instead of the answer's; 0 = that stays
  bool of_target = false; ///< instead of what targets answer so, too
  bool operator==(const error_page&) const = default;
};

/// As they stand in the file; each `answers` once.
using error_pages = std::vector<error_page>;

} // namespace aps::config
