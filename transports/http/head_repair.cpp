#include "transports/http/head_repair.hpp"

#include "transports/http/fields.hpp"
#include "transports/seam/frame.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr std::string_view blanks = " \t";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Both could end a line or a text for somebody else.
bool has_line_breaker(std::string_view text) noexcept {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != text.npos;
}

/// Takes lines off the front of a text.
class line_reader {
 public:
  explicit line_reader(std::string_view text) : rest_(text) {}

  /// The next line without its end; false when none is left.
  bool next(std::string_view& line) {
    if (rest_.empty())
      return false;
    const auto end = rest_.find('\n');
    if (end == rest_.npos)
      return false;
    line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    else
      loose_ = true;
    return true;
  }

  bool loose() const noexcept { return loose_; }
  bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool loose_ = false;
};

bool decides_framing(std::string_view name) noexcept {
  return iequals(name, "content-length") || iequals(name, "transfer-encoding");
}

// A connection whose options cannot be read is used once; what can be read of
// them still names fields of this hop.
void append_connection(std::string& to, std::string_view value) {
  bool readable = true;
  std::string options;
  while (!value.empty()) {
    const auto comma = value.find(',');
    const auto option = trimmed(value.substr(0, comma));
    value.remove_prefix(comma == value.npos ? value.size() : comma + 1);
    if (is_token(option))
      options.append(options.empty() ? "" : ", ").append(option);
    else
      readable = readable && option.empty();
  }
  if (!readable)
    options.append(options.empty() ? "" : ", ").append("close");
  if (!options.empty())
    to.append("Connection: ").append(options).append("\r\n");
}

/// One field with all its lines.
struct field_lines {
  std::string_view name;
  std::string value;
  bool folded = false;

  bool append_to(std::string& out) {
    if (name.empty())
      return true;
    const bool odd = std::any_of(value.begin(), value.end(), is_control);
    if (decides_framing(name) && (odd || folded))
      return false;
    // RFC 9110, 5.5: a space instead of what nobody may see.
    std::replace_if(value.begin(), value.end(), is_control, ' ');
    if (iequals(name, "connection"))
      append_connection(out, value);
    else if (!iequals(name, "proxy-connection"))
      out.append(name).append(": ").append(trimmed(value)).append("\r\n");
    return true;
  }
};

bool read_field(std::string_view line, field_lines& to) {
  const auto colon = line.find(':');
  if (colon == line.npos)
    return false;
  auto name = line.substr(0, colon);
  // RFC 9112, 5.1: a proxy removes what stands before the colon.
  name = name.substr(0, name.find_last_not_of(blanks) + 1);
  to = {name, std::string{trimmed(line.substr(colon + 1))}};
  return is_token(name);
}

// Up to the empty line, or the end of the text.
bool repair_lines(line_reader& lines, std::string& out) {
  field_lines field;
  std::string_view line;
  while (lines.next(line) && !line.empty()) {
    if (has_line_breaker(line))
      return false;
    if (blanks.find(line.front()) == blanks.npos) {
      if (!field.append_to(out) || !read_field(line, field))
        return false;
      continue;
    }
    // RFC 9112, 5.2: a folded line goes on with a space. One that seems empty
    // ends the section for some readers.
    const auto more = trimmed(line);
    if (field.name.empty() || more.empty())
      return false;
    field.value.append(" ").append(more);
    field.folded = true;
  }
  return field.append_to(out);
}

// HTTP/1.x is read as HTTP/1.1 (RFC 9110, 2.5), whatever its case.
bool repair_version(std::string_view version, std::string& out) {
  if (version.size() != 8 || !iequals(version.substr(0, 7), "HTTP/1.")
      || !is_digit(version[7]))
    return false;
  out.append(version[7] == '0' ? "HTTP/1.0 " : "HTTP/1.1 ");
  return true;
}

// RFC 9112, 4: words may stand apart by more than one space, and the reason
// may be missing together with the space before it.
bool repair_status_line(std::string_view line, std::string& out) {
  if (has_line_breaker(line))
    return false;
  const auto space = line.find_first_of(blanks);
  if (space == line.npos || !repair_version(line.substr(0, space), out))
    return false;
  line.remove_prefix(
    std::min(line.find_first_not_of(blanks, space), line.size()));
  const auto code = line.substr(0, line.find_first_of(blanks));
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), is_digit))
    return false;
  std::string reason{trimmed(line.substr(3))};
  std::replace_if(reason.begin(), reason.end(), is_control, ' ');
  out.append(code).append(" ").append(reason).append("\r\n");
  return true;
}

} // namespace

size_t end_of_fields(std::string_view bytes, size_t& scanned) noexcept {
  for (;;) {
    const auto end = bytes.find('\n', scanned);
    if (end == bytes.npos) {
      scanned = bytes.size();
      return bytes.npos;
    }
    const auto next = bytes.substr(end + 1);
    if (const auto empty = empty_line(next))
      return end + 1 + empty;
    scanned = end;
    if (next.empty() || next == "\r")
      return bytes.npos;
    scanned = end + 1;
  }
}

size_t empty_line(std::string_view bytes) noexcept {
  return bytes.starts_with('\n') ? 1 : bytes.starts_with("\r\n") ? 2 : 0;
}

repaired_text repair_response_head(std::string_view head) {
  repaired_text out;
  line_reader lines{head};
  std::string_view line;
  out.ok = lines.next(line) && repair_status_line(line, out.text)
           && repair_lines(lines, out.text) && lines.at_end();
  out.text += "\r\n";
  out.loose = lines.loose();
  return out;
}

repaired_text repair_fields(std::string_view text) {
  repaired_text out;
  line_reader lines{text};
  out.ok = repair_lines(lines, out.text) && lines.at_end();
  out.loose = lines.loose();
  return out;
}

} // namespace aps
