#include "transports/http2/h2_limits.hpp"

#include <nghttp2/nghttp2.h>

namespace aps {

namespace {

/// What a field costs beside its text, as HPACK counts it (RFC 7541, 4.1).
constexpr size_t field_overhead = 32;

/// What a small head may have beyond its bytes on the wire, as its fields are
/// indices: it costs less than the request, and a quick visitor sends 60,000
/// a second.
constexpr size_t usual_inflation = 256;

} // namespace

std::string_view render(h2_verdict verdict) noexcept {
  switch (verdict) {
    case h2_verdict::ok:
      return "no objection";
    case h2_verdict::too_many_requests:
      return "too many HTTP/2 requests on one connection";
    case h2_verdict::header_flood:
      return "too many HTTP/2 header bytes";
    case h2_verdict::control_flood:
      return "too many HTTP/2 control frames";
    case h2_verdict::fault_flood:
      return "too many HTTP/2 streams that break the rules";
    case h2_verdict::reset_flood:
      return "too many HTTP/2 streams that are given up";
    case h2_verdict::early_flood:
      return "too many bytes before authentication";
  }
  return "unknown verdict";
}

h2_verdict h2_counts::on_bytes(size_t bytes) noexcept {
  // What was read before is judged here, so that a frame under way is known.
  const auto unknown = bytes_ > known_bytes_ ? bytes_ - known_bytes_ : 0;
  if (unknown
      > unknown_bytes + unknown_bytes_per_request * requests_ + rest_bytes_)
    return h2_verdict::control_flood;
  bytes_ += bytes;
  return !admitted_ && bytes_ > profile_.early_bytes ? h2_verdict::early_flood
                                                     : h2_verdict::ok;
}

h2_verdict h2_counts::on_bad_request() noexcept {
  return ++bad_requests_ > bad_requests ? h2_verdict::too_many_requests
                                        : h2_verdict::ok;
}

h2_verdict h2_counts::on_frame(uint8_t type, size_t length,
                               time_point now) noexcept {
  constexpr size_t frame_head = 9;
  known_bytes_ += frame_head + length;
  switch (type) {
    case NGHTTP2_HEADERS:
      if (++requests_ > profile_.requests)
        return h2_verdict::too_many_requests;
      spare_control_ += profile_.control_per_request;
      return on_block(length, true, now);
    case NGHTTP2_CONTINUATION: return on_block(length, false, now);
    case NGHTTP2_DATA:
      return length == 0 ? on_control(now) : h2_verdict::ok;
    case NGHTTP2_WINDOW_UPDATE:
      if (spare_window_updates_ > 0)
        return --spare_window_updates_, h2_verdict::ok;
      return on_control(now);
    default:
      return on_control(now);
  }
}

h2_verdict h2_counts::on_block(size_t length, bool first,
                               time_point now) noexcept {
  if (first)
    block_bytes_ = decoded_bytes_ = fields_ = 0;
  block_at_ = now;
  inflated_.give(static_cast<double>(length + (first ? usual_inflation : 0)));
  // Nine bytes of a frame's own, so that empty ones count.
  block_bytes_ += length + 9;
  total_header_bytes_ += length + 9;
  return block_bytes_ > profile_.header_bytes
             || total_header_bytes_ > profile_.total_header_bytes
           ? h2_verdict::header_flood
           : h2_verdict::ok;
}

h2_verdict h2_counts::on_field(size_t name, size_t value) noexcept {
  decoded_bytes_ += name + value + field_overhead;
  return ++fields_ > profile_.header_fields
             || decoded_bytes_ > profile_.header_bytes
             || !inflated_.take(static_cast<double>(name + value), block_at_,
                                profile_.inflated_bytes,
                                profile_.inflated_per_second)
           ? h2_verdict::header_flood
           : h2_verdict::ok;
}

h2_verdict h2_counts::on_fault(time_point now) noexcept {
  return faults_.take(1, now, profile_.resets, profile_.resets_per_second)
           ? h2_verdict::ok
           : h2_verdict::fault_flood;
}

h2_verdict h2_counts::on_reset(time_point now) noexcept {
  return resets_.take(1, now, profile_.resets, profile_.resets_per_second)
           ? h2_verdict::ok
           : h2_verdict::reset_flood;
}

h2_verdict h2_counts::on_control(time_point now) noexcept {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    control_ = 0;
  }
  if (control_ < profile_.control_per_second)
    return ++control_, h2_verdict::ok;
  if (spare_control_ > 0)
    return --spare_control_, h2_verdict::ok;
  return h2_verdict::control_flood;
}

} // namespace aps
