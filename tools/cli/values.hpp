#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What flags and their environment variables may hold. Each function returns
/// nothing on failure and says in `error` what is wrong: words that go behind
/// the name of the flag.
namespace aps::cli {

/// A whole number from 0 to `most`.
std::optional<uint32_t> parse_number(std::string_view text, uint32_t most,
                                     std::string& error);

/// Of "on", "true", "yes", "1" and their opposites.
std::optional<bool> parse_switch(std::string_view text, std::string& error);

/// Seconds, from "5", "1.5s", "500ms", "2m" or "1h"; a week at most.
/// `positive`: a millisecond at least.
std::optional<double> parse_duration(std::string_view text, std::string& error,
                                     bool positive = false);

/// The one of `allowed` that is meant: case does not count, and there are two
/// words for some things ("warn", "websocket").
std::optional<std::string> parse_choice(std::string_view text,
                                        const std::vector<std::string>& allowed,
                                        std::string& error);

/// The elements between commas, without blanks around them.
std::vector<std::string> split_list(std::string_view text);

struct address {
  std::string host; ///< IPv6 without brackets
  uint16_t port = 0;
  std::optional<bool> tls = {}; ///< what its scheme says, if it has one
};

/// Whether who connects to an address could do so over TLS.
enum class secure : uint8_t { never, possible };

/// Whether an address is the path of a Unix socket, as unix:/PATH.
bool is_socket(std::string_view host) noexcept;

/// Parses `host`, `host:port`, `[v6]` and `[v6]:port`, each also as a URL with
/// http:// or ws://, where the port is 80 if left out, and where TLS is
/// `possible` with https:// or wss://, and port 443; otherwise unix:/PATH, too.
std::optional<address> parse_address(std::string_view text,
                                     uint16_t default_port, std::string& error,
                                     secure tls = secure::never);

/// `host:port`, with brackets around an IPv6 address.
std::string to_string(const address& address);

/// The one line of a file with a password or a token.
std::optional<std::string> read_secret(const std::string& file,
                                       std::string& error);

/// The same of a token, which has to be one that a header can carry.
std::optional<std::string> read_token(const std::string& file,
                                      std::string& error);

/// The one line of a password or a token without its line end, which is left by
/// whoever read it out of a file. `why` goes behind the name of what had it.
std::optional<std::string> one_line(std::string text, std::string& why);

/// Reads an environment variable and overwrites it in place, so that children
/// and /proc do not show it any longer. Not thread-safe.
std::optional<std::string> take_environment(const char* name);

/// `text` in quotes, safe for a terminal and short enough for a line.
std::string quoted(std::string_view text);

/// "; do you mean X?", or nothing when no known word is near.
std::string hint(std::string_view word, const std::vector<std::string>& known,
                 std::string_view prefix = "");

/// `text` without blanks at its ends.
std::string_view trimmed(std::string_view text);

} // namespace aps::cli
