#include "transports/http/http_date.hpp"

#include <array>
#include <cstdio>

namespace aps {

std::string render_date(std::time_t at) {
  // Not strftime: its names are those of the locale.
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  std::array<char, 64> text{};
  const auto size = std::snprintf(
    text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
    days.at(static_cast<size_t>(parts.tm_wday)), parts.tm_mday,
    months.at(static_cast<size_t>(parts.tm_mon)), parts.tm_year + 1900,
    parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<size_t>(size)};
}

std::string_view http_date() {
  struct cached {
    std::time_t at = -1;
    std::string text;
  };
  thread_local cached last;
  std::timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != last.at) {
    last.text = render_date(now.tv_sec);
    last.at = now.tv_sec;
  }
  return last.text;
}

} // namespace aps
