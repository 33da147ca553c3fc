#include "tools/spare_memory.hpp"

#include <malloc.h>
#include <sys/resource.h>

namespace aps::host {

namespace {

// Less is not worth a look at each page.
constexpr size_t least_spare = 4 << 20;

// Of one core.
constexpr double rest = 0.05;

std::chrono::duration<double> seconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec)
         + std::chrono::microseconds(time.tv_usec);
}

} // namespace

memory_reading read_memory() {
  memory_reading out;
  out.at = std::chrono::steady_clock::now();
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0)
    out.cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
#ifdef __GLIBC__
  out.spare = ::mallinfo2().fordblks;
#endif
  return out;
}

bool memory_policy::is_time(const memory_reading& now) noexcept {
  const std::chrono::duration<double> passed = now.at - last_.at;
  const bool busy = now.cpu - last_.cpu >= passed * rest;
  last_ = now;
  if (busy)
    returned_ = 0;
  if (busy || now.spare < returned_ + least_spare)
    return false;
  returned_ = now.spare;
  return true;
}

void spare_memory::look() {
  const auto now = read_memory();
  next_ = now.at + period;
#ifdef __GLIBC__
  if (policy_.is_time(now))
    ::malloc_trim(0);
#endif
}

} // namespace aps::host
