#include "tools/cli/values.hpp"

#include "config/fields.hpp"
#include "config/host.hpp"
#include "config/syntax/file.hpp"
#include "config/syntax/text.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace aps::cli {

namespace {

constexpr size_t max_shown = 48;
constexpr size_t max_secret = 4096;
constexpr auto too_long = "is too long for a secret; it has to be one line";

struct unit {
  std::string_view name;
  double seconds;
};

constexpr unit units[]
  = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};

struct scheme {
  std::string_view prefix;
  bool tls;
};

constexpr scheme schemes[] = {
  {"http://", false}, {"ws://", false}, {"https://", true}, {"wss://", true}};

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return result;
}

/// What a URL has around host and port goes; false when it says more than an
/// address does, with the reason in `error`.
bool strip_url(std::string_view& text, uint16_t& default_port, secure possible,
               std::optional<bool>& tls, std::string& error) {
  const auto mark = text.find("://");
  if (mark == text.npos)
    return true;
  const auto word = lower(text.substr(0, mark + 3));
  const auto* found
    = std::find_if(std::begin(schemes), std::end(schemes),
                   [&](const scheme& one) { return one.prefix == word; });
  if (found == std::end(schemes)) {
    error
      = quoted(text) + " is none of host:port, "
        + (possible == secure::never ? "http:// and ws://"
                                     : "http://, https://, ws:// and wss://");
    return false;
  }
  if (found->tls && possible == secure::never) {
    error
      = quoted(text) + ": TLS is not supported here; give a plain host:port";
    return false;
  }
  text.remove_prefix(mark + 3);
  if (text.ends_with('/'))
    text.remove_suffix(1);
  default_port = found->tls ? 443 : 80;
  tls = found->tls;
  return true;
}

/// Cuts `text` into host and port; false with the reason in `error`.
bool split_address(std::string_view text, std::string_view& host,
                   std::optional<std::string_view>& port,
                   const std::string& shown, std::string& error) {
  host = text;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    const auto rest = text.substr(std::min(end, text.size() - 1) + 1);
    if (end == text.npos || (!rest.empty() && rest[0] != ':')) {
      error = shown + " is not host:port or [ipv6]:port";
      return false;
    }
    host = text.substr(1, end - 1);
    if (!rest.empty())
      port = rest.substr(1);
    return true;
  }
  const auto colon = text.find(':');
  if (colon == text.npos)
    return true;
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  if (port->find(':') == text.npos)
    return true;
  error = shown
          + " has more than one colon; an IPv6 address needs brackets, "
            "[ipv6]:port";
  return false;
}

/// What the system says about a file, in words that say what to do.
std::string file_problem(int error) {
  switch (error) {
    case ENOENT: return "does not exist";
    case ENOTDIR: return "has a file where a folder should be";
    case EACCES:
    case EPERM: return "must not be read by this user";
    case EISDIR: return "is a folder";
    case EINTR: return std::string("is ") + config::silent_file;
    case EFBIG: return too_long;
    default: return "cannot be read: " + std::string(std::strerror(error));
  }
}

} // namespace

std::string quoted(std::string_view text) {
  return '"' + foreign_text(text, max_shown) + '"';
}

std::string hint(std::string_view word, const std::vector<std::string>& known,
                 std::string_view prefix) {
  const auto found = config::nearest(word, known);
  return found.empty() ? ""
                       : "; do you mean " + std::string(prefix) + found + "?";
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<uint32_t> parse_number(std::string_view text, uint32_t most,
                                     std::string& error) {
  text = trimmed(text);
  uint32_t result = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, result);
  if (failed == std::errc{} && at == end && result <= most)
    return result;
  error
    = quoted(text) + " is not a whole number from 0 to " + std::to_string(most);
  return std::nullopt;
}

std::optional<bool> parse_switch(std::string_view text, std::string& error) {
  const auto is_any_of = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  if (is_any_of({"on", "true", "yes", "1"}))
    return true;
  if (is_any_of({"off", "false", "no", "0"}))
    return false;
  error = quoted(text) + " is neither on nor off";
  return std::nullopt;
}

std::optional<double> parse_duration(std::string_view text, std::string& error,
                                     bool positive) {
  text = trimmed(text);
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, number);
  const auto name = lower(trimmed({at, static_cast<size_t>(end - at)}));
  const auto* found
    = std::find_if(std::begin(units), std::end(units),
                   [&](const unit& one) { return one.name == name; });
  if (failed != std::errc{} || found == std::end(units)
      || !std::isfinite(number)) {
    error = quoted(text)
            + " is not a duration; give seconds, or a number with "
              "ms, s, m or h";
    return std::nullopt;
  }
  number *= found->seconds;
  if (positive && number >= 0 && number < config::min_seconds) {
    error = number > 0 ? "must be at least 1ms" : "must be above 0";
    return std::nullopt;
  }
  if (number >= 0 && number <= config::max_seconds)
    return number;
  error = quoted(text)
          + (number < 0 ? " is negative"
                        : " is longer than 604800 seconds, a week");
  return std::nullopt;
}

std::optional<std::string> parse_choice(std::string_view text,
                                        const std::vector<std::string>& allowed,
                                        std::string& error) {
  const auto word = lower(trimmed(text));
  if (auto found = config::meant(word, allowed); !found.empty())
    return found;
  error = quoted(text) + " is none of " + config::joined(allowed)
          + hint(word, allowed);
  return std::nullopt;
}

std::optional<address> parse_address(std::string_view text,
                                     uint16_t default_port, std::string& error,
                                     secure possible) {
  text = trimmed(text);
  const auto shown = quoted(text);
  std::optional<bool> tls;
  if (possible == secure::never && is_socket(text))
    return address{std::string(text), 0, tls};
  if (!strip_url(text, default_port, possible, tls, error))
    return std::nullopt;
  std::string_view host;
  std::optional<std::string_view> port;
  if (text.find_first_of("/?#@ ") != text.npos) {
    error = shown + " has more than host and port; leave out the rest";
    return std::nullopt;
  }
  if (!split_address(text, host, port, shown, error))
    return std::nullopt;
  if (host.empty()) {
    error = shown + " has no host; give host:port";
    return std::nullopt;
  }
  if (host.find_first_not_of("0123456789") == host.npos) {
    error = shown + " has no host but a number; give host:"
            + std::string(host.substr(0, 5));
    return std::nullopt;
  }
  address result{std::string(host), default_port, tls};
  if (!port)
    return result;
  const auto* end = port->data() + port->size();
  const auto [at, failed] = std::from_chars(port->data(), end, result.port);
  if (failed == std::errc{} && at == end && result.port != 0)
    return result;
  error = shown + ": the port is a number from 1 to 65535";
  return std::nullopt;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> result;
  for (size_t end = 0; end != text.npos; text.remove_prefix(end + 1)) {
    end = text.find(',');
    result.emplace_back(trimmed(text.substr(0, end)));
    if (end == text.npos)
      break;
  }
  return result;
}

bool is_socket(std::string_view host) noexcept {
  return host.starts_with("unix:/");
}

std::string to_string(const address& address) {
  if (is_socket(address.host))
    return address.host;
  return config::authority(address.host, address.port);
}

std::optional<std::string> read_secret(const std::string& file,
                                       std::string& error) {
  const auto refuse = [&](const std::string& why) {
    error = config::shown_name(file) + ' ' + why;
    return std::nullopt;
  };
  std::error_code problem;
  auto result = config::read_bytes(file, max_secret, problem);
  if (problem)
    return refuse(file_problem(problem.value()));
  std::string why;
  auto line = one_line(std::move(result), why);
  return line ? line : refuse(why);
}

std::optional<std::string> read_token(const std::string& file,
                                      std::string& error) {
  auto token = read_secret(file, error);
  if (!token || config::is_bearer_token(*token))
    return token;
  error = config::shown_name(file) + " has not " + config::bearer_token_rule;
  return std::nullopt;
}

std::optional<std::string> one_line(std::string text, std::string& why) {
  why = text.size() > max_secret ? too_long : "";
  if (text.ends_with('\n'))
    text.pop_back();
  if (text.ends_with('\r'))
    text.pop_back();
  if (text.empty())
    why = "is empty";
  else if (text.starts_with("\xEF\xBB\xBF"))
    why = "begins with a byte order mark; save it without";
  else if (why.empty() && text.find('\n') != text.npos)
    why = "has more than one line";
  return why.empty() ? std::optional{std::move(text)} : std::nullopt;
}

std::optional<std::string> take_environment(const char* name) {
  auto* value = std::getenv(name);
  if (!value)
    return std::nullopt;
  std::string result = value;
  std::memset(value, 0, result.size());
  unsetenv(name);
  return result;
}

} // namespace aps::cli
