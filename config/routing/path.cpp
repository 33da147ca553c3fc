#include "config/routing/path.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace aps::config {

namespace {

// Of decoding, each of which may bring out escapes again. Nobody honest goes on
// for many.
constexpr int most_rounds = 8;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

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

/// Takes an escape at the end of `text` for the character that it stands for;
/// false = there is none. Beyond a byte none is of interest.
bool decode_tail(std::string& text) {
  if (text.empty() || digit(text.back()) < 0)
    return false;
  const std::string_view all{text};
  for (const auto& [mark, digits] :
       {std::pair<std::string_view, size_t>{"%", 2}, {"%u", 4}, {"%U", 4}}) {
    const auto length = mark.size() + digits;
    if (all.size() < length)
      continue;
    const auto tail = all.substr(all.size() - length);
    const auto value = hex(tail.substr(mark.size()), digits);
    if (value < 0 || !tail.starts_with(mark))
      continue;
    text.resize(text.size() - length);
    text += value > 255 ? '?' : static_cast<char>(value);
    return true;
  }
  return false;
}

/// A path as a target reads it that decodes until nothing is left to decode,
/// escapes that decoding brings out included ("%%32%65", "%2525..."). Each step
/// makes the text shorter, so it takes time in its length.
std::string fully_decoded(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (const char c : path) {
    result += c;
    while (decode_tail(result))
      ;
  }
  return result;
}

/// How many bytes the overlong UTF-8 of an ASCII character has that begins
/// here; 0 = none does. What follows the first ones may be anything, since
/// those who take it mask it.
size_t overlong_size(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  if ((byte(0) & 0xfe) == 0xc0)
    return 2;
  // 1110'0000, 1111'0000, ...: then nothing but zeros up to the last bits.
  constexpr unsigned char starts[] = {0xe0, 0xf0, 0xf8, 0xfc};
  for (size_t size = 3; size <= 6; ++size) {
    if (byte(0) != starts[size - 3])
      continue;
    for (size_t i = 1; i < size - 2; ++i)
      if (byte(i) != 0x80)
        return 0;
    return (byte(size - 2) & 0xfe) == 0x80 ? size : 0;
  }
  return 0;
}

/// Undoes the overlong UTF-8 of ASCII characters (`%c0%ae` is "."); strict
/// decoders refuse it, others do not.
std::string without_overlongs(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto size = overlong_size(text);
    if (size == 0) {
      result += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto high = static_cast<unsigned char>(text[size - 2]);
    const auto low = size - 1 < text.size() ? text[size - 1] : '\0';
    result += static_cast<char>((high & 1) << 6 | (low & 0x3f));
    text.remove_prefix(std::min(size, text.size()));
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
    const bool encoded
      = segment.starts_with("%2e") || segment.starts_with("%2E");
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
    if (c == ' ' || is_control(c))
      continue;
    if (c != '.' || ++dots > 2)
      return false;
  }
  return dots == 2;
}

/// Whether some reading of the path has two dots: with and without overlong
/// spellings.
bool hides_two_dots(std::string_view path) {
  std::string text{path};
  for (int round = 0; round < most_rounds; ++round) {
    const auto strict = fully_decoded(text);
    if (any_segment(strict, "/\\", reads_as_two_dots))
      return true;
    auto lenient = without_overlongs(strict);
    if (lenient == strict)
      return false;
    if (any_segment(lenient, "/\\", reads_as_two_dots))
      return true;
    text = std::move(lenient);
  }
  return true;
}

/// All that decoding brings out, overlong spellings included.
std::string thoroughly_decoded(std::string_view path) {
  std::string text{path};
  for (int round = 0; round < most_rounds; ++round) {
    auto next = without_overlongs(fully_decoded(text));
    if (next == text)
      break;
    text = std::move(next);
  }
  return text;
}

/// Each escape of a byte replaced, once.
std::string decoded_once(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  while (!path.empty()) {
    const auto value = path.front() == '%' ? hex(path.substr(1), 2) : -1;
    result += value < 0 ? path.front() : static_cast<char>(value);
    path.remove_prefix(value < 0 ? 1 : 3);
  }
  return result;
}

/// What a target does to a path beside decoding it.
struct reading {
  bool merges_slashes = false;
  bool climbs = false;
  bool drops_parameters = false;
};

std::string_view without_parameters(std::string_view segment) {
  return segment.substr(0, segment.find(';'));
}

std::string_view without_blanks(std::string_view segment) {
  return segment.substr(0, segment.find_last_not_of(' ') + 1);
}

std::string without_controls(std::string text) {
  std::erase_if(text, is_control);
  return text;
}

/// Whether all of them read a decoded path as it stands.
bool reads_one_way(std::string_view path) {
  return std::none_of(
           path.begin(), path.end(),
           [](char c) { return c == '\\' || c == ';' || is_control(c); })
         && path.find("//") == path.npos && path.find("/.") == path.npos
         && path.find(" /") == path.npos && !path.ends_with(' ');
}

std::string read_by(const reading& how, std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_open = false; // what ends in "." or ".." ends in a slash
  any_segment(path, "/\\", [&](std::string_view raw) {
    const auto segment
      = without_blanks(how.drops_parameters ? without_parameters(raw) : raw);
    const bool climbs = how.climbs && segment == "..";
    ends_open = segment == "." || climbs;
    if (climbs && segments.size() > 1)
      segments.pop_back();
    if (!ends_open
        && !(how.merges_slashes && segment.empty() && !segments.empty()))
      segments.push_back(segment);
    else if (segment.empty())
      ends_open = true;
    return false;
  });
  std::string result;
  for (size_t i = 0; i < segments.size(); ++i)
    result.append(i == 0 ? "" : "/").append(segments[i]);
  return ends_open || result.empty() ? result + '/' : result;
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
  if (hides_two_dots(path))
    return path_risk::hidden_climb;
  return has_encoded_slash(path) ? path_risk::encoded_slash : path_risk::none;
}

bool has_one_reading(std::string_view path) {
  path = path.substr(0, path.find('?'));
  return path.find('%') == path.npos && reads_one_way(path);
}

std::set<std::string> readings_of(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (has_one_reading(path))
    return {};
  std::set<std::string> result;
  for (auto text : std::set{std::string{path}, decoded_once(path),
                            thoroughly_decoded(path)}) {
    text.resize(std::min(text.find_first_of("?#"), text.size()));
    if (reads_one_way(text)) {
      result.insert(std::move(text));
      continue;
    }
    text = without_controls(std::move(text));
    for (int switches = 0; switches < 8; ++switches)
      result.insert(read_by(
        {(switches & 1) != 0, (switches & 2) != 0, (switches & 4) != 0}, text));
  }
  return result;
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
