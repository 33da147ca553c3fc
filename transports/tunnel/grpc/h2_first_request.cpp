#include "transports/tunnel/grpc/h2_first_request.hpp"

#include "transports/net/first_bytes.hpp"
#include "transports/tunnel/grpc/h2_frame_type.hpp"

#include <optional>
#include <string>

namespace aps {

namespace {

using namespace std::string_view_literals;

// The method's path and the name of its field, plain and in Huffman's code.
constexpr auto tunnel_path_plain = "/aps.tunnel.v1.Tunnel/Connect"sv;
constexpr auto tunnel_path_coded
  = "\x60\x75\xa1\x74\xdb\x55\x45\xa1\x7e\xe1\x5f\x7d\xb5\x54\x5a\x18\xbc"
    "\x7a\xaa\x29\x13"sv;
constexpr auto path_name_plain = ":path"sv;
constexpr auto path_name_coded = "\xb9\x58\xd3\x3f"sv;

constexpr uint8_t end_headers = 0x4;
constexpr uint8_t padded = 0x8;
constexpr uint8_t with_priority = 0x20;

// RFC 7541, appendix A.
constexpr uint64_t post_index = 3;
constexpr uint64_t first_path_index = 4;
constexpr uint64_t last_path_index = 5;

/// Takes a header block apart into its fields (RFC 7541, 6), without knowing
/// what most of them say.
class block_reader {
 public:
  explicit block_reader(std::string_view block) : rest_(block) {}

  h2_request read() {
    while (!rest_.empty())
      if (!field())
        return h2_request::malformed;
    return post_ && path_ ? h2_request::tunnel : h2_request::other;
  }

 private:
  struct text {
    std::string_view bytes;
    bool coded = false;
    bool operator==(const text&) const = default;
  };

  bool field() {
    const auto first = static_cast<uint8_t>(rest_.front());
    if ((first & 0x80) != 0) { // indexed
      const auto index = integer(7);
      post_ = post_ || index == post_index;
      return index && *index != 0;
    }
    if ((first & 0xe0) == 0x20) // size of the dynamic table
      return integer(5).has_value();
    const auto index = integer((first & 0x40) != 0 ? 6 : 4);
    if (!index)
      return false;
    auto is_path = *index >= first_path_index && *index <= last_path_index;
    if (*index == 0) {
      const auto name = string();
      if (!name)
        return false;
      is_path = *name == text{path_name_plain, false}
                || *name == text{path_name_coded, true};
    }
    const auto value = string();
    if (!value)
      return false;
    if (is_path)
      path_ = *value == text{tunnel_path_plain, false}
              || *value == text{tunnel_path_coded, true};
    return true;
  }

  /// RFC 7541, 5.1; nothing above 28 bits makes sense here.
  std::optional<uint64_t> integer(unsigned prefix) {
    const auto mask = (1u << prefix) - 1;
    uint64_t value = static_cast<uint8_t>(rest_.front()) & mask;
    rest_.remove_prefix(1);
    if (value < mask)
      return value;
    for (unsigned shift = 0; shift <= 21; shift += 7) {
      if (rest_.empty())
        return std::nullopt;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value += uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0)
        return value;
    }
    return std::nullopt;
  }

  /// RFC 7541, 5.2.
  std::optional<text> string() {
    if (rest_.empty())
      return std::nullopt;
    const auto coded = (static_cast<uint8_t>(rest_.front()) & 0x80) != 0;
    const auto size = integer(7);
    if (!size || *size > rest_.size())
      return std::nullopt;
    const text out{rest_.substr(0, *size), coded};
    rest_.remove_prefix(*size);
    return out;
  }

  std::string_view rest_;
  bool post_ = false;
  bool path_ = false;
};

struct h2_frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  std::string_view payload;
};

/// The next whole frame, or nothing.
std::optional<h2_frame> take_frame(std::string_view& bytes) {
  constexpr size_t head = 9;
  if (bytes.size() < head)
    return std::nullopt;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const auto size = size_t{at(0)} << 16 | size_t{at(1)} << 8 | at(2);
  if (bytes.size() - head < size)
    return std::nullopt;
  const h2_frame out{at(3), at(4), bytes.substr(head, size)};
  bytes.remove_prefix(head + size);
  return out;
}

/// Takes padding and priority off the payload of HEADERS.
bool strip(h2_frame& h2_frame) {
  auto& payload = h2_frame.payload;
  size_t padding = 0;
  if ((h2_frame.flags & padded) != 0) {
    if (payload.empty())
      return false;
    padding = static_cast<uint8_t>(payload.front());
    payload.remove_prefix(1);
  }
  const size_t front = (h2_frame.flags & with_priority) != 0 ? 5 : 0;
  if (payload.size() < front + padding)
    return false;
  payload = payload.substr(front, payload.size() - front - padding);
  return true;
}

bool may_come_first(uint8_t type) {
  using namespace h2_frame_type;
  return type == settings || type == window_update || type == ping
         || type == priority || type > continuation;
}

} // namespace

h2_request first_h2_request(std::string_view bytes) noexcept {
  if (bytes.size() < h2_preface.size())
    return h2_request::incomplete;
  bytes.remove_prefix(h2_preface.size());
  std::string block;
  bool begun = false;
  while (auto next = take_frame(bytes)) {
    if (!begun && next->type == h2_frame_type::headers) {
      if (!strip(*next))
        return h2_request::malformed;
      begun = true;
    } else if (begun ? next->type != h2_frame_type::continuation
                     : !may_come_first(next->type)) {
      return h2_request::malformed;
    }
    if (!begun)
      continue;
    block += next->payload;
    if ((next->flags & end_headers) != 0)
      return block_reader{block}.read();
  }
  return h2_request::incomplete;
}

} // namespace aps
