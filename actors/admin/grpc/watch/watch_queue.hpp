#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace aps::admin {

/// What waits for a reader of events: a bounded number of bytes, and where more
/// came than fit, how many were left out there. Messages lie in blocks, as
/// thousands of small ones would leave holes in memory. Pure; not thread-safe.
class watch_queue {
 public:
  /// Bytes that may wait, each message with what it costs beside its own.
  static constexpr size_t room = 512 * 1024;
  static constexpr size_t cost_of_message = 32;

  /// Something to be written, and how many events that are then over.
  struct item {
    std::string message;
    uint32_t events = 0;
  };

  /// The message of an event; it is left out when there is no room.
  void add(const std::string& message);

  /// So many were left out before they came here.
  void add_missed(uint64_t count);

  bool empty() const noexcept { return places_.empty(); }
  size_t bytes() const noexcept { return bytes_; }

  /// The next one. Precondition: not empty.
  item take();

 private:
  struct place {
    size_t size = 0;     ///< of a message
    uint64_t missed = 0; ///< 0 = it is a message
    uint32_t events = 0;
  };

  place& missed_here();
  void keep(const std::string& message);
  std::string take_kept(size_t size);

  std::deque<place> places_;
  std::deque<std::string> blocks_; ///< of whole messages
  size_t taken_ = 0;               ///< bytes of the first block
  size_t bytes_ = 0;
};

} // namespace aps::admin
