#include "transports/seam/process/descriptors.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace aps {

namespace {

size_t descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024;
  return static_cast<size_t>(std::min<rlim_t>(limit.rlim_cur, 1u << 30));
}

std::atomic<size_t> lent{0};

bool lies_in_reserve(int fd) noexcept {
  return descriptors_after(fd) < descriptor_reserve();
}

// Whether so many more can be had below the reserve, above `last`. Only the
// kernel knows, and tells by giving them as copies of `fd`.
bool are_free_below(int fd, int last, size_t wanted) noexcept {
  std::array<int, most_reserved> probes;
  wanted = std::min(wanted, probes.size());
  size_t found = 0;
  for (; found < wanted; ++found) {
    last = ::fcntl(fd, F_DUPFD_CLOEXEC, last + 1);
    if (last < 0)
      break;
    if (lies_in_reserve(last)) {
      ::close(last);
      break;
    }
    probes[found] = last;
  }
  for (size_t i = 0; i < found; ++i)
    ::close(probes[i]);
  return found == wanted;
}

} // namespace

size_t descriptor_reserve() noexcept {
  return descriptor_reserve(descriptor_limit());
}

size_t descriptor_share(size_t percent) noexcept {
  const auto limit = descriptor_limit();
  return std::max<size_t>(1,
                          (limit - descriptor_reserve(limit)) * percent / 100);
}

size_t descriptors_after(int fd) noexcept {
  const auto limit = descriptor_limit();
  const auto used = static_cast<size_t>(fd) + 1;
  return used >= limit ? 0 : limit - used;
}

bool in_descriptor_reserve(int fd) noexcept {
  if (lies_in_reserve(fd))
    return true;
  const auto owed = lent.load(std::memory_order_relaxed);
  return owed > 0 && !are_free_below(fd, fd, owed);
}

bool deep_in_descriptor_reserve(int fd) noexcept {
  return descriptors_after(fd) + lent.load(std::memory_order_relaxed)
         < descriptor_reserve() / 2;
}

bool may_lend_descriptor(int fd) noexcept {
  return !lies_in_reserve(fd)
         || lent.load(std::memory_order_relaxed)
              < std::max<size_t>(1, descriptor_reserve() / 4);
}

bool left_descriptor_reserve(int fd) noexcept {
  const auto owed = lent.load(std::memory_order_relaxed);
  return are_free_below(fd, -1, owed + (lies_in_reserve(fd) ? 1 : 0));
}

reserve_loan::~reserve_loan() {
  if (taken_)
    lent.fetch_sub(1, std::memory_order_relaxed);
}

void reserve_loan::take(int fd) noexcept {
  assert(!taken_);
  taken_ = lies_in_reserve(fd);
  if (taken_)
    lent.fetch_add(1, std::memory_order_relaxed);
}

} // namespace aps
