#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Whether answers are compressed on their way to visitors (key `compress` of a
/// server and of a mapping).
namespace aps::config {

/// The content codings of RFC 9110, 8.4.1, and their like, that we write.
enum class content_coding : uint8_t { zstd, br, gzip };

inline constexpr std::array content_codings{
  content_coding::zstd, content_coding::br, content_coding::gzip};

/// As in Accept-Encoding.
std::string_view to_string(content_coding coding) noexcept;

/// The types that are worth it unless the file says others.
const std::vector<std::string>& usual_types();

struct compression {
  /// Of several that a visitor likes as much the first is taken; empty =
  /// nothing is compressed.
  std::vector<content_coding> encodings
    = {content_codings.begin(), content_codings.end()};

  /// Media types without parameters, in lower case; "text/*" for all below,
  /// "*+json" for all that end so.
  std::vector<std::string> types = usual_types();
  uint32_t min_length = 1024; ///< bytes of a body whose length is known
  bool operator==(const compression&) const = default;
};

} // namespace aps::config
