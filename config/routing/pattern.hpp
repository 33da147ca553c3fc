#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace re2 {
class RE2;
} // namespace re2

namespace aps {

/// What the groups of a pattern hold, by number from 1, and by name. Group 0 is
/// all of the text. The views are into the text and the pattern.
struct captures {
  std::vector<std::string_view> groups = {};
  std::vector<std::pair<std::string_view, size_t>> names = {};
};

/// A regular expression (RE2's syntax) that a text fits as a whole, in time
/// linear in the text, over bytes. Immutable, thread-safe; copies are cheap.
class pattern {
 public:
  /// The longest one, and the most that RE2 may keep of one, bytes.
  static constexpr size_t longest = 1024;
  static constexpr size_t most_memory = 256 * 1024;

  /// Precondition: `problem` has none.
  explicit pattern(const std::string& text);

  /// What is wrong with it, in words that may follow "found"; "" = nothing.
  static std::string problem(const std::string& text);

  /// The names of its groups, and how many there are without name or with.
  static std::vector<std::string> names_of(const std::string& text);
  static size_t groups_of(const std::string& text);

  bool fits(std::string_view text) const;

  /// Empty where it does not fit. Of a pattern with a name: the names are
  /// views of it.
  captures captures_of(std::string_view text) const&;
  captures captures_of(std::string_view text) const&& = delete;

 private:
  std::shared_ptr<const re2::RE2> compiled_;
};

/// Many patterns at once: one walk over the text says which it fits. Immutable,
/// thread-safe.
class pattern_set {
 public:
  /// Precondition: as of each `pattern`.
  explicit pattern_set(const std::vector<std::string>& all);
  ~pattern_set();

  /// The positions of those that fit, in order; nothing when the walk would
  /// take too much memory, so that each has to be tried.
  std::optional<std::vector<int>> fitting(std::string_view text) const;

 private:
  struct state;
  std::unique_ptr<const state> state_;
};

} // namespace aps
