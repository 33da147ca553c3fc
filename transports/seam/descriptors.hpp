#pragma once

#include <cstddef>

/// What is left of the process's descriptors (RLIMIT_NOFILE). The limit is
/// read anew each time, because it may be lowered under a running process.
namespace aps {

/// How many are kept for agents and operators at this limit.
constexpr size_t descriptor_reserve(size_t limit) noexcept {
  return limit / 8 > 128 ? 128 : limit / 8;
}

/// Of what is left beside the reserve, so many percent; at least one.
size_t descriptor_share(size_t percent) noexcept;

/// The reserve of this process.
size_t descriptor_reserve() noexcept;

/// How many more may be opened after `fd`, the latest one. The kernel gives
/// the lowest free number, so this needs no count of what is open.
size_t descriptors_after(int fd) noexcept;

/// True when `fd`, the latest one, lies in the reserve.
bool in_descriptor_reserve(int fd) noexcept;

/// True when half of the reserve is used, too.
bool deep_in_descriptor_reserve(int fd) noexcept;

} // namespace aps
