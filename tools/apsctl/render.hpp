#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Text for people: aligned columns, numbers with units. Names may come from
/// anybody, so nothing in them reaches the terminal as a control sequence.
namespace aps::ctl {

/// The text with control characters and broken UTF-8 as \xNN.
std::string printable(std::string_view text);

/// How many columns a printable text takes on a terminal.
size_t width(std::string_view text);

/// Cuts to `columns`, with an ellipsis where something went.
std::string clipped(std::string_view text, size_t columns);

/// "; known: a, b and 3 more": as many words as fit into `room` columns;
/// empty when that is none.
std::string known_words(const std::vector<std::string>& words, size_t room);

/// Rows of cells under headings. A heading that begins with '>' is aligned to
/// the right, one with '!' has states that a terminal shows in colour; without
/// the sign.
class table {
 public:
  explicit table(std::vector<std::string> headings);

  void add(std::vector<std::string> cells);
  std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
  std::vector<bool> state_;
};

struct size_of_terminal {
  size_t rows = 24;
  size_t columns = 80;
};

/// The terminal that stdout is; nothing when it is none, or one that cannot
/// move its cursor (TERM).
std::optional<size_of_terminal> terminal_size();

/// The part of a text that fits on a terminal, and how much does not.
std::string fitted(const std::string& text, const size_of_terminal& screen);

/// A string of an object, printable; empty when it is not there or null.
std::string text(const nlohmann::json& object, const char* key);

/// A number of an object; 0 when it is not there or null.
double number(const nlohmann::json& object, const char* key);

/// A whole number of an object.
std::string count(const nlohmann::json& object, const char* key);

std::string bytes(double value);
std::string milliseconds(double value);
std::string seconds(double value);

/// Milliseconds since 1970 as local time of day.
std::string clock(double ms);

} // namespace aps::ctl
