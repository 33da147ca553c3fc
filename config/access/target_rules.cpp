#include "config/access/target_rules.hpp"

#include "config/host.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace aps::config {

namespace {

network block_of(std::string_view text) {
  return parse_network(text).value();
}

// Of the link, which is where most clouds put their services for machines, and
// those of them that are elsewhere.
const std::vector<network>& guarded_blocks() {
  static const std::vector<network> all{
    block_of("169.254.0.0/16"),     // link-local (RFC 3927)
    block_of("fe80::/10"),          // link-local (RFC 4291, 2.5.6)
    block_of("100.100.100.200"),    // Alibaba Cloud
    block_of("fd00:100::100:200"),  // Alibaba Cloud
    block_of("168.63.129.16"),      // Azure, WireServer
    block_of("192.0.0.192"),        // Oracle Cloud Classic
    block_of("fd00:c1::a9fe:a9fe"), // Oracle Cloud
    block_of("fd00:ec2::/32"),      // AWS: metadata, pod identity, names, time
    block_of("fd20:ce::254"),       // Google Cloud
    block_of("fd00:42::42"),        // Scaleway
    block_of("fd00:a9fe:a9fe::1"),  // Akamai (Linode)
  };
  return all;
}

/// Where an IPv6 address has an IPv4 address in it that packets may end up at.
struct embedding {
  network prefix;
  std::array<size_t, 4> at; ///< the bytes of it
  uint8_t mask = 0;         ///< over each of them
};

const std::vector<embedding>& embeddings() {
  static const std::vector<embedding> all{
    {block_of("::/96"), {12, 13, 14, 15}},           // RFC 4291, 2.5.5.1
    {block_of("::ffff:0:0:0/96"), {12, 13, 14, 15}}, // RFC 2765, 2.1
    {block_of("64:ff9b::/96"), {12, 13, 14, 15}},    // NAT64 (RFC 6052)
    {block_of("64:ff9b:1::/48"), {6, 7, 9, 10}},     // RFC 8215, any length
    {block_of("64:ff9b:1::/48"), {7, 9, 10, 11}},
    {block_of("64:ff9b:1::/48"), {9, 10, 11, 12}},
    {block_of("64:ff9b:1::/48"), {12, 13, 14, 15}},
    {block_of("2002::/16"), {2, 3, 4, 5}}, // 6to4 (RFC 3056)
    {block_of("2001::/32"), {4, 5, 6, 7}}, // Teredo (RFC 4380), server
    {block_of("2001::/32"), {12, 13, 14, 15}, 0xff}, // and client
  };
  return all;
}

bool is_guarded_itself(const address_bytes& address) {
  const auto& all = guarded_blocks();
  return std::any_of(all.begin(), all.end(), [&](const network& block) {
    return block.contains(address);
  });
}

address_bytes embedded(const address_bytes& from,
                       const std::array<size_t, 4>& at, uint8_t mask) {
  address_bytes result{};
  result[10] = result[11] = 0xff;
  for (size_t i = 0; i < at.size(); ++i)
    result[12 + i] = from[at[i]] ^ mask;
  return result;
}

// The end of an interface identifier, under any prefix (RFC 5214, 6.1).
bool is_isatap(const address_bytes& address) {
  return (address[8] & ~2) == 0 && address[9] == 0 && address[10] == 0x5e
         && address[11] == 0xfe;
}

bool is_guarded(const address_bytes& address) {
  if (is_guarded_itself(address))
    return true;
  const auto& all = embeddings();
  return (is_isatap(address)
          && is_guarded_itself(embedded(address, {12, 13, 14, 15}, 0)))
         || std::any_of(all.begin(), all.end(), [&](const embedding& form) {
              return form.prefix.contains(address)
                     && is_guarded_itself(
                       embedded(address, form.at, form.mask));
            });
}

// Whoever connects to no address in particular reaches this machine.
address_bytes reached(const address_bytes& address) {
  static const auto none = parse_address("0.0.0.0").value();
  static const auto loopback = parse_address("127.0.0.1").value();
  static const auto loopback_v6 = parse_address("::1").value();
  if (address == none)
    return loopback;
  return address == address_bytes{} ? loopback_v6 : address;
}

// Whether nothing but guarded addresses is in it, or one address alone.
bool names_guarded(const network& block) {
  const auto& all = guarded_blocks();
  return block.bits == 128
         || std::any_of(all.begin(), all.end(), [&](const network& guard) {
              return block.bits >= guard.bits && guard.contains(block.address);
            });
}

// A name whose end is one is an address in some form, or nothing (WHATWG URL,
// "ends in a number").
bool ends_in_number(std::string_view name) {
  const auto label = name.substr(name.rfind('.') + 1);
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view hex = "0123456789abcdef";
  return label.find_first_not_of(digits) == label.npos
         || (label.starts_with("0x")
             && label.find_first_not_of(hex, 2) == label.npos);
}

// What patterns of names are held against; "" = nothing, as it is no name. A
// resolver may stop at bytes that no name has, so they make none.
std::string name_of(std::string_view host) {
  if (!is_dns_name(host))
    return {};
  auto name = canonical_host(host);
  return ends_in_number(name) ? std::string{} : name;
}

bool holds(const target_rule& rule, std::string_view name) {
  if (rule.name.empty())
    return true;
  return rule.below ? is_below(name, rule.name) : name == rule.name;
}

bool read_one_port(std::string_view text, uint16_t& to) {
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, to);
  return error == std::errc{} && at == end && to > 0;
}

bool read_ports(std::string_view text, target_rule& to) {
  const auto dash = text.find('-');
  if (!read_one_port(text.substr(0, dash), to.first_port))
    return false;
  to.last_port = to.first_port;
  return dash == text.npos
         || (read_one_port(text.substr(dash + 1), to.last_port)
             && to.first_port <= to.last_port);
}

// Parts of a pattern: what is in front of the ports, and these.
struct pattern_parts {
  std::string_view target;
  std::optional<std::string_view> ports;
  bool brackets = false;
};

std::optional<pattern_parts> split_pattern(std::string_view text) {
  if (!text.starts_with('[')) {
    const auto colon = text.find(':');
    if (colon == text.npos || text.find(':', colon + 1) != text.npos)
      return pattern_parts{text, {}, false};
    return pattern_parts{text.substr(0, colon), text.substr(colon + 1), false};
  }
  const auto close = text.find(']');
  if (close == text.npos)
    return std::nullopt;
  const auto rest = text.substr(close + 1);
  if (!rest.empty() && rest.front() != ':')
    return std::nullopt;
  pattern_parts parts{text.substr(1, close - 1), {}, true};
  if (!rest.empty())
    parts.ports = rest.substr(1);
  return parts;
}

constexpr std::string_view socket_start = "unix:";

// A path that leads elsewhere than it looks.
bool climbs(std::string_view path) {
  return path.find("/../") != path.npos || path.ends_with("/..");
}

} // namespace

std::optional<target_rule> parse_target_rule(std::string_view text,
                                             std::string& error) {
  target_rule rule;
  if (text.starts_with(socket_start)) {
    rule.socket = text.substr(socket_start.size());
    rule.below = rule.socket.ends_with('*');
    if (rule.below)
      rule.socket.pop_back();
    if (rule.socket.starts_with('/') && !climbs(rule.socket))
      return rule;
    error = "has no absolute path behind unix:";
    return std::nullopt;
  }
  const auto parts = split_pattern(text);
  if (parts && parts->ports && !read_ports(*parts->ports, rule)) {
    error = "has no port from 1 to 65535, or range of them (8000-8099), behind "
            "its colon";
    return std::nullopt;
  }
  const auto target = parts ? parts->target : std::string_view{};
  if (target == "*" && !parts->brackets)
    return rule;
  if (const auto block = parse_network(target);
      block
      && (!parts->brackets || !is_mapped_v4(block->address)
          || target.find(':') != target.npos)) {
    rule.block = block;
    if (block->bits == 128)
      rule.block->address = reached(block->address);
    return rule;
  }
  rule.below = target.starts_with("*.");
  rule.name = name_of(target.substr(rule.below ? 2 : 0));
  if (parts && !parts->brackets && !rule.name.empty())
    return rule;
  error
    = "is no name (app.test, or *.app.test for all below it), IP address or "
      "block of addresses (10.0.0.0/8), with :PORT or :FROM-TO if not all "
      "ports are meant, and brackets around IPv6 then";
  return std::nullopt;
}

target_rules::target_rules(const std::vector<std::string>& patterns) {
  for (const auto& text : patterns) {
    std::string error;
    const auto rule = parse_target_rule(text, error);
    if (!rule)
      throw std::runtime_error("\"" + text + "\" " + error);
    rules_.push_back(*rule);
  }
}

bool target_rules::allows(std::string_view host, std::string_view ip,
                          uint16_t port) const {
  if (host.starts_with(socket_start)) {
    const auto path = host.substr(socket_start.size());
    return !climbs(path)
           && std::any_of(rules_.begin(), rules_.end(), [&](const auto& rule) {
                return !rule.socket.empty()
                       && (rule.below ? path.starts_with(rule.socket)
                                      : path == rule.socket);
              });
  }
  const auto parsed = parse_address(ip);
  if (!parsed)
    return false;
  const auto address = reached(*parsed);
  const auto guarded = is_guarded(address);
  if (rules_.empty())
    return !guarded;
  const auto name = name_of(host);
  return std::any_of(rules_.begin(), rules_.end(), [&](const auto& rule) {
    return rule.socket.empty() && port >= rule.first_port
           && port <= rule.last_port
           && (rule.block ? rule.block->contains(address)
                              && (!guarded || names_guarded(*rule.block))
                          : !guarded && holds(rule, name));
  });
}

} // namespace aps::config
