#include "config/path.hpp"

#include <string>

namespace aps::config {

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The value of `count` hexadecimal digits at the front, or -1.
int hex(std::string_view text, size_t count) {
  if (text.size() < count)
    return -1;
  int result = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto value = digit(text[i]);
    if (value < 0)
      return -1;
    result = result * 16 + value;
  }
  return result;
}

/// A path as the most eager target reads it. Decoding "%25" again and again
/// takes time in the square of its length; here every "%" looks past all the
/// "25" behind it, which comes to the same.
std::string fully_decoded(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      result += path[i];
      continue;
    }
    auto at = i + 1;
    while (path.substr(at, 2) == "25")
      at += 2;
    const auto rest = path.substr(at);
    const bool wide = !rest.empty() && (rest[0] | 0x20) == 'u';
    const auto value = wide ? hex(rest.substr(1), 4) : hex(rest, 2);
    const auto length = wide ? 5u : 2u;
    result += value < 0 ? '%' : value > 255 ? '?' : static_cast<char>(value);
    i = value < 0 ? at - 1 : at + length - 1;
  }
  return result;
}

/// Undoes the overlong UTF-8 of an ASCII character (`%c0%ae` is "."); strict
/// decoders refuse it, others do not.
std::string without_overlongs(const std::string& text) {
  std::string result;
  result.reserve(text.size());
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto first = byte(i);
    if (first == 0xc0 || first == 0xc1) {
      result += static_cast<char>((first & 1) << 6 | (byte(i + 1) & 0x3f));
      i += 1;
    } else if (first == 0xe0 && (byte(i + 1) & 0xfe) == 0x80) {
      result += static_cast<char>((byte(i + 1) & 1) << 6
                                  | (byte(i + 2) & 0x3f));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// Calls `visit` for each segment until it returns true; whether it did.
template <class Visit>
bool any_segment(std::string_view path, std::string_view slashes,
                 Visit&& visit) {
  for (;;) {
    const auto end = path.find_first_of(slashes);
    if (visit(path.substr(0, end)))
      return true;
    if (end == path.npos)
      return false;
    path.remove_prefix(end + 1);
  }
}

/// Exactly two dots, "%2e" counting as one.
bool is_two_dots(std::string_view segment) {
  size_t dots = 0;
  while (!segment.empty()) {
    const bool encoded = segment.starts_with("%2e")
                         || segment.starts_with("%2E");
    if (!encoded && segment.front() != '.')
      return false;
    segment.remove_prefix(encoded ? 3 : 1);
    ++dots;
  }
  return dots == 2;
}

/// Two dots to a target that drops what is not part of a name: parameters, a
/// query or fragment that decoding brought out, control characters, blanks.
bool reads_as_two_dots(std::string_view segment) {
  size_t dots = 0;
  for (const char c : segment.substr(0, segment.find_first_of(";?#"))) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      continue;
    if (c != '.' || ++dots > 2)
      return false;
  }
  return dots == 2;
}

bool has_encoded_slash(std::string_view path) {
  for (auto at = path.find("%2"); at != path.npos; at = path.find("%2", at + 1))
    if (at + 2 < path.size() && (path[at + 2] | 0x20) == 'f')
      return true;
  return false;
}

} // namespace

path_risk risk_of(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (any_segment(path, "/", is_two_dots))
    return path_risk::climb;
  // Most paths have none of what could hide anything.
  if (path.find_first_of("%\\;") == path.npos)
    return path_risk::none;
  const auto decoded = without_overlongs(fully_decoded(path));
  if (any_segment(decoded, "/\\", reads_as_two_dots))
    return path_risk::hidden_climb;
  return has_encoded_slash(path) ? path_risk::encoded_slash : path_risk::none;
}

std::string_view render(path_risk risk) noexcept {
  switch (risk) {
    case path_risk::none: return "";
    case path_risk::encoded_slash:
      return "The path has an encoded slash, which the mapping does not allow.";
    case path_risk::hidden_climb:
      return "Some targets would take a part of the path for \"..\".";
    case path_risk::climb: return "The path has a \"..\".";
  }
  return "";
}

} // namespace aps::config
