#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace aps {

/// So many bytes for all that do something together. Thread: any.
class byte_budget {
 public:
  explicit byte_budget(size_t most) : most_(most) {}

  byte_budget(const byte_budget&) = delete;
  byte_budget& operator=(const byte_budget&) = delete;

  /// False = so much is not left, and nothing was taken.
  bool take(size_t bytes) noexcept {
    auto before = taken_.load();
    do {
      if (bytes > most_ - before)
        return false;
    } while (!taken_.compare_exchange_weak(before, before + bytes));
    return true;
  }

  void give(size_t bytes) noexcept {
    [[maybe_unused]] const auto before = taken_.fetch_sub(bytes);
    assert(before >= bytes);
  }

  size_t taken() const noexcept { return taken_; }
  size_t left() const noexcept { return most_ - taken_; }

 private:
  const size_t most_;
  std::atomic<size_t> taken_{0};
};

/// What one has of a budget; given back with it. Belongs to one thread.
class byte_share {
 public:
  explicit byte_share(std::shared_ptr<byte_budget> of) : of_(std::move(of)) {}
  byte_share(byte_share&& other) noexcept
      : of_(std::move(other.of_)), size_(std::exchange(other.size_, 0)) {}
  byte_share& operator=(byte_share&&) = delete;
  ~byte_share() { clear(); }

  /// False = so much is not left, and nothing was taken.
  bool grow(size_t bytes) noexcept {
    if (!of_->take(bytes))
      return false;
    size_ += bytes;
    return true;
  }

  /// What is left for all.
  size_t left() const noexcept { return of_->left(); }

  /// Precondition: it has so much.
  void shrink(size_t bytes) noexcept {
    assert(bytes <= size_);
    size_ -= bytes;
    of_->give(bytes);
  }

  void clear() noexcept {
    if (const auto size = std::exchange(size_, 0))
      of_->give(size);
  }

 private:
  std::shared_ptr<byte_budget> of_;
  size_t size_ = 0;
};

} // namespace aps
