#include "actors/watch/process_facts.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace aps::process_facts {

namespace {

// proc(5), /proc/self/stat: of the fields behind the name, which may have
// anything in it.
constexpr int start_field = 22;
constexpr int first_field_behind_name = 3;

double boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string word; file >> word;)
    if (word == "btime") {
      double seconds = 0;
      file >> seconds;
      return seconds;
    }
  return 0;
}

} // namespace

double start_time() {
  std::ifstream file{"/proc/self/stat"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto name_end = text.rfind(')');
  const auto booted = boot_time();
  if (name_end == text.npos || booted == 0)
    return 0;
  std::istringstream fields{text.substr(name_end + 1)};
  std::string word;
  for (int i = first_field_behind_name; i <= start_field; ++i)
    fields >> word;
  const auto ticks = ::sysconf(_SC_CLK_TCK);
  return ticks <= 0 ? 0
                    : booted + std::strtod(word.c_str(), nullptr) / double(ticks);
}

uint64_t open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator all{"/proc/self/fd", error};
  if (error)
    return 0;
  // The look itself has one open.
  const auto count = std::distance(begin(all), end(all));
  return count > 0 ? static_cast<uint64_t>(count) - 1 : 0;
}

uint64_t max_descriptors() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

} // namespace aps::process_facts
