#include "config/syntax/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace aps::config {

namespace {

constexpr size_t max_shown = 60;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(char a, char b) {
  return lower(a) == lower(b);
}

/// Whether `text` needs no quotes.
bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9')
           || c == '_' || c == '-' || c == '$';
  });
}

/// Cuts at a character boundary of UTF-8.
std::string shortened(std::string_view text) {
  if (text.size() <= max_shown)
    return std::string{text};
  auto end = max_shown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return std::string{text.substr(0, end)} + "...";
}

/// Optimal string alignment distance over three rows.
size_t distance(std::string_view a, std::string_view b) {
  std::array<std::vector<size_t>, 3> rows;
  rows.fill(std::vector<size_t>(b.size() + 1));
  auto& [before, last, row] = rows;
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = !same(a[i - 1], b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2])
          && same(a[i - 2], b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// The only one of `known` that contains `word`, or "".
std::string container_of(std::string_view word,
                         const std::vector<std::string>& known) {
  std::string result;
  constexpr size_t shortest = 3;
  if (word.size() < shortest)
    return result;
  for (const auto& candidate : known) {
    if (std::search(candidate.begin(), candidate.end(), word.begin(),
                    word.end(), same)
        == candidate.end())
      continue;
    if (!result.empty())
      return "";
    result = candidate;
  }
  return result;
}

/// Control characters: C0, DEL, and U+0080 to U+009F.
bool has_controls(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F)
      return true;
    if (byte == 0xC2 && i + 1 < text.size()
        && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

std::string literal(std::string_view text, bool ascii) {
  using nlohmann::json;
  return json(text).dump(-1, ' ', ascii, json::error_handler_t::replace);
}

// A hash of a password, or so many letters and digits on end as no name has:
// tokens and keys in hex, Base64 and Base62.
bool looks_secret(std::string_view text) {
  constexpr size_t most_of_names = 24;
  if (text.starts_with('$'))
    return true;
  size_t run = 0;
  bool letters = false;
  bool digits = false;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool inside = digit || letter || c == '+' || c == '/' || c == '_';
    run = inside ? run + 1 : 0;
    letters = inside && (letters || letter);
    digits = inside && (digits || digit);
    if (run >= most_of_names && letters && digits)
      return true;
  }
  return false;
}

} // namespace

std::string without_user_info(std::string_view address) {
  if (address.starts_with('/'))
    return std::string{address};
  std::string out{address.substr(0, address.find('#'))};
  // "http://", and what others take for it.
  const auto colon = out.find(':');
  const auto slash = out.find_first_of("/\\");
  const auto begin
    = colon != out.npos && slash == colon + 1
        ? std::min(out.find_first_not_of("/\\", slash), out.size())
        : 0;
  const auto end = std::min(out.find_first_of("/?\\", begin), out.size());
  const auto at = std::string_view{out}.substr(0, end).rfind('@');
  return at == out.npos || at < begin ? out : out.erase(begin, at + 1 - begin);
}

std::string name_in(std::string_view text) {
  constexpr size_t beginning = 4;
  const auto end = std::find_if(text.begin(), text.end(), [](char c) {
    return c == ':' || c <= ' ' || c > '~';
  });
  const std::string_view name{text.begin(), end};
  if (looks_secret(name))
    return std::string{name.substr(0, beginning)} + "...";
  std::string out{name};
  return end == text.end() ? out : out + "...";
}

std::string quote(std::string_view text) {
  const bool address = text.find(':') < text.find('@');
  const auto shown
    = shortened(address ? without_user_info(text) : std::string{text});
  return literal(shown, has_controls(shown));
}

std::string escaped(std::string_view text) {
  return literal(text, true);
}

bool is_clean(std::string_view text) {
  using nlohmann::json;
  // Ignored bytes are missing, replaced ones would be there.
  return !has_controls(text)
         && json(text).dump(-1, ' ', false, json::error_handler_t::ignore)
              == literal(text, false);
}

std::string_view foreign_encoding(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv))
    return "UTF-32";
  if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv))
    return "UTF-16";
  // Without a mark: every second byte of ASCII is zero.
  if (text.size() > 1 && (text[0] == '\0') != (text[1] == '\0'))
    return "UTF-16";
  return {};
}

std::string member_path(std::string_view path, std::string_view key) {
  if (is_plain(key)) {
    std::string out;
    out.reserve(path.size() + key.size() + 1);
    return out.append(path).append(".").append(
      key.size() <= max_shown ? key : std::string_view{shortened(key)});
  }
  return std::string{path} + "[" + quote(key) + "]";
}

std::string element_path(std::string_view path, size_t index) {
  return std::string{path} + "[" + std::to_string(index) + "]";
}

std::string joined(const std::vector<std::string>& words) {
  constexpr size_t most = 40;
  std::string result;
  for (size_t i = 0; i < words.size() && i < most; ++i) {
    if (i > 0)
      result += ", ";
    result += is_plain(words[i]) ? shortened(words[i]) : quote(words[i]);
  }
  if (words.size() > most)
    result += " and " + std::to_string(words.size() - most) + " more";
  return result;
}

std::string nearest(std::string_view word,
                    const std::vector<std::string>& known) {
  constexpr size_t longest = 128;
  if (word.size() > longest)
    return "";
  std::string result;
  auto best = std::max<size_t>(1, (word.size() + 1) / 3) + 1;
  for (const auto& candidate : known) {
    // A one-letter name is one change away from every other one.
    if (candidate.size() > longest || candidate.size() < 2 || word.size() < 2)
      continue;
    if (auto d = distance(word, candidate); d < best) {
      best = d;
      result = candidate;
    }
  }
  return result.empty() ? container_of(word, known) : result;
}

std::string fitted(const std::string& head, const std::string& rest) {
  constexpr size_t columns = 160;
  constexpr size_t least = 48;
  constexpr std::string_view mark = " ...";
  const auto room
    = std::max(columns - std::min(columns, head.size()), least);
  if (rest.size() <= room)
    return head + rest;
  auto end = rest.rfind(' ', room - mark.size());
  if (end == rest.npos)
    end = 0;
  while (end > 0 && (rest[end - 1] == ' ' || rest[end - 1] == ','))
    --end;
  return head + rest.substr(0, end) + std::string{mark};
}

std::string meant(std::string_view word,
                  const std::vector<std::string>& words) {
  for (const auto& one : words) {
    if (one == word)
      return one;
    for (const auto& [a, b] : synonyms)
      if ((word == a && one == b) || (word == b && one == a))
        return one;
  }
  return "";
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || marks.find(c) != marks.npos;
  });
}

bool is_bearer_token(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' '
         && std::none_of(text.begin(), text.end(),
                         [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && !has_controls(text);
}

} // namespace aps::config
