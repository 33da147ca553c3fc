#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace aps {

/// How much something in a list such as Accept is wanted (RFC 9110, 12.4.2), in
/// thousandths: 0 = not at all, 1000 = also without a `q`, or with one that is
/// no weight. `parameters` stand behind the first ";". Pure.
constexpr unsigned quality_of(std::string_view parameters) noexcept {
  constexpr unsigned full = 1000;
  const auto take = [](std::string_view& rest, char sign) {
    const auto part = rest.substr(0, rest.find(sign));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const auto first = part.find_first_not_of(" \t");
    return first == part.npos
             ? std::string_view{}
             : part.substr(first, part.find_last_not_of(" \t") - first + 1);
  };
  while (!parameters.empty()) {
    auto value = take(parameters, ';');
    const auto name = take(value, '=');
    if (name != "q" && name != "Q")
      continue;
    const auto weight = take(value, ';');
    if (weight.empty() || weight[0] != '0')
      return full;
    unsigned out = 0;
    unsigned scale = full / 10;
    for (const auto digit : weight.substr(std::min<size_t>(weight.size(), 2))) {
      if (digit < '0' || digit > '9')
        return full;
      out += static_cast<unsigned>(digit - '0') * scale;
      scale /= 10;
    }
    return out;
  }
  return full;
}

static_assert(quality_of("") == 1000 && quality_of("q=1.000") == 1000);
static_assert(quality_of("q=0") == 0 && quality_of(" Q = 0.000") == 0);
static_assert(quality_of("v=b3;q=0.5") == 500 && quality_of("q=0.1") == 100);
static_assert(quality_of("q=0.001") == 1 && quality_of("q=much") == 1000);

} // namespace aps
