#include "transports/seam/descriptors.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace aps {

namespace {

size_t descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024;
  return static_cast<size_t>(std::min<rlim_t>(limit.rlim_cur, 1u << 30));
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
  return descriptors_after(fd) < descriptor_reserve();
}

bool deep_in_descriptor_reserve(int fd) noexcept {
  return descriptors_after(fd) < descriptor_reserve() / 2;
}

} // namespace aps
