#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Who may come in: the keys `auth`, and `allow`, `deny`, `require` and `quota`
/// of servers, tunnels and mappings.
namespace aps::config {

using seconds = std::chrono::duration<double>;

/// How often, how many at a time, how much. Zero = any number.
struct quota {
  uint32_t requests = 0; ///< in `period`
  seconds period{1};
  uint32_t burst = 0; ///< of them at once; 0 = as `requests`
  uint32_t concurrent_requests = 0;
  uint64_t max_body_bytes = 0;
  bool operator==(const quota&) const = default;
};

/// Quotas of all requests together, of each user and of each address.
struct quotas {
  quota all;
  quota per_user;
  quota per_address;
  bool operator==(const quotas&) const = default;
};

/// Which users: named, or in one of the groups; with neither, each that is
/// known.
struct requirement {
  std::vector<std::string> users = {};
  std::vector<std::string> groups = {};
  bool operator==(const requirement&) const = default;
};

/// A login service that is asked about each request, as nginx's
/// `auth_request`, Traefik's ForwardAuth and Caddy's `forward_auth` do it (key
/// `forward_auth`): 2xx lets it in, any other answer goes to the visitor.
struct forward_auth {
  std::string url = {};                    ///< as in the file
  std::vector<std::string> tunnels = {};   ///< empty = directly from the node
  std::vector<std::string> endpoints = {}; ///< empty = any of the tunnels
  /// Of the visitor's fields these are sent; empty = all.
  std::vector<std::string> request_headers = {};
  /// Of the answer's fields these go to the target, and nobody else's.
  std::vector<std::string> copy_headers
    = {"Remote-User",          "Remote-Groups",
       "Remote-Name",          "Remote-Email",
       "X-Auth-Request-User",  "X-Auth-Request-Groups",
       "X-Auth-Request-Email", "X-Auth-Request-Preferred-Username"};
  seconds timeout{5};    ///< for the head of its answer
  seconds cache_time{0}; ///< how long a 2xx is remembered
  bool operator==(const forward_auth&) const = default;
};

/// What a server, a tunnel or a mapping asks of visitors.
struct access {
  std::vector<std::string> allow = {}; ///< networks; empty = all
  std::vector<std::string> deny = {};  ///< networks, whatever `allow` has
  std::optional<requirement> require = {};
  std::optional<aps::config::forward_auth> forward_auth
    = {}; ///< not of servers
  quotas quota = {};
  bool operator==(const access&) const = default;
};

/// Key `auth.users.<name>`.
struct user {
  std::string password = {};      ///< as it is; empty = none
  std::string password_hash = {}; ///< as `aps hash-password` prints it
  std::vector<std::string> groups = {};
  /// Common names and subjectAltNames of its client certificates.
  std::vector<std::string> certificates = {};
  bool operator==(const user&) const = default;
};

/// Key `auth.tokens.<name>`: a program's, which counts as a user.
struct token {
  std::string secret = {};      ///< as it is; empty = only its hash is known
  std::string secret_hash = {}; ///< SHA-256, 64 hexadecimal digits, lower case
  std::vector<std::string> groups = {};
  std::string expires = {}; ///< as in the file; empty = never
  int64_t expires_at = 0;   ///< the same, s since 1970; 0 = never
  bool operator==(const token&) const = default;
};

/// Key `auth`.
struct auth {
  std::string realm = "APS";
  std::string user_header = "Remote-User";
  bool pass_authorization = false; ///< what was for us goes to targets, too
  std::map<std::string, user> users = {};
  std::map<std::string, token> tokens = {};
  std::map<std::string, std::vector<std::string>> groups = {};
  bool operator==(const auth&) const = default;
};

/// The time in "2027-01-31" or "2027-01-31T12:00:00Z", s since 1970; nothing
/// for other text.
std::optional<int64_t> parse_time(const std::string& text);

/// What `parse_time` asks for, in words.
inline constexpr auto time_rule
  = "a time such as \"2027-01-31\" or \"2027-01-31T12:00:00Z\"";

/// Whether `text` may name a user or token: 1 to 128 visible characters of
/// ASCII without a colon, as HTTP Basic has it.
bool is_user_name(const std::string& text);

/// What `is_user_name` asks for, in words.
inline constexpr auto user_name_rule
  = "a name of 1 to 128 visible ASCII characters without a colon";

/// Whether `text` has a control character, which HTTP Basic knows neither in
/// names nor in passwords (RFC 7617, section 2). A hash would not tell zeros
/// behind a password from none, as HMAC pads its key with them.
bool has_control_characters(std::string_view text) noexcept;

/// What is asked of the password of a user, in words.
inline constexpr auto user_password_rule
  = "a password without control characters";

} // namespace aps::config
