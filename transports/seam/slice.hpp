#pragma once

#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aps {

/// A slice shares the buffer it was read into only when that is at most so many
/// times its own size; else it is a copy. It bounds what a stalled stream keeps.
inline constexpr size_t max_kept_per_byte = 4;

/// A range of bytes inside a shared immutable buffer. Copying a slice shares
/// the buffer; the buffer lives until its last slice is gone.
class slice {
 public:
  slice() = default;

  /// Shares `bytes`, which must stay valid and unchanged as long as `owner`.
  slice(std::shared_ptr<const void> owner, std::string_view bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  /// Takes over a string's buffer without copying it.
  static slice adopt(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    std::string_view view = *owner;
    return {std::move(owner), view};
  }

  /// Copies into a buffer of exactly this size.
  static slice copy(std::string_view bytes) {
    if (bytes.empty())
      return {};
    auto owner = std::make_shared_for_overwrite<char[]>(bytes.size());
    std::memcpy(owner.get(), bytes.data(), bytes.size());
    std::string_view view{owner.get(), bytes.size()};
    return {std::move(owner), view};
  }

  /// The part that starts at `offset`, at most `length` bytes of it.
  slice sub(size_t offset, size_t length = std::string_view::npos) const {
    assert(offset <= size());
    return {owner_, bytes_.substr(offset, length)};
  }

  std::string_view view() const noexcept { return bytes_; }
  const char* data() const noexcept { return bytes_.data(); }
  size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }

  /// Keeps the buffer alive; null for empty slices.
  const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

} // namespace aps
