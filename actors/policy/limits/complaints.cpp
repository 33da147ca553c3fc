#include "actors/policy/limits/complaints.hpp"

#include <array>

namespace aps {

namespace {

using namespace std::chrono;

/// How old a trouble is at its n-th line.
duration age_of_line(size_t line) {
  constexpr std::array<duration, 3> first{seconds(0), minutes(1), minutes(5)};
  return line < first.size() ? first[line]
                             : hours(static_cast<int64_t>(line - 2));
}

/// At most one digit after the point.
std::string tenths(int64_t value, std::string_view unit) {
  auto text = std::to_string(value / 10);
  if (value % 10 != 0)
    text += "." + std::to_string(value % 10);
  return text + " " + std::string(unit);
}

} // namespace

std::optional<duration> complaints::admit(const std::string& cause,
                                          time_point now) {
  const auto known = causes_.size() < max_causes || causes_.count(cause) > 0;
  auto& here = causes_.try_emplace(known ? cause : "", entry{now}).first->second;
  const auto age = now - here.since;
  if (age < age_of_line(here.lines))
    return std::nullopt;
  // A line that nobody asked for in its time is not made up for.
  while (age_of_line(here.lines) <= age)
    ++here.lines;
  return age;
}

std::string in_words(duration duration) {
  const auto ms = duration_cast<milliseconds>(duration).count();
  if (ms < 1000)
    return std::to_string(ms) + " ms";
  if (ms < 10000)
    return tenths(ms / 100, "s");
  if (ms < 60000)
    return std::to_string(ms / 1000) + " s";
  if (ms < 3600000)
    return std::to_string(ms / 60000) + " min";
  return tenths(ms / 360000, "h");
}

} // namespace aps
