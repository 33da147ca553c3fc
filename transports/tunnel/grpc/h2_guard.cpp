#include "transports/tunnel/grpc/h2_guard.hpp"

#include "transports/tunnel/grpc/h2_frame_type.hpp"

#include <algorithm>

namespace aps {

std::string_view render(h2_verdict verdict) noexcept {
  switch (verdict) {
    case h2_verdict::ok:
      return "no objection";
    case h2_verdict::bad_preface:
      return "not an HTTP/2 preface";
    case h2_verdict::too_many_streams:
      return "too many HTTP/2 streams on one connection";
    case h2_verdict::header_flood:
      return "too many HTTP/2 header bytes on one connection";
    case h2_verdict::control_flood:
      return "too many HTTP/2 control frames";
    case h2_verdict::unauthenticated_flood:
      return "too many bytes before authentication";
  }
  return "unknown verdict";
}

h2_verdict h2_guard::feed(std::string_view bytes, time_point now) {
  received_ += bytes.size();
  if (!authenticated_ && received_ > limits_.unauthenticated_bytes)
    return h2_verdict::unauthenticated_flood;
  if (auto result = take_preface(bytes); result != h2_verdict::ok)
    return result;
  while (!bytes.empty()) {
    if (skip_ != 0) {
      const auto n = std::min<size_t>(skip_, bytes.size());
      skip_ -= static_cast<uint32_t>(n);
      bytes.remove_prefix(n);
      continue;
    }
    const auto n = std::min(header_.size() - have_, bytes.size());
    std::copy_n(bytes.begin(), n, header_.begin() + have_);
    have_ += n;
    bytes.remove_prefix(n);
    if (have_ < header_.size())
      break;
    have_ = 0;
    if (auto result = on_frame_header(now); result != h2_verdict::ok)
      return result;
  }
  return h2_verdict::ok;
}

h2_verdict h2_guard::take_preface(std::string_view& bytes) {
  const auto n = std::min(h2_preface.size() - preface_, bytes.size());
  if (bytes.substr(0, n) != h2_preface.substr(preface_, n))
    return h2_verdict::bad_preface;
  preface_ += n;
  bytes.remove_prefix(n);
  return h2_verdict::ok;
}

h2_verdict h2_guard::on_frame_header(time_point now) {
  skip_ = uint32_t{header_[0]} << 16 | uint32_t{header_[1]} << 8 | header_[2];
  switch (header_[3]) {
    case h2_frame_type::headers:
      if (++streams_ > limits_.streams)
        return h2_verdict::too_many_streams;
      [[fallthrough]];
    case h2_frame_type::continuation:
      header_bytes_ += 9 + skip_;
      return header_bytes_ > limits_.header_bytes ? h2_verdict::header_flood
                                                  : h2_verdict::ok;
    case h2_frame_type::data:
      return skip_ == 0 ? on_control(now) : h2_verdict::ok;
    case h2_frame_type::window_update: // one for every few reads; makes no work
      return h2_verdict::ok;
    default:
      return on_control(now);
  }
}

h2_verdict h2_guard::on_control(time_point now) {
  if (now - window_start_ >= std::chrono::seconds(1)) {
    window_start_ = now;
    control_ = 0;
  }
  return ++control_ > limits_.control_per_second ? h2_verdict::control_flood
                                                 : h2_verdict::ok;
}

} // namespace aps
