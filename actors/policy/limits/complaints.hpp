#pragma once

#include "transports/seam/executor.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// When is a trouble that lasts worth a line? At once, then after a minute,
/// after five, and then hourly; each cause by itself, until all is well. Of
/// more than `max_causes` the rest count as one. Pure.
class complaints {
 public:
  static constexpr size_t max_causes = 32;

  /// For how long the cause lasts, when a line is due; nothing otherwise.
  std::optional<duration> admit(const std::string& cause, time_point now);

  bool knows(const std::string& cause) const {
    return causes_.count(cause) > 0;
  }

  /// All is well: what comes next is new.
  void clear() { causes_.clear(); }

  /// The same for causes that end so.
  void forget(std::string_view ending) {
    std::erase_if(causes_, [ending](const auto& item) {
      return item.first.ends_with(ending);
    });
  }

 private:
  struct entry {
    time_point since;
    size_t lines = 0;
  };

  std::map<std::string, entry> causes_;
};

/// A duration for people: "20 ms", "1.5 s", "5 min", "2 h".
std::string in_words(duration duration);

} // namespace aps
