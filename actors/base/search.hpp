#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// What somebody looks for: words, each of which has to be somewhere in a text.
/// The case of ASCII letters does not matter.
class search {
 public:
  search() = default;

  explicit search(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    while (true) {
      text.remove_prefix(std::min(text.size(), text.find_first_not_of(blanks)));
      if (text.empty())
        return;
      const auto word = text.substr(0, text.find_first_of(blanks));
      words_.push_back(lower(word));
      text.remove_prefix(word.size());
    }
  }

  /// Whether it is for everything.
  bool empty() const noexcept { return words_.empty(); }

  bool finds(std::string_view text) const {
    if (words_.empty())
      return true;
    const auto in = lower(text);
    return std::all_of(words_.begin(), words_.end(), [&](const auto& word) {
      return in.find(word) != in.npos;
    });
  }

 private:
  static std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out)
      if (c >= 'A' && c <= 'Z')
        c += 'a' - 'A';
    return out;
  }

  std::vector<std::string> words_;
};

} // namespace aps
