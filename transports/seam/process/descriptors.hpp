#pragma once

#include <cstddef>

/// What is left of the process's descriptors (RLIMIT_NOFILE). The limit is
/// read anew each time, because it may be lowered under a running process.
namespace aps {

constexpr size_t most_reserved = 128;

/// How many are kept for agents and operators at this limit.
constexpr size_t descriptor_reserve(size_t limit) noexcept {
  return limit / 8 > most_reserved ? most_reserved : limit / 8;
}

/// Of what is left beside the reserve, so many percent; at least one.
size_t descriptor_share(size_t percent) noexcept;

/// The reserve of this process.
size_t descriptor_reserve() noexcept;

/// How many more may be opened after `fd`, the latest one. The kernel gives
/// the lowest free number, so this needs no count of what is open.
size_t descriptors_after(int fd) noexcept;

/// True when `fd`, the latest one, is of the reserve: it lies there, or there
/// are not enough free ones below to give back what is lent of it.
bool in_descriptor_reserve(int fd) noexcept;

/// True when half of the reserve is used, too, beside what is lent.
bool deep_in_descriptor_reserve(int fd) noexcept;

/// Whether who comes for another may have `fd` until that one has gone: it lies
/// below the reserve, or less than a quarter of that is lent, as some go later
/// than they should.
bool may_lend_descriptor(int fd) noexcept;

/// Whether `fd`, though it was of the reserve when it came, no longer is:
/// enough are free below to give back all that is lent, and it.
bool left_descriptor_reserve(int fd) noexcept;

/// Counts a descriptor that lies in the reserve though its holder is nobody
/// whom that is kept for, as another made room and its number became free
/// below. Until it is closed, who takes that number takes it of the reserve.
/// Thread-safe.
class reserve_loan {
 public:
  reserve_loan() = default;
  ~reserve_loan();

  reserve_loan(const reserve_loan&) = delete;
  reserve_loan& operator=(const reserve_loan&) = delete;

  /// Once at most; nothing is lent when `fd` lies below the reserve.
  void take(int fd) noexcept;

 private:
  bool taken_ = false;
};

} // namespace aps
