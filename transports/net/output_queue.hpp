#pragma once

#include "transports/seam/slice.hpp"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// A view of the buffers of one gather write; they stay where they are until
/// the write is over, so copying the view is all that Asio needs to do.
class buffer_span {
 public:
  using value_type = boost::asio::const_buffer;
  using const_iterator = const value_type*;

  buffer_span(const_iterator first, const_iterator last)
      : first_(first), last_(last) {}
  const_iterator begin() const noexcept { return first_; }
  const_iterator end() const noexcept { return last_; }

 private:
  const_iterator first_;
  const_iterator last_;
};

/// What waits for a socket. While one write is in flight, the rest gathers
/// here and goes out as one write afterwards. Not thread-safe.
class output_queue {
 public:
  /// Framing: the caller appends to it before the next `payload`.
  std::string& text() noexcept { return waiting_.text; }

  /// Body bytes; counted for `finish`. Small ones are copied to the text.
  void payload(slice bytes);

  bool empty() const noexcept { return waiting_.empty(); }
  bool in_flight() const noexcept { return in_flight_; }

  /// Bytes that wait, those in flight not counted.
  size_t size() const noexcept { return waiting_.bytes(); }

  /// Everything that waits is now in flight. Precondition: nothing is, and
  /// something waits.
  buffer_span start();

  /// The same as one string, for sinks that cannot gather (TLS).
  std::string_view start_flat();

  /// The write is over; returns the payload bytes that were in it.
  size_t finish();

  /// Payload so far counts for nobody any more; the bytes still go out.
  void disown_payload() noexcept { waiting_.payload = flying_.payload = 0; }

  /// Drops what waits.
  void clear() { waiting_.clear(); }

 private:
  struct piece {
    size_t text_end; // text before the slice ends here
    slice bytes;
  };
  struct batch {
    std::string text;
    std::vector<piece> pieces;
    size_t payload = 0;
    size_t shared = 0; // bytes in pieces

    bool empty() const noexcept { return text.empty() && pieces.empty(); }
    size_t bytes() const noexcept { return text.size() + shared; }
    void clear();
  };

  batch waiting_;
  batch flying_;
  std::vector<boost::asio::const_buffer> buffers_;
  bool in_flight_ = false;
};

} // namespace aps
