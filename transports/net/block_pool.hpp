#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace aps {

/// Blocks of one size for bytes of sockets, apart from the heap: hundreds of
/// them that stalled streams give back among small things would leave holes in
/// it that nothing fits into, and a process 1.6 times as big. Given back blocks
/// are used again, most recent first; more than `most_kept` go back to the
/// system. Thread: any.
class block_pool {
 public:
  static constexpr size_t block_size = 64 * 1024;

  explicit block_pool(size_t most_kept) : most_kept_(most_kept) {}
  ~block_pool();

  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;

  /// A block of `block_size` bytes, content unspecified, which the last owner
  /// gives back. The pool must outlive it. Throws std::bad_alloc.
  std::shared_ptr<char[]> take();

  /// Blocks that wait for their next use.
  size_t kept() const;

 private:
  void give_back(char* block) noexcept;

  const size_t most_kept_;
  mutable std::mutex mutex_;
  std::vector<char*> free_;
};

/// That of the process; never destroyed, as slices outlive everything.
block_pool& common_blocks();

} // namespace aps
