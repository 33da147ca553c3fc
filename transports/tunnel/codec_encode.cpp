#include "transports/tunnel/codec.hpp"

#include "transports/tunnel/wire_fields.hpp"
#include "transports/tunnel/wire_limits.hpp"

#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace aps {

namespace {

/// Payloads of at least this size are shared, smaller ones copied.
constexpr size_t min_shared_payload = 1024;

/// A block that grew beyond this is not kept for the next message.
constexpr size_t max_kept_block = 256 * 1024;

constexpr uint8_t batch_frames_tag = 1 << 3 | wire::bytes;
constexpr uint8_t frame_exchange_tag = 1 << 3 | wire::fixed64;

constexpr size_t varint_size(uint64_t value) noexcept {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

uint8_t* put_varint(uint8_t* to, uint64_t value) noexcept {
  while (value >= 0x80) {
    *to++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<uint8_t>(value);
  return to;
}

std::string_view as_bytes(std::string_view text) noexcept {
  return text;
}

std::string_view as_bytes(const session_id& id) noexcept {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

/// A value as the receiver takes it. What it would refuse has to be stopped
/// before: heads by `head_excess`, names by the configuration.
uint64_t limited(size_t message, int field, uint64_t value) noexcept {
  const auto& limit = *wire::limit_of(message, static_cast<size_t>(field));
  assert(value <= limit.most || limit.beyond != wire::excess::refuse);
  return std::min(value, limit.most);
}

std::string_view limited(size_t message, int field,
                         std::string_view text) noexcept {
  const auto& limit = *wire::limit_of(message, static_cast<size_t>(field));
  assert(text.size() <= limit.most || limit.beyond != wire::excess::refuse);
  if (text.size() <= limit.most || limit.beyond == wire::excess::refuse)
    return text;
  auto end = static_cast<size_t>(limit.most);
  // Not inside a character: these texts are UTF-8.
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end);
}

/// Counts the bytes of a message. Field numbers are all below 16, so each
/// tag takes one byte.
class sizer {
 public:
  static constexpr bool reading = false;

  explicit sizer(size_t message) : message_(message) {}

  template <class T>
  void number(int field, const T& value) {
    const auto wide = limited(message_, field, static_cast<uint64_t>(value));
    if (wide != 0)
      total += 1 + varint_size(wide);
  }

  void maybe(int field, const std::optional<uint64_t>& value) {
    if (value)
      total += 1 + varint_size(limited(message_, field, *value));
  }

  template <class T>
  void text(int field, const T& value) {
    add_bytes(limited(message_, field, as_bytes(value)).size());
  }

  void payload(int field, const slice& value) {
    add_bytes(limited(message_, field, value.view()).size());
    if (value.size() >= min_shared_payload)
      shared += value.size();
  }

  void headers(int, const header_list& list) {
    for (const auto& item : list) {
      sizer one{wire::header_message};
      wire::fields(one, item);
      total += 1 + varint_size(one.total) + one.total;
    }
  }

  size_t total = 0;
  size_t shared = 0; ///< the part of `total` that is not copied

 private:
  void add_bytes(size_t size) {
    if (size != 0)
      total += 1 + varint_size(size) + size;
  }

  const size_t message_;
};

/// Writes messages into a block that is large enough, and cuts it where a
/// shared payload goes in between.
class writer {
 public:
  static constexpr bool reading = false;

  writer(const std::shared_ptr<char[]>& block, uint8_t* at,
         std::vector<slice>& parts)
      : block_(block), at_(at), start_(at), parts_(parts) {}

  /// What the next fields belong to.
  void begin(size_t message) noexcept { message_ = message; }

  void byte(uint8_t value) { *at_++ = value; }
  void raw_varint(uint64_t value) { at_ = put_varint(at_, value); }

  void raw_fixed64(uint64_t value) {
    for (int i = 0; i < 8; ++i)
      *at_++ = static_cast<uint8_t>(value >> (8 * i));
  }

  template <class T>
  void number(int field, const T& value) {
    const auto wide = limited(message_, field, static_cast<uint64_t>(value));
    if (wide != 0) {
      tag(field, wire::varint);
      raw_varint(wide);
    }
  }

  void maybe(int field, const std::optional<uint64_t>& value) {
    if (value) {
      tag(field, wire::varint);
      raw_varint(limited(message_, field, *value));
    }
  }

  template <class T>
  void text(int field, const T& value) {
    copy(field, limited(message_, field, as_bytes(value)));
  }

  void payload(int field, const slice& value) {
    if (value.size() < min_shared_payload)
      return copy(field, value.view());
    tag(field, wire::bytes);
    raw_varint(value.size());
    cut();
    parts_.push_back(value);
  }

  void headers(int field, const header_list& list) {
    for (const auto& item : list) {
      sizer one{wire::header_message};
      wire::fields(one, item);
      tag(field, wire::bytes);
      raw_varint(one.total);
      const auto outer = std::exchange(message_, wire::header_message);
      wire::fields(*this, item);
      message_ = outer;
    }
  }

  /// Makes a part of what was written since the last one.
  void cut() {
    if (at_ == start_)
      return;
    std::string_view view{reinterpret_cast<const char*>(start_),
                          static_cast<size_t>(at_ - start_)};
    parts_.emplace_back(block_, view);
    start_ = at_;
  }

 private:
  void tag(int field, wire::wire_type type) {
    *at_++ = static_cast<uint8_t>(field << 3 | type);
  }

  void copy(int field, std::string_view value) {
    if (value.empty())
      return;
    tag(field, wire::bytes);
    raw_varint(value.size());
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

  const std::shared_ptr<char[]>& block_;
  uint8_t* at_;
  uint8_t* start_;
  std::vector<slice>& parts_;
  size_t message_ = 0;
};

/// Visits the body of a frame; heads stand behind a pointer.
template <class Codec>
struct body_visitor {
  Codec& codec;

  template <class T>
  void operator()(const T& body) const {
    if constexpr (std::is_same_v<T, request_frame>) {
      static const request_head none;
      wire::fields(codec, body, body.head ? *body.head : none);
    } else if constexpr (std::is_same_v<T, response_frame>) {
      static const response_head none;
      wire::fields(codec, body, body.head ? *body.head : none);
    } else {
      wire::fields(codec, body);
    }
  }
};

size_t kind_of(const frame& what) noexcept {
  return wire::kind_numbers[what.body.index()];
}

size_t kind_tag(const frame& what) noexcept {
  return kind_of(what) << 3 | wire::bytes;
}

/// Bytes of a Frame message whose body takes `body` bytes.
size_t frame_size(const frame& what, size_t body) noexcept {
  return (what.exchange != 0 ? 9 : 0) + varint_size(kind_tag(what))
         + varint_size(body) + body;
}

} // namespace

uint8_t* batch_encoder::reserve(size_t bytes) {
  if (!block_ || block_.use_count() > 1 || capacity_ < bytes
      || capacity_ > max_kept_block) {
    capacity_ = std::max<size_t>(bytes, 4096);
    block_ = std::make_shared_for_overwrite<char[]>(capacity_);
  }
  return reinterpret_cast<uint8_t*>(block_.get());
}

const std::vector<slice>& batch_encoder::encode(const frame_batch& frames) {
  parts_.clear();
  body_sizes_.clear();
  size_ = 0;
  size_t shared = 0;
  for (const auto& what : frames) {
    sizer count{kind_of(what)};
    std::visit(body_visitor<sizer>{count}, what.body);
    body_sizes_.push_back(count.total);
    shared += count.shared;
    const auto size = frame_size(what, count.total);
    size_ += 1 + varint_size(size) + size;
  }
  writer out{block_, reserve(size_ - shared), parts_};
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto& what = frames[i];
    out.byte(batch_frames_tag);
    out.raw_varint(frame_size(what, body_sizes_[i]));
    if (what.exchange != 0) {
      out.byte(frame_exchange_tag);
      out.raw_fixed64(what.exchange);
    }
    out.raw_varint(kind_tag(what));
    out.raw_varint(body_sizes_[i]);
    out.begin(kind_of(what));
    std::visit(body_visitor<writer>{out}, what.body);
  }
  out.cut();
  return parts_;
}

} // namespace aps
