#pragma once

// Include after tests/config/problems.hpp.

#include "tests/config/problems.hpp"

#include <functional>

namespace aps::config {

/// An integer key, what it may be, and what else has to stand there for it.
struct bounded {
  std::string key;
  uint64_t low;
  uint64_t high;
  std::string beside = {};
};

/// Both bounds are taken, what is one beyond is one problem that names them.
/// `around` makes the whole text of keys.
inline void
bounds(const std::function<std::string(const std::string& keys)>& around,
       const std::vector<bounded>& rows) {
  for (const auto& [key, low, high, beside] : rows) {
    const auto told = [&, name = key, more = beside](const std::string& value) {
      return all(wrong(around("\"" + name + "\": " + value
                              + (more.empty() ? "" : ", " + more))));
    };
    const auto rule = key + ": found the number ";
    const auto allowed = ", allowed an integer from " + std::to_string(low)
                         + " to " + std::to_string(high) + "\n";
    CAF_MESSAGE(key);
    CAF_CHECK_EQUAL(told(std::to_string(low)), "");
    CAF_CHECK_EQUAL(told(std::to_string(high)), "");
    for (const auto& beyond :
         {low == 0 ? std::string{"-1"} : std::to_string(low - 1),
          std::to_string(high + 1)})
      CAF_CHECK(told(beyond).ends_with(rule + beyond + allowed));
  }
}

} // namespace aps::config
