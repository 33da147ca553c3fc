#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The node's configuration as plain structs. No I/O beyond reading the file,
/// no other APS header. Durations are seconds in the file.
namespace aps::config {

using seconds = std::chrono::duration<double>;

/// Limits and deadlines of the HTTP front (key `http`).
struct http {
  uint64_t max_header_bytes = 65536;
  uint64_t max_headers = 100;
  uint64_t max_body_bytes = 0; ///< 0 = no limit
  seconds header_timeout{30};
  seconds body_timeout{60};
  seconds idle_timeout{75};
  seconds first_byte_timeout{60};
  seconds write_timeout{0}; ///< 0 = a reader may stall for ever
  bool operator==(const http&) const = default;
};

/// A named listener (key `servers.<name>`).
struct server {
  std::string host = "0.0.0.0";
  uint16_t port = 0;
  aps::config::http http; ///< the global `http` with this server's overrides
  bool operator==(const server&) const = default;
};

/// Size and lifetime policy of the pools of one transport
/// (keys `websocket_pool` and `grpc_pool`).
struct pool {
  bool enabled = true;
  uint32_t pool_size = 3;
  uint32_t max_pool_size = 10;
  seconds idle_timeout{300};
  seconds max_lifetime{1800};
  uint32_t max_requests_per_connection = 64;
  uint32_t max_waiting = 1024;
  seconds acquire_timeout{5};
  seconds ping_interval{1};
  seconds stall_timeout{1}; ///< silence with frames outstanding before a ping
  seconds ping_timeout{1};  ///< no pong by then: the connection is dead
  bool operator==(const pool&) const = default;
};

/// Breaker settings; written inside `websocket_pool` in the file.
struct fallback {
  bool enabled = true;
  uint32_t threshold = 3;
  bool operator==(const fallback&) const = default;
};

struct tunnel {
  /// Where its agents may dial in. Left out of the file = every server; the
  /// parser then writes all names here, so membership is the whole test.
  std::vector<std::string> servers;
  std::string password;
  bool enabled = true;
  pool websocket_pool;
  pool grpc_pool{
    .pool_size = 1, .max_pool_size = 4, .max_requests_per_connection = 256};
  aps::config::fallback fallback;
  seconds reconnect_grace{1}; ///< how long requests wait for a lost session
  seconds resume_time{10};    ///< how long agents keep exchanges that lost theirs
  bool operator==(const tunnel&) const = default;
};

/// scheme://host[:port][/path]
struct url {
  std::string scheme; ///< http | https, lower case
  std::string host;   ///< lower case; IPv6 without brackets
  uint16_t port = 0;  ///< never 0: the scheme's default is filled in
  std::string path;   ///< prefix; "" or starts with "/"
  bool operator==(const url&) const = default;

  /// host[:port] as in a Host header; default ports left out.
  std::string authority() const;
  std::string str() const;
};

/// A rule `from -> to via tunnels/endpoints`.
struct mapping {
  url from;
  url to;
  std::vector<std::string> tunnels;   ///< empty = directly from the node
  std::vector<std::string> endpoints; ///< empty = any endpoint of the tunnels
  bool operator==(const mapping&) const = default;
};

struct admin {
  std::string host = "127.0.0.1";
  uint16_t port = 9090;
  bool operator==(const admin&) const = default;
};

struct log {
  std::string level = "info"; ///< trace debug info warning error off
  bool operator==(const log&) const = default;
};

struct io {
  uint32_t threads = 0; ///< I/O units; 0 = one per core
  bool operator==(const io&) const = default;
};

struct node {
  std::map<std::string, server> servers;
  std::map<std::string, tunnel> tunnels;
  std::vector<mapping> mappings;
  std::optional<aps::config::admin> admin; ///< absent = no admin listener
  aps::config::log log;
  aps::config::io io;
  bool operator==(const node&) const = default;
};

/// One thing wrong with a configuration.
struct problem {
  std::string path;    ///< e.g. "$.tunnels.tunnel1.websocket_pool.pool_size"
  std::string found;   ///< what stands there
  std::string allowed; ///< what may stand there
  std::string hint;    ///< nearest known key or name; often empty

  /// One line: `path: found X, allowed Y (did you mean "Z"?)`.
  std::string str() const;
};
using problems = std::vector<problem>;

/// The configuration, or all that is wrong with it.
using result = std::variant<node, problems>;

/// Parses and validates JSON text (`//` and `/* */` comments allowed). A
/// syntax error is one problem whose path is "line L, column C". A password
/// never appears in a problem.
result parse(std::string_view text);

/// Reads and parses a file; an unreadable file is one problem naming it.
result load(const std::filesystem::path& file);

/// Parses an absolute http(s) URL without userinfo, query and fragment
/// (RFC 3986); a trailing `*` is dropped when `prefix` is true. On failure
/// returns nothing and says in `error` what is wrong with it, as a noun phrase
/// ("port 0", "a query").
std::optional<url> parse_url(std::string_view text, bool prefix,
                             std::string& error);

} // namespace aps::config
