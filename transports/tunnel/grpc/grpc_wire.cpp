#include "transports/tunnel/grpc/grpc_wire.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace aps {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

int hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  const auto lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::array<char, grpc_prefix_bytes> grpc_prefix(size_t bytes) noexcept {
  return {0, static_cast<char>(bytes >> 24), static_cast<char>(bytes >> 16),
          static_cast<char>(bytes >> 8), static_cast<char>(bytes)};
}

std::string encode_grpc_message(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += hex_digits[byte >> 4];
      out += hex_digits[byte & 0xf];
    }
  }
  return out;
}

std::string decode_grpc_message(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size()
                       ? hex_value(text[i + 1])
                       : -1;
    const int low = high < 0 ? -1 : hex_value(text[i + 2]);
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

std::optional<int> parse_grpc_status(std::string_view text) noexcept {
  int out = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc{} || stop != end || out < 0)
    return std::nullopt;
  return out;
}

grpc_reader::fault grpc_reader::begin() {
  if (prefix_[0] != 0)
    return fault::compressed;
  size_ = 0;
  for (size_t i = 1; i < grpc_prefix_bytes; ++i)
    size_ = size_ << 8 | prefix_[i];
  filled_ = 0;
  return size_ > most_ ? fault::too_large : fault::none;
}

grpc_reader::fault grpc_reader::read(slice& from, size_t retained,
                                     std::optional<message>& out) {
  out.reset();
  if (have_ < grpc_prefix_bytes) {
    const auto n = std::min(grpc_prefix_bytes - have_, from.size());
    std::memcpy(prefix_.data() + have_, from.data(), n);
    have_ += n;
    from = from.sub(n);
    if (have_ < grpc_prefix_bytes)
      return fault::none;
    if (const auto found = begin(); found != fault::none)
      return found;
  }
  if (!block_ && from.size() >= size_) {
    out = message{from.sub(0, size_), retained};
    from = from.sub(size_);
    have_ = 0;
    return fault::none;
  }
  if (!block_)
    block_ = std::make_shared_for_overwrite<char[]>(size_);
  const auto n = std::min(size_ - filled_, from.size());
  std::memcpy(block_.get() + filled_, from.data(), n);
  filled_ += n;
  from = from.sub(n);
  if (filled_ == size_) {
    const std::string_view whole{block_.get(), size_};
    out = message{{std::move(block_), whole}, size_};
    block_ = nullptr;
    have_ = 0;
  }
  return fault::none;
}

} // namespace aps
