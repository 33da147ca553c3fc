#include "transports/wire/codec.hpp"

#include "transports/wire/wire_fields.hpp"
#include "transports/wire/wire_limits.hpp"

#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace aps {

namespace {

/// Payloads of at least this size are shared, smaller ones copied.
constexpr size_t min_shared_payload = 1024;

/// Blocks have at least this size: most messages of a connection at rest fit.
constexpr size_t least_block = 512;

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

std::string_view cut(std::string_view text, uint64_t most) noexcept {
  auto end = static_cast<size_t>(most);
  // Not inside a character: these texts are UTF-8.
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end);
}

/// A value as the receiver takes it. What it would refuse has to be stopped
/// before: heads by `head_excess`, names by the configuration. Inlined, so
/// that the row of the table is known when this is compiled.
[[gnu::always_inline]] inline uint64_t limited(size_t message, int field,
                                               uint64_t value) noexcept {
  const auto& limit = *wire::limit_of(message, static_cast<size_t>(field));
  assert(value <= limit.most || limit.beyond != wire::excess::refuse);
  return std::min(value, limit.most);
}

[[gnu::always_inline]] inline std::string_view
limited(size_t message, int field, std::string_view text) noexcept {
  const auto& limit = *wire::limit_of(message, static_cast<size_t>(field));
  assert(text.size() <= limit.most || limit.beyond != wire::excess::refuse);
  return text.size() <= limit.most || limit.beyond == wire::excess::refuse
           ? text
           : cut(text, limit.most);
}

/// What is inside a frame, by the number that says which message it is.
template <class T, size_t I = 0>
constexpr size_t number_of() noexcept {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<I, frame::kind>>)
    return wire::kind_numbers[I];
  else
    return number_of<T, I + 1>();
}

/// Counts the bytes of the fields of `Message`. Field numbers are all below
/// 16, so each tag takes one byte.
template <size_t Message>
class sizer {
 public:
  static constexpr bool reading = false;

  template <class T>
  void number(int field, const T& value) {
    const auto wide = limited(Message, field, static_cast<uint64_t>(value));
    if (wide != 0)
      total += 1 + varint_size(wide);
  }

  void maybe(int field, const std::optional<uint64_t>& value) {
    if (value)
      total += 1 + varint_size(limited(Message, field, *value));
  }

  template <class T>
  void text(int field, const T& value) {
    add_bytes(limited(Message, field, as_bytes(value)).size());
  }

  void payload(int field, const slice& value) {
    add_bytes(limited(Message, field, value.view()).size());
    if (value.size() >= min_shared_payload)
      shared += value.size();
  }

  void headers(int, const header_list& list) {
    for (const auto& item : list) {
      sizer<wire::header_message> one;
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
};

/// A block that is large enough, and where a shared payload cuts it.
class output {
 public:
  output(const std::shared_ptr<char[]>& block, uint8_t* at,
         std::vector<slice>& parts)
      : block_(block), at_(at), start_(at), parts_(parts) {}

  void byte(uint8_t value) { *at_++ = value; }
  void varint(uint64_t value) { at_ = put_varint(at_, value); }

  void fixed64(uint64_t value) {
    for (int i = 0; i < 8; ++i)
      *at_++ = static_cast<uint8_t>(value >> (8 * i));
  }

  void tag(int field, wire::wire_type type) {
    byte(static_cast<uint8_t>(field << 3 | type));
  }

  void copy(int field, std::string_view value) {
    if (value.empty())
      return;
    tag(field, wire::bytes);
    varint(value.size());
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

  void share(int field, const slice& value) {
    tag(field, wire::bytes);
    varint(value.size());
    cut();
    parts_.push_back(value);
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
  const std::shared_ptr<char[]>& block_;
  uint8_t* at_;
  uint8_t* start_;
  std::vector<slice>& parts_;
};

/// Writes the fields of `Message`.
template <size_t Message>
class writer {
 public:
  static constexpr bool reading = false;

  explicit writer(output& to) : to_(to) {}

  template <class T>
  void number(int field, const T& value) {
    const auto wide = limited(Message, field, static_cast<uint64_t>(value));
    if (wide != 0) {
      to_.tag(field, wire::varint);
      to_.varint(wide);
    }
  }

  void maybe(int field, const std::optional<uint64_t>& value) {
    if (value) {
      to_.tag(field, wire::varint);
      to_.varint(limited(Message, field, *value));
    }
  }

  template <class T>
  void text(int field, const T& value) {
    to_.copy(field, limited(Message, field, as_bytes(value)));
  }

  void payload(int field, const slice& value) {
    if (value.size() < min_shared_payload)
      to_.copy(field, value.view());
    else
      to_.share(field, value);
  }

  void headers(int field, const header_list& list) {
    for (const auto& item : list) {
      sizer<wire::header_message> size;
      wire::fields(size, item);
      to_.tag(field, wire::bytes);
      to_.varint(size.total);
      writer<wire::header_message> inner{to_};
      wire::fields(inner, item);
    }
  }

 private:
  output& to_;
};

/// Visits the fields of what is inside a frame; heads stand behind a pointer.
template <class Codec, class T>
void visit_fields(Codec& codec, const T& body) {
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

struct body_size {
  size_t total = 0;
  size_t shared = 0; ///< the part of `total` that is not copied
};

body_size size_of(const frame::kind& body) {
  return std::visit(
    []<class T>(const T& object) -> body_size {
      sizer<number_of<T>()> count;
      visit_fields(count, object);
      return {count.total, count.shared};
    },
    body);
}

void write(output& to, const frame::kind& body) {
  std::visit(
    [&]<class T>(const T& object) {
      writer<number_of<T>()> fields{to};
      visit_fields(fields, object);
    },
    body);
}

size_t kind_of(const frame& frame) noexcept {
  return wire::kind_numbers[frame.body.index()];
}

size_t kind_tag(const frame& frame) noexcept {
  return kind_of(frame) << 3 | wire::bytes;
}

/// Bytes of a Frame message whose body takes `body` bytes.
size_t frame_size(const frame& frame, size_t body) noexcept {
  return (frame.exchange != 0 ? 9 : 0) + varint_size(kind_tag(frame))
         + varint_size(body) + body;
}

} // namespace

uint8_t* batch_encoder::reserve(size_t bytes) {
  if (!block_ || block_.use_count() > 1 || capacity_ < bytes
      || capacity_ > max_kept_block) {
    capacity_ = std::bit_ceil(std::max(bytes, least_block));
    block_ = std::make_shared_for_overwrite<char[]>(capacity_);
  }
  return reinterpret_cast<uint8_t*>(block_.get());
}

const std::vector<slice>& batch_encoder::encode(const frame_batch& frames) {
  parts_.clear();
  body_sizes_.clear();
  size_ = 0;
  size_t shared = 0;
  for (const auto& frame : frames) {
    const auto count = size_of(frame.body);
    body_sizes_.push_back(count.total);
    shared += count.shared;
    const auto size = frame_size(frame, count.total);
    size_ += 1 + varint_size(size) + size;
  }
  output out{block_, reserve(size_ - shared), parts_};
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto& frame = frames[i];
    out.byte(batch_frames_tag);
    out.varint(frame_size(frame, body_sizes_[i]));
    if (frame.exchange != 0) {
      out.byte(frame_exchange_tag);
      out.fixed64(frame.exchange);
    }
    out.varint(kind_tag(frame));
    out.varint(body_sizes_[i]);
    write(out, frame.body);
  }
  out.cut();
  return parts_;
}

} // namespace aps
