#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aps {

/// What targets write although RFC 9112 forbids it, and what is meant without
/// doubt. Everything here turns such text into its strict form; the strict
/// parser still has the last word about the result. Where framing could be
/// read in two ways, nothing is repaired. Pure.

/// Where the header section at the front of `bytes` ends: behind the first
/// empty line, whose end may be a lone LF (RFC 9112, 2.2); npos when it is not
/// complete. `scanned` carries on from the last call with fewer bytes.
size_t end_of_fields(std::string_view bytes, size_t& scanned) noexcept;

/// The bytes of one empty line at the front of `bytes`, 0 when there is none.
size_t empty_line(std::string_view bytes) noexcept;

/// Text in its strict form.
struct repaired_text {
  std::string text;
  bool ok = false;    ///< false: it is in doubt what was meant
  bool loose = false; ///< lines ended in ways that others may read otherwise
};

/// A status line and its fields, the empty line included.
repaired_text repair_response_head(std::string_view head);

/// Field lines alone, as of a trailer section, the empty line included if
/// there is one.
repaired_text repair_fields(std::string_view lines);

} // namespace aps
