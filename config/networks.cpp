#include "config/networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace aps::config {

namespace {

constexpr address_bytes mapped_v4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct ip_address {
  address_bytes value{};
  bool v4 = false;
};

std::optional<ip_address> parse_ip(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1] = {};
  // An embedded zero would end the text early.
  if (text.size() >= sizeof buffer || text.find('\0') != text.npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), buffer);
  ip_address result;
  if (text.find(':') != text.npos)
    return inet_pton(AF_INET6, buffer, result.value.data()) == 1
             ? std::optional{result}
             : std::nullopt;
  if (inet_pton(AF_INET, buffer, result.value.data() + 12) != 1)
    return std::nullopt;
  result.value[10] = result.value[11] = 0xff;
  result.v4 = true;
  return result;
}

bool same_bits(const address_bytes& x, const address_bytes& y,
               unsigned bits) noexcept {
  const auto whole = bits / 8;
  if (!std::equal(x.begin(), x.begin() + whole, y.begin()))
    return false;
  const auto rest = bits % 8;
  const auto mask = static_cast<uint8_t>(0xff00 >> rest);
  return rest == 0 || (x[whole] & mask) == (y[whole] & mask);
}

bool ends_with_zeros(const address_bytes& value, unsigned bits) {
  for (auto i = bits; i < 128; ++i)
    if (value[i / 8] & (0x80 >> (i % 8)))
      return false;
  return true;
}

} // namespace

std::optional<address_bytes> parse_address(std::string_view text) {
  const auto ip = parse_ip(text);
  return ip ? std::optional{ip->value} : std::nullopt;
}

bool is_mapped_v4(const address_bytes& address) noexcept {
  return same_bits(address, mapped_v4, 96);
}

bool network::contains(const address_bytes& other) const noexcept {
  return same_bits(other, address, bits)
         && (is_mapped_v4(address) || !is_mapped_v4(other));
}

std::optional<network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = parse_ip(text.substr(0, slash));
  if (!ip)
    return std::nullopt;
  network result{ip->value, 128};
  if (slash == text.npos)
    return result;
  const auto length = text.substr(slash + 1);
  const auto* end = length.data() + length.size();
  const auto [at, error] = std::from_chars(length.data(), end, result.bits);
  if (error != std::errc{} || at != end || length.size() > 3
      || result.bits > (ip->v4 ? 32u : 128u))
    return std::nullopt;
  if (ip->v4)
    result.bits += 96;
  if (!ends_with_zeros(result.address, result.bits))
    return std::nullopt;
  return result;
}

std::string canonical_ip(std::string_view text) {
  const auto ip = parse_ip(text);
  if (!ip)
    return {};
  char buffer[INET6_ADDRSTRLEN] = {};
  const bool mapped = is_mapped_v4(ip->value);
  inet_ntop(mapped ? AF_INET : AF_INET6, ip->value.data() + (mapped ? 12 : 0),
            buffer, sizeof buffer);
  return buffer;
}

network_set::network_set(const std::vector<std::string>& blocks) {
  for (const auto& text : blocks)
    if (const auto block = parse_network(text))
      blocks_.push_back(*block);
}

bool network_set::contains(std::string_view ip) const {
  if (blocks_.empty())
    return false;
  const auto parsed = parse_ip(ip);
  return parsed && contains(parsed->value);
}

bool network_set::contains(const address_bytes& ip) const noexcept {
  return std::any_of(blocks_.begin(), blocks_.end(),
                     [&](const auto& block) { return block.contains(ip); });
}

bool is_private_ip(std::string_view ip) {
  static const network_set all{
    {"127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
     "169.254.0.0/16", "fe80::/10", "fc00::/7", "100.64.0.0/10"}};
  return all.contains(ip);
}

} // namespace aps::config
