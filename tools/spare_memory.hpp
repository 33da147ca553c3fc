#pragma once

#include <chrono>
#include <cstddef>

namespace aps::host {

/// What a process has used until some moment, and what its heap holds then.
struct memory_reading {
  std::chrono::steady_clock::time_point at{};
  std::chrono::duration<double> cpu{}; ///< of all its threads
  size_t spare = 0;                    ///< bytes of the heap that nobody uses
};

/// Of this process, now.
memory_reading read_memory();

/// When to give spare memory back. Pure.
class memory_policy {
 public:
  explicit memory_policy(const memory_reading& first) : last_(first) {}

  /// Whether now: the process was at rest since the reading before, and its
  /// heap keeps more than is good for it, not counting what was given back and
  /// not used since, which counts as spare for the heap.
  bool is_time(const memory_reading& now) noexcept;

 private:
  memory_reading last_;
  size_t returned_ = 0;
};

/// Gives back to the system what the heap kept when a crowd has gone: holes
/// between what stays, such as where a thousand TLS handshakes had their
/// buffers. Only at rest, since who allocates meanwhile waits for it. Where the
/// C library has no way to do so nothing happens. Thread: one.
class spare_memory {
 public:
  /// How often it looks.
  static constexpr std::chrono::seconds period{10};

  /// When to call `look`.
  std::chrono::steady_clock::time_point next() const noexcept { return next_; }

  void look();

 private:
  memory_policy policy_{read_memory()};
  std::chrono::steady_clock::time_point next_
    = std::chrono::steady_clock::now() + period;
};

} // namespace aps::host
