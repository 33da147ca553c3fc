#include "tools/apsctl/render.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <cstdlib>
#include <cwchar>

#include <sys/ioctl.h>
#include <unistd.h>

namespace aps::ctl {

using nlohmann::json;

namespace {

/// A character at the front of a text; no bytes at the end of the text.
struct glyph {
  size_t bytes = 0;
  int columns = -1; ///< -1 = not to be printed as it is
};

/// Needs a UTF-8 locale, see main.
glyph first(std::string_view text) {
  if (text.empty())
    return {};
  std::mbstate_t state{};
  wchar_t letter = 0;
  const auto length = std::mbrtowc(&letter, text.data(), text.size(), &state);
  if (length == 0 || length > text.size())
    return {1, -1};
  const auto turns_text = (letter >= 0x202a && letter <= 0x202e)
                          || (letter >= 0x2066 && letter <= 0x2069);
  return {length, turns_text ? -1 : wcwidth(letter)};
}

/// Whether stdout is a terminal whose user has nothing against colours
/// (https://no-color.org).
bool has_colours() {
  const auto* refused = std::getenv("NO_COLOR");
  return terminal_size() && !(refused && *refused);
}

/// A state in the colour of how good it is.
std::string coloured(const std::string& state) {
  constexpr std::pair<std::string_view, const char*> colours[]
    = {{"primary", "32"},  {"ready", "32"},   {"busy", "32"},
       {"down", "31"},     {"no endpoint", "31"}, {"ejected", "31"},
       {"no answer", "31"}, {"died", "31"}};
  for (const auto& [name, colour] : colours)
    if (state.starts_with(name))
      return std::string("\x1b[") + colour + 'm' + state + "\x1b[0m";
  return state.empty() ? state : "\x1b[33m" + state + "\x1b[0m";
}

/// Cuts a line of our own, whose colours take no room.
std::string fitted_line(std::string_view line, size_t columns) {
  std::string result;
  size_t used = 0;
  while (!line.empty()) {
    if (line.starts_with('\x1b')) {
      const auto end = std::min(line.find('m'), line.size() - 1) + 1;
      result += line.substr(0, end);
      line.remove_prefix(end);
      continue;
    }
    const auto one = first(line);
    used += static_cast<size_t>(std::max(one.columns, 0));
    if (used <= columns)
      result += line.substr(0, one.bytes);
    line.remove_prefix(one.bytes);
  }
  return result;
}

} // namespace

std::optional<size_of_terminal> terminal_size() {
  const auto* kind = std::getenv("TERM");
  if (!kind || !*kind || std::string_view(kind) == "dumb"
      || isatty(STDOUT_FILENO) != 1)
    return std::nullopt;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0
      || size.ws_col == 0)
    return size_of_terminal{};
  return size_of_terminal{size.ws_row, size.ws_col};
}

std::string fitted(const std::string& text, const size_of_terminal& screen) {
  const auto lines = static_cast<size_t>(
    std::count(text.begin(), text.end(), '\n'));
  const auto all = lines < screen.rows;
  const auto shown = all ? lines : std::max<size_t>(screen.rows, 2) - 2;
  std::string result;
  std::string_view rest = text;
  for (size_t i = 0; i < shown; ++i) {
    const auto end = rest.find('\n');
    result += fitted_line(rest.substr(0, end), screen.columns) + '\n';
    rest.remove_prefix(end + 1);
  }
  if (!all)
    result += "and " + std::to_string(lines - shown) + " more lines\n";
  return result;
}

std::string printable(std::string_view text) {
  std::string result;
  for (glyph one; (one = first(text)).bytes > 0;
       text.remove_prefix(one.bytes)) {
    if (one.columns >= 0) {
      result += text.substr(0, one.bytes);
      continue;
    }
    for (const auto byte : text.substr(0, one.bytes))
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
  return result;
}

size_t width(std::string_view text) {
  size_t result = 0;
  for (glyph one; (one = first(text)).bytes > 0; text.remove_prefix(one.bytes))
    result += static_cast<size_t>(std::max(one.columns, 0));
  return result;
}

std::string clipped(std::string_view text, size_t columns) {
  if (width(text) <= columns)
    return std::string(text);
  std::string result;
  size_t used = 1; // the ellipsis
  for (glyph one; (one = first(text)).bytes > 0;
       text.remove_prefix(one.bytes)) {
    used += static_cast<size_t>(std::max(one.columns, 0));
    if (used > columns)
      break;
    result += text.substr(0, one.bytes);
  }
  return result + "…";
}

std::string known_words(const std::vector<std::string>& words, size_t room) {
  std::string result;
  size_t used = 0;
  size_t left = words.size();
  for (const auto& word : words) {
    const auto shown = printable(word);
    used += width(shown) + 2;
    if (used > room)
      break;
    result += (result.empty() ? "; known: " : ", ") + shown;
    --left;
  }
  return result.empty() || left == 0
           ? result
           : result + " and " + std::to_string(left) + " more";
}

table::table(std::vector<std::string> headings) {
  for (auto& heading : headings) {
    right_.push_back(heading.starts_with('>'));
    state_.push_back(heading.starts_with('!'));
    if (right_.back() || state_.back())
      heading.erase(0, 1);
  }
  rows_.push_back(std::move(headings));
}

void table::add(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

std::string table::str() const {
  std::vector<size_t> widths(right_.size());
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  std::string result;
  const auto colourful = has_colours();
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width(row[i]), ' ');
      line += i > 0 ? "  " : "";
      const auto cell = colourful && state_[i] && &row != &rows_.front()
                          ? coloured(row[i])
                          : row[i];
      line += right_[i] ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  }
  return result;
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string()
           ? printable(found->get_ref<const std::string&>())
           : std::string{};
}

double number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>()
                                                     : 0.0;
}

std::string count(const json& object, const char* key) {
  return fmt::format("{:.0f}", number(object, key));
}

std::string bytes(double value) {
  static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  return fmt::format("{:.{}f} {}", value, unit > 0 && value < 100 ? 1 : 0,
                     units[unit]);
}

std::string milliseconds(double value) {
  return value < 1000 ? fmt::format("{:.{}f} ms", value, value < 10 ? 2 : 0)
                      : seconds(value / 1000);
}

std::string seconds(double value) {
  if (value < 60)
    return fmt::format("{:.1f} s", value);
  const auto whole = std::llround(value);
  if (whole < 3600)
    return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  if (whole < 86400)
    return fmt::format("{}h {:02}m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}d {:02}h", whole / 86400, whole % 86400 / 3600);
}

std::string clock(double ms) {
  const auto whole = static_cast<std::time_t>(ms / 1000);
  std::tm local{};
  localtime_r(&whole, &local);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", local.tm_hour, local.tm_min,
                     local.tm_sec, static_cast<int>(std::fmod(ms, 1000)));
}

} // namespace aps::ctl
