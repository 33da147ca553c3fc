#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aps {

/// Bytes that one text from outside may take in a log line, event or record.
inline constexpr size_t max_foreign_text = 1024;

/// Bytes that a name (tunnel, endpoint, connection) may take, as in config/.
inline constexpr size_t max_foreign_name = 128;

/// `text` as it may stand in a log line, an event, a record, a label: the one
/// way in for everything that somebody outside wrote. Controls (C0, DEL, C1),
/// line and paragraph separators, bidi and invisible marks and what is no
/// UTF-8 come out as \xNN, byte by byte. At most `most` bytes come out; what
/// is cut ends in "...". Doing it twice changes nothing.
std::string foreign_text(std::string_view text,
                         size_t most = max_foreign_text);

/// Nothing but ASCII without controls, which nearly every text is. Looks at
/// eight bytes at a time.
bool is_plain_text(std::string_view text) noexcept;

/// True when `foreign_text` would not change anything but the length.
bool is_clean_text(std::string_view text) noexcept;

/// Whether a peer may call a tunnel, an endpoint or itself so: 1 to
/// `max_foreign_name` clean bytes.
bool is_foreign_name(std::string_view text) noexcept;

} // namespace aps
