#include "transports/net/block_pool.hpp"

#include <cassert>
#include <new>

#include <sys/mman.h>

namespace aps {

namespace {

// What the process keeps at rest, 4 MiB.
constexpr size_t common_kept = 64;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APS_BLOCKS_FROM_HEAP
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define APS_BLOCKS_FROM_HEAP
#endif

#ifdef APS_BLOCKS_FROM_HEAP
// AddressSanitizer watches the borders of what comes from the heap.
char* allocate() {
  return new char[block_pool::block_size];
}

void release(char* block) noexcept {
  delete[] block;
}
#else
char* allocate() {
  void* const result = mmap(nullptr, block_pool::block_size,
                            PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (result == MAP_FAILED)
    throw std::bad_alloc{};
  return static_cast<char*>(result);
}

void release(char* block) noexcept {
  munmap(block, block_pool::block_size);
}
#endif

} // namespace

block_pool::~block_pool() {
  for (char* block : free_)
    release(block);
}

std::shared_ptr<char[]> block_pool::take() {
  char* block = nullptr;
  {
    std::lock_guard guard{mutex_};
    if (free_.capacity() == 0)
      free_.reserve(most_kept_); // giving back never allocates
    if (!free_.empty()) {
      block = free_.back();
      free_.pop_back();
    }
  }
  if (!block)
    block = allocate();
  return {block, [this](char* done) { give_back(done); }};
}

void block_pool::give_back(char* block) noexcept {
  assert(block);
  {
    std::lock_guard guard{mutex_};
    if (free_.size() < most_kept_) {
      free_.push_back(block);
      return;
    }
  }
  release(block);
}

size_t block_pool::kept() const {
  std::lock_guard guard{mutex_};
  return free_.size();
}

block_pool& common_blocks() {
  static auto& pool = *new block_pool{common_kept};
  return pool;
}

} // namespace aps
