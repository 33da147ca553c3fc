#include "transports/net/proxy/proxy_header.hpp"

#include "transports/net/sockets/sockets.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace aps {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using tcp = boost::asio::ip::tcp;

constexpr std::string_view v1_begin = "PROXY ";
constexpr std::string_view line_end = "\r\n";
constexpr size_t max_v1 = 107; // section 2.1, its end included

constexpr std::string_view v2_begin{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t v2_head = 16;
constexpr uint8_t v2_local = 0x20;
constexpr uint8_t v2_proxy = 0x21;

// Families and protocols of version 2.
constexpr uint8_t unspecified = 0x00;
constexpr uint8_t tcp_over_v4 = 0x11;
constexpr uint8_t tcp_over_v6 = 0x21;
constexpr uint8_t unix_stream = 0x31;

constexpr size_t unix_ends = 216;

proxy_greeting malformed(std::string_view why) {
  return {.problem = why};
}

// -- version 1 ----------------------------------------------------------------

// Digits as they are written by one who counts, and no others.
std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || at != end
      || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  return port;
}

// Exactly one word up to the next blank, or what is left.
std::string_view take_word(std::string_view& rest) {
  const auto end = std::min(rest.find(' '), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

template <class Address>
std::optional<address> read_address(std::string_view text) {
  // Longer ones, zones and bytes of zero are none.
  if (text.size() > 45 || text.find('%') != text.npos
      || text.find('\0') != text.npos)
    return std::nullopt;
  boost::system::error_code error;
  if constexpr (std::is_same_v<Address, address_v4>) {
    const auto found
      = boost::asio::ip::make_address_v4(std::string{text}, error);
    return error ? std::nullopt : std::optional<address>{found};
  } else {
    const auto found
      = boost::asio::ip::make_address_v6(std::string{text}, error);
    return error ? std::nullopt : std::optional<address>{found};
  }
}

template <class Address>
proxy_greeting read_v1_ends(std::string_view rest, size_t size) {
  // Four words with one blank between them.
  if (std::count(rest.begin(), rest.end(), ' ') != 3)
    return malformed("a line of version 1 with another number of words");
  const auto source = read_address<Address>(take_word(rest));
  const auto destination = read_address<Address>(take_word(rest));
  const auto source_port = read_port(take_word(rest));
  const auto destination_port = read_port(rest);
  if (!source || !destination)
    return malformed("an address that is none of its family");
  if (!source_port || !destination_port)
    return malformed("a port that is none");
  return {size,
          proxied_ends{without_mapping({*source, *source_port}),
                       without_mapping({*destination, *destination_port})}};
}

proxy_greeting read_v1(std::string_view bytes) {
  const auto end = bytes.substr(0, max_v1).find('\n');
  if (end == bytes.npos)
    return bytes.size() < max_v1
             ? proxy_greeting{}
             : malformed("a line of version 1 without an end");
  if (bytes[end - 1] != '\r')
    return malformed("a line of version 1 that ends with a line feed alone");
  const auto size = end + 1;
  auto rest
    = bytes.substr(v1_begin.size(), size - v1_begin.size() - line_end.size());
  if (rest.find('\r') != rest.npos)
    return malformed("a line of version 1 with a carriage return in it");
  const auto family = take_word(rest);
  if (family == "UNKNOWN")
    return {size, std::nullopt};
  if (family == "TCP4")
    return read_v1_ends<address_v4>(rest, size);
  if (family == "TCP6")
    return read_v1_ends<address_v6>(rest, size);
  return malformed("neither TCP4, TCP6 nor UNKNOWN");
}

// -- version 2 ----------------------------------------------------------------

uint8_t byte_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8
                               | byte_at(bytes, at + 1));
}

template <class Address>
address address_at(std::string_view bytes, size_t at) {
  typename Address::bytes_type raw;
  std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), raw.size(),
              raw.begin());
  return Address{raw};
}

// Type, length, value, and again (section 2.2.1).
bool are_whole_tlvs(std::string_view bytes) {
  while (bytes.size() >= 3) {
    const size_t size = 3u + number_at(bytes, 1);
    if (size > bytes.size())
      return false;
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

template <class Address>
proxied_ends ends_at(std::string_view block) {
  constexpr auto size = sizeof(typename Address::bytes_type);
  return {without_mapping(
            {address_at<Address>(block, 0), number_at(block, 2 * size)}),
          without_mapping({address_at<Address>(block, size),
                           number_at(block, 2 * size + 2)})};
}

proxy_greeting read_v2_block(std::string_view block, uint8_t command,
                             uint8_t family, size_t size) {
  size_t ends = 0;
  switch (family) {
    case unspecified: break;
    case tcp_over_v4: ends = 12; break;
    case tcp_over_v6: ends = 36; break;
    case unix_stream: ends = unix_ends; break;
    default:
      // Whoever asks for itself may say nothing that holds (section 2.2).
      if (command == v2_local)
        return {size, std::nullopt};
      return malformed("a family or protocol that is no stream of ours");
  }
  if (command == v2_local)
    return {size, std::nullopt};
  if (block.size() < ends)
    return malformed("a block that is too short for its addresses");
  if (family != unspecified && !are_whole_tlvs(block.substr(ends)))
    return malformed("TLVs that are not whole");
  if (family == tcp_over_v4)
    return {size, ends_at<address_v4>(block)};
  if (family == tcp_over_v6)
    return {size, ends_at<address_v6>(block)};
  return {size, std::nullopt};
}

proxy_greeting read_v2(std::string_view bytes) {
  if (bytes.size() < v2_begin.size() + 1)
    return {};
  const auto command = byte_at(bytes, 12);
  if (command >> 4 != 2)
    return malformed("another version than 1 and 2");
  if (command != v2_local && command != v2_proxy)
    return malformed("neither LOCAL nor PROXY");
  if (bytes.size() < v2_head)
    return {};
  const size_t length = number_at(bytes, 14);
  if (v2_head + length > max_proxy_header)
    return malformed("a header of more than 4096 bytes");
  if (bytes.size() < v2_head + length)
    return {};
  return read_v2_block(bytes.substr(v2_head, length), command,
                       byte_at(bytes, 13), v2_head + length);
}

// -- writing ------------------------------------------------------------------

address_v6 as_v6(const address& from) {
  return from.is_v6() ? from.to_v6()
                      : boost::asio::ip::make_address_v6(
                        boost::asio::ip::v4_mapped, from.to_v4());
}

bool are_v4(const proxied_ends& ends) {
  return ends.source.address().is_v4() && ends.destination.address().is_v4();
}

// Without a zone, which means nothing elsewhere.
std::string shown_address(const address& from, bool v4) {
  return v4 ? from.to_string() : address_v6{as_v6(from).to_bytes()}.to_string();
}

// ip:port, or [ip]:port of IPv6.
std::optional<tcp::endpoint> read_end(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos)
    return std::nullopt;
  const auto port = read_port(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  const auto brackets
    = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets)
    host = host.substr(1, host.size() - 2);
  const auto ip = brackets ? read_address<address_v6>(host)
                           : read_address<address_v4>(host);
  if (!port || !ip)
    return std::nullopt;
  return without_mapping({*ip, *port});
}

void append_number(std::string& to, uint16_t number) {
  to += static_cast<char>(number >> 8);
  to += static_cast<char>(number & 0xff);
}

template <class Bytes>
void append_bytes(std::string& to, const Bytes& bytes) {
  to.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

bool agrees(std::string_view bytes, std::string_view begin) {
  const auto size = std::min(bytes.size(), begin.size());
  return bytes.substr(0, size) == begin.substr(0, size);
}

} // namespace

proxy_greeting read_proxy_header(std::string_view bytes) {
  if (agrees(bytes, v1_begin))
    return bytes.size() < v1_begin.size() ? proxy_greeting{} : read_v1(bytes);
  if (agrees(bytes, v2_begin))
    return read_v2(bytes);
  return malformed("no PROXY header");
}

std::string to_text(const proxied_ends& ends) {
  return to_string(ends.source) + " " + to_string(ends.destination);
}

std::optional<proxied_ends> parse_proxied_ends(std::string_view text) {
  const auto source = read_end(take_word(text));
  const auto destination = read_end(text);
  if (!source || !destination)
    return std::nullopt;
  return proxied_ends{*source, *destination};
}

std::string proxy_header_v1(const std::optional<proxied_ends>& ends) {
  if (!ends)
    return "PROXY UNKNOWN\r\n";
  const auto v4 = are_v4(*ends);
  return std::string{v4 ? "PROXY TCP4 " : "PROXY TCP6 "}
         + shown_address(ends->source.address(), v4) + " "
         + shown_address(ends->destination.address(), v4) + " "
         + std::to_string(ends->source.port()) + " "
         + std::to_string(ends->destination.port()) + std::string{line_end};
}

std::string proxy_header_v2(const std::optional<proxied_ends>& ends) {
  std::string out{v2_begin};
  if (!ends) {
    out += static_cast<char>(v2_local);
    out += static_cast<char>(unspecified);
    append_number(out, 0);
    return out;
  }
  const auto v4 = are_v4(*ends);
  out += static_cast<char>(v2_proxy);
  out += static_cast<char>(v4 ? tcp_over_v4 : tcp_over_v6);
  append_number(out, v4 ? 12 : 36);
  for (const auto& end : {ends->source, ends->destination})
    if (v4)
      append_bytes(out, end.address().to_v4().to_bytes());
    else
      append_bytes(out, as_v6(end.address()).to_bytes());
  append_number(out, ends->source.port());
  append_number(out, ends->destination.port());
  return out;
}

} // namespace aps
