#pragma once

#include "transports/seam/slice.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace aps {

/// Bytes of the largest datagram of UDP.
inline constexpr size_t max_datagram = 65507;

/// Bytes in front of each.
inline constexpr size_t datagram_overhead = 2;

/// A datagram as it stands in the stream of its exchange: behind its length,
/// two bytes, the high one first. Precondition: it is one.
slice frame_datagram(std::string_view datagram);

/// Finds datagrams in the pieces of a stream. Keeps one at most. Pure.
class datagram_reader {
 public:
  /// Calls `each(std::string_view)` for those that `bytes` complete.
  template <class Each>
  void feed(std::string_view bytes, Each each) {
    if (!pending_.empty()) {
      pending_ += bytes;
      bytes = pending_;
    }
    while (const auto size = size_of_first(bytes)) {
      each(bytes.substr(datagram_overhead, size - datagram_overhead));
      bytes.remove_prefix(size);
    }
    std::string rest{bytes};
    pending_.swap(rest);
  }

 private:
  /// With its length; 0 = it is not complete.
  static size_t size_of_first(std::string_view bytes) noexcept;

  std::string pending_;
};

/// Takes what waits at a socket without waiting: the bytes are valid until the
/// next call on this thread. `from` gets the sender's address where it is
/// wanted. Null data = there is nothing; `error` says what else it was.
struct received_datagram {
  std::string_view bytes;
  bool any = false;
  int error = 0;
};
received_datagram receive_datagram(int handle, void* from = nullptr,
                                   unsigned* from_size = nullptr) noexcept;

} // namespace aps
