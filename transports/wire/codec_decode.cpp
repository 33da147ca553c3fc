#include "transports/wire/codec.hpp"

#include "transports/wire/wire_fields.hpp"
#include "transports/wire/wire_limits.hpp"

#include <algorithm>
#include <cstring>

namespace aps {

namespace {

/// Most heads have no more header fields.
constexpr size_t usual_head_fields = 16;

/// What the readers of one message share.
struct context {
  const slice& message;
  size_t retained;
  size_t headers = 0;    ///< of all heads
  size_t head_bytes = 0; ///< names and values of the current head
  codec_fault fault;

  bool ok() const noexcept { return fault == codec_error::none; }

  bool refuse(const wire::field_limit& field, uint64_t amount) noexcept {
    fault = {codec_error::too_large, &field, amount};
    return false;
  }
};

/// Walks over the fields of one message. `next` takes a whole field, so that
/// what nobody asks for is skipped, and holds it against the table of limits.
/// Never reads outside its range.
class reader {
 public:
  static constexpr bool reading = true;

  /// `message` as in the table; `wire::messages` = none of its messages.
  reader(std::string_view bytes, context& all, size_t message)
      : at_(reinterpret_cast<const uint8_t*>(bytes.data())),
        end_(at_ + bytes.size()), all_(all), message_(message) {}

  /// Takes the next field. False at the end and after an error.
  bool next() {
    if (at_ == end_ || !all_.ok())
      return false;
    uint64_t tag = 0;
    if (!take_varint(tag) || tag > UINT32_MAX || tag < 8)
      return fail();
    field_ = static_cast<int>(tag >> 3);
    type_ = static_cast<uint8_t>(tag & 7);
    limit_ = wire::limit_of(message_, static_cast<size_t>(field_));
    switch (type_) {
      case wire::varint:
        return take_varint(value_) ? keep_to_limit(value_) : fail();
      case wire::fixed64:
        return take_fixed(8) || fail();
      case wire::fixed32:
        return take_fixed(4) || fail();
      case wire::bytes:
        return take_bytes() ? keep_to_limit() : fail();
      default:
        return fail(); // groups are no part of proto3
    }
  }

  int field() const noexcept { return field_; }
  uint8_t type() const noexcept { return type_; }
  uint64_t value() const noexcept { return value_; }
  std::string_view bytes() const noexcept { return bytes_; }

  template <class T>
  void number(int field, T& to) {
    if (is(field, wire::varint))
      assign(to, value_);
  }

  void maybe(int field, std::optional<uint64_t>& to) {
    if (is(field, wire::varint))
      to = value_;
  }

  void text(int field, std::string& to) {
    if (!is(field, wire::bytes))
      return;
    if (limit_->beyond == wire::excess::show)
      to = foreign_text(bytes_, limit_->most);
    else
      to = std::string{bytes_};
  }

  void text(int field, session_id& to) {
    if (!is(field, wire::bytes))
      return;
    if (bytes_.size() != to.size())
      fail();
    else
      std::memcpy(to.data(), bytes_.data(), to.size());
  }

  void payload(int field, slice& to) {
    if (!is(field, wire::bytes))
      return;
    const auto offset = bytes_.data() - all_.message.data();
    to = worth_sharing() ? all_.message.sub(static_cast<size_t>(offset),
                                            bytes_.size())
                         : slice::copy(bytes_);
  }

  void headers(int field, header_list& to) {
    if (!is(field, wire::bytes))
      return;
    if (to.size() == wire::head_fields.most)
      return static_cast<void>(all_.refuse(wire::head_fields, to.size() + 1));
    if (++all_.headers > wire::batch_headers.most)
      return static_cast<void>(
        all_.refuse(wire::batch_headers, all_.headers));
    if (to.empty()) {
      to.reserve(usual_head_fields);
      all_.head_bytes = 0;
    }
    auto& item = to.emplace_back();
    reader inner{bytes_, all_, wire::header_message};
    while (inner.next())
      wire::fields(inner, item);
    all_.head_bytes += item.name.size() + item.value.size();
    if (all_.head_bytes > wire::head_bytes.most)
      all_.refuse(wire::head_bytes, all_.head_bytes);
  }

 private:
  bool is(int field, wire::wire_type type) const noexcept {
    return field_ == field && type_ == type;
  }

  bool fail() {
    all_.fault = {codec_error::malformed};
    return false;
  }

  bool keep_to_limit(uint64_t& value) {
    if (!limit_ || value <= limit_->most)
      return true;
    if (limit_->beyond == wire::excess::refuse)
      return all_.refuse(*limit_, value);
    value = limit_->most;
    return true;
  }

  bool keep_to_limit() {
    if (!limit_ || bytes_.size() <= limit_->most)
      return true;
    if (limit_->beyond == wire::excess::refuse)
      return all_.refuse(*limit_, bytes_.size());
    if (limit_->beyond == wire::excess::cut)
      bytes_ = bytes_.substr(0, limit_->most);
    return true;
  }

  bool take_varint(uint64_t& to) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && at_ != end_; shift += 7) {
      const uint8_t byte = *at_++;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        to = value;
        return true;
      }
    }
    return false;
  }

  bool take_fixed(size_t size) {
    if (static_cast<size_t>(end_ - at_) < size)
      return false;
    value_ = 0;
    for (size_t i = 0; i < size; ++i)
      value_ |= static_cast<uint64_t>(at_[i]) << (8 * i);
    at_ += size;
    return true;
  }

  bool take_bytes() {
    uint64_t size = 0;
    if (!take_varint(size) || size > static_cast<size_t>(end_ - at_))
      return false;
    bytes_ = {reinterpret_cast<const char*>(at_), static_cast<size_t>(size)};
    at_ += size;
    return true;
  }

  /// A slice keeps the whole buffer, and whoever stalls keeps the slice.
  bool worth_sharing() const noexcept {
    const auto size = bytes_.size();
    return all_.message.owner() && size >= 512
           && size >= all_.retained / max_kept_per_byte;
  }

  static void assign(uint64_t& to, uint64_t value) { to = value; }
  static void assign(bool& to, uint64_t value) { to = value != 0; }

  static void assign(uint32_t& to, uint64_t value) {
    to = static_cast<uint32_t>(value);
  }

  // Numbers that we do not know become 0, which `valid` judges, or the
  // member that stands for "anything else".
  static void assign(uint16_t& to, uint64_t value) {
    to = value <= 999 ? static_cast<uint16_t>(value) : 0;
  }

  static void assign(transport_kind& to, uint64_t value) {
    to = static_cast<transport_kind>(value <= transport_kinds ? value : 0);
  }

  static void assign(origin_protocol& to, uint64_t value) {
    to = static_cast<origin_protocol>(value); // within its limit
  }

  static void assign(proxy_version& to, uint64_t value) {
    to = static_cast<proxy_version>(value); // likewise
  }

  static void assign(refusal& to, uint64_t value) {
    to = value >= 1 && value <= static_cast<uint64_t>(last_refusal)
           ? static_cast<refusal>(value)
           : refusal::malformed;
  }

  static void assign(outcome& to, uint64_t value) {
    to = value > 255 ? outcome::internal
                     : outcome_from(static_cast<uint32_t>(value));
  }

  const uint8_t* at_;
  const uint8_t* end_;
  context& all_;
  const size_t message_;
  const wire::field_limit* limit_ = nullptr; ///< of the current field
  int field_ = 0;
  uint8_t type_ = 0;
  uint64_t value_ = 0;
  std::string_view bytes_;
};

/// Gives all fields the value that absence means on the wire.
struct zeroer {
  static constexpr bool reading = true;

  template <class T>
  void number(int, T& to) {
    to = static_cast<T>(0);
  }

  template <class T>
  void text(int, T& to) {
    to = {};
  }

  void maybe(int, std::optional<uint64_t>&) {}
  void payload(int, slice&) {}
  void headers(int, header_list&) {}
};

enum class verdict : uint8_t { take, skip, refuse };

template <class T>
verdict judge(const T&) {
  return verdict::take;
}

verdict judge(const response_head& head) {
  return head.status >= 100 ? verdict::take : verdict::refuse;
}

verdict judge(const open_connections_frame& body) {
  return static_cast<uint8_t>(body.transport) != 0 ? verdict::take
                                                   : verdict::skip;
}

/// Reads a body whose head stands behind a pointer.
template <class T, class Head>
verdict read_head(reader& in, T& body) {
  auto head = std::make_shared<Head>();
  zeroer zero;
  wire::fields(zero, body, *head);
  while (in.next())
    wire::fields(in, body, *head);
  const auto result = judge(*head);
  body.head = std::move(head);
  return result;
}

template <class T>
verdict read_body(reader in, frame::kind& to) {
  auto& body = to.emplace<T>();
  if constexpr (std::is_same_v<T, request_frame>) {
    return read_head<T, request_head>(in, body);
  } else if constexpr (std::is_same_v<T, response_frame>) {
    return read_head<T, response_head>(in, body);
  } else {
    zeroer zero;
    wire::fields(zero, body);
    while (in.next())
      wire::fields(in, body);
    return judge(body);
  }
}

using body_reader = verdict (*)(reader, frame::kind&);

/// Readers of the kinds by their number inside Frame; null = not known.
constexpr auto make_body_readers() {
  std::array<body_reader, wire::sum_of> result{};
  auto fill = [&]<size_t... I>(std::index_sequence<I...>) {
    ((result[wire::kind_numbers[I]]
      = &read_body<std::variant_alternative_t<I, frame::kind>>),
     ...);
  };
  fill(std::make_index_sequence<std::variant_size_v<frame::kind>>{});
  return result;
}

constexpr auto body_readers = make_body_readers();
static_assert(body_readers.size() == wire::sum_of);

/// Appends the frame unless it is of no known kind.
void read_frame(std::string_view bytes, context& all, frame_batch& out) {
  auto& frame = out.emplace_back();
  auto result = verdict::skip;
  reader in{bytes, all, wire::frame_message};
  while (in.next()) {
    const auto field = static_cast<size_t>(in.field());
    if (field == 1 && in.type() == wire::fixed64)
      frame.exchange = in.value();
    else if (in.type() == wire::bytes && field < body_readers.size()
             && body_readers[field])
      result = body_readers[field](reader{in.bytes(), all, field}, frame.body);
  }
  if (result == verdict::refuse && all.ok())
    all.fault = {codec_error::malformed};
  if (result != verdict::take)
    out.pop_back();
}

bool is_frame(const reader& in) noexcept {
  return in.field() == 1 && in.type() == wire::bytes;
}

} // namespace

std::string render(const codec_fault& fault) {
  switch (fault.error) {
    case codec_error::none:
      return "no error";
    case codec_error::malformed:
      return "the peer sent a malformed message";
    case codec_error::too_large:
      return "the peer sent " + std::to_string(fault.amount) + " as "
             + std::string{fault.field->name} + ", the most is "
             + std::to_string(fault.field->most);
  }
  return "unknown error";
}

std::string_view field_of(const codec_fault& fault) noexcept {
  return fault.field ? fault.field->name : std::string_view{};
}

codec_fault decode(const slice& message, size_t retained, frame_batch& out) {
  context all{message, retained, 0, 0, {}};
  size_t count = 0;
  for (reader in{message.view(), all, wire::messages}; in.next();)
    count += is_frame(in) ? 1 : 0;
  if (all.ok() && count > wire::batch_frames.most)
    all.refuse(wire::batch_frames, count);
  if (!all.ok())
    return all.fault;
  out.reserve(out.size() + count);
  for (reader in{message.view(), all, wire::messages}; in.next();)
    if (is_frame(in))
      read_frame(in.bytes(), all, out);
  return all.fault;
}

} // namespace aps
