#include "tools/agent/http_proxy.hpp"

#include "config/config.hpp"
#include "config/host.hpp"
#include "config/syntax/base64.hpp"

#include <algorithm>
#include <charconv>

namespace aps {

namespace {

constexpr std::string_view form = "[http://][USER:PASSWORD@]HOST[:PORT]";

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::optional<char> hex_byte(std::string_view digits) {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [at, failed] = std::from_chars(digits.data(), end, value, 16);
  if (digits.size() != 2 || failed != std::errc{} || at != end)
    return std::nullopt;
  return static_cast<char>(value);
}

// RFC 3986, 3.1.
bool is_scheme(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

// RFC 3986, 2.1; nothing for a "%" that encodes nothing.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = hex_byte(text.substr(std::min(i + 1, text.size()), 2));
    if (!byte)
      return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

// "user:password", as HTTP Basic has it (RFC 7617, 2); nothing when it cannot
// be said so.
std::optional<std::string> read_login(std::string_view info) {
  const auto colon = std::min(info.find(':'), info.size());
  const auto user = percent_decoded(info.substr(0, colon));
  const auto password
    = percent_decoded(info.substr(std::min(colon + 1, info.size())));
  if (!user || !password || user->empty() || user->find(':') != user->npos)
    return std::nullopt;
  auto out = *user + ':' + *password;
  if (std::any_of(out.begin(), out.end(), is_control))
    return std::nullopt;
  return out;
}

// RFC 7617, 2: with the padding, which passwords in files are without.
std::string basic(std::string_view login) {
  auto out = config::to_base64(login);
  out.append((4 - out.size() % 4) % 4, '=');
  return "Basic " + out;
}

} // namespace

std::optional<http_proxy> parse_http_proxy(std::string_view text,
                                           std::string& error) {
  auto mark = text.find("://");
  // Else it stands in a password.
  if (!is_scheme(text.substr(0, mark)))
    mark = text.npos;
  const auto scheme
    = config::lower_case(text.substr(0, mark == text.npos ? 0 : mark));
  auto rest = mark == text.npos ? text : text.substr(mark + 3);
  if (!scheme.empty() && scheme != "http") {
    error
      = "is no HTTP proxy but one of " + scheme + "; give " + std::string(form);
    return std::nullopt;
  }
  http_proxy out;
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    auto login = read_login(rest.substr(0, at));
    if (!login) {
      error = "has a login that is no USER:PASSWORD, percent-encoded";
      return std::nullopt;
    }
    out.authorization = basic(*login);
    rest.remove_prefix(at + 1);
  }
  if (rest.ends_with('/'))
    rest.remove_suffix(1);
  std::string why;
  const auto address
    = config::parse_url("http://" + std::string(rest), false, why);
  if (!address || !address->path.empty()) {
    error
      = "is no " + std::string(form) + ": it has " + (address ? "a path" : why);
    return std::nullopt;
  }
  out.host = address->host;
  out.port = address->port;
  return out;
}

proxy_exceptions::proxy_exceptions(std::string_view list) {
  std::vector<std::string> networks;
  for (size_t end = 0; end != list.npos; list.remove_prefix(end + 1)) {
    end = list.find_first_of(", \t\r\n");
    const auto word = list.substr(0, end);
    if (word == "*")
      all_ = true;
    else if (config::parse_network(word))
      networks.emplace_back(word);
    else
      add_host(word);
    if (end == list.npos)
      break;
  }
  networks_ = config::network_set{networks};
}

void proxy_exceptions::add_host(std::string_view word) {
  if (word.starts_with("*."))
    word.remove_prefix(2);
  else if (word.starts_with('.'))
    word.remove_prefix(1);
  std::string_view host;
  uint16_t port = 0;
  if (config::read_authority(word, host, port).empty() && !host.empty())
    hosts_.push_back({config::canonical_host(host), port});
}

bool proxy_exceptions::contain(std::string_view host, uint16_t port) const {
  if (all_ || config::is_loopback(host))
    return true;
  const auto name = config::canonical_host(host);
  return networks_.contains(name)
         || std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& each) {
              return (each.port == 0 || each.port == port)
                     && (name == each.name
                         || config::is_below(name, each.name));
            });
}

} // namespace aps
