#pragma once

#include "config/access/access.hpp"
#include "config/access/publishing.hpp"
#include "config/answers/compression.hpp"
#include "config/answers/error_pages.hpp"
#include "config/delivery/delivery.hpp"
#include "config/pools.hpp"
#include "config/routing/boxed.hpp"
#include "config/routing/conditions.hpp"
#include "config/routing/rewrites.hpp"

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

/// Limits and deadlines of the HTTP front (key `http`).
struct http {
  uint64_t max_header_bytes = 65536;
  uint64_t max_headers = 100;
  uint64_t max_body_bytes = 0; ///< 0 = no limit
  seconds header_timeout{30};
  seconds body_timeout{60};
  seconds idle_timeout{75};
  seconds first_byte_timeout{60};
  seconds write_timeout{20};       ///< 0 = a reader may stall for ever
  uint64_t min_receive_rate = 500; ///< bytes per second of a body; 0 = any
  uint64_t min_send_rate = 500;    ///< bytes per second taken; 0 = any
  seconds half_close_timeout{30};
  seconds continue_timeout{1};
  seconds discard_timeout{30};
  uint64_t discard_bytes = 256 * 1024 * 1024;
  bool error_detail = false; ///< visitors hear why a target failed
  seconds handshake_timeout{10}; ///< of TLS
  bool operator==(const http&) const = default;
};

/// How much one address, and all together, may hold (key `limits`).
struct limits {
  uint32_t max_connections = 10000; ///< of each server, as the next three
  uint32_t max_connections_per_address = 1000;
  uint32_t max_unauthenticated = 1000; ///< no request and no proof so far
  uint32_t max_unauthenticated_per_address = 250;
  uint32_t max_handshakes_per_address = 100; ///< of TLS, per second; 0 = any
  uint32_t address_share = 50; ///< percent of a pool's places; 100 = off
  std::vector<std::string> trusted = {}; ///< networks without those of one
  bool operator==(const limits&) const = default;
};

/// A certificate that a server shows, by its files.
struct certificate {
  std::string cert; ///< PEM: its own, then those that lead to a known one
  std::string key;  ///< PEM, without a passphrase
  std::string place = "$"; ///< where the configuration says so, for messages
  std::string ocsp = {};   ///< its authority's word, DER; empty = none is shown
  bool operator==(const certificate&) const = default;
};

/// TLS at a server (key `servers.<name>.tls`).
struct tls {
  /// The name that a visitor asks for picks one; the first is for all others.
  std::vector<certificate> certificates;
  std::string min_version = "1.2"; ///< 1.2 1.3
  /// File: who comes is asked for a certificate of these authorities, PEM;
  /// empty = nobody is.
  std::string client_ca = {};
  bool operator==(const tls&) const = default;
};

/// Whose pages may open WebSockets through a mapping (key
/// `mappings[].origins`; config/access/web_origins.hpp).
struct origin_rule {
  enum class kind : uint8_t {
    any,    ///< everybody's
    same,   ///< those of the host that is asked
    listed, ///< those of `patterns`
  };

  kind allowed = kind::any;
  std::vector<std::string> patterns = {};
  bool operator==(const origin_rule&) const = default;
};

/// The header of the PROXY protocol at the beginning of a target's connections
/// (key `mappings[].proxy_protocol`); the numbers are those of the versions.
enum class proxy_protocol : uint8_t { off, v1, v2 };

std::string_view to_string(proxy_protocol version) noexcept;

/// A named listener (key `servers.<name>`).
struct server {
  std::string host = "0.0.0.0";
  uint16_t port = 0;
  aps::config::http http; ///< the global `http` with this server's overrides
  bool agents = true;     ///< false = nobody dials in here
  uint32_t redirect_https = 0; ///< to https at this port; 0 = nobody is

  /// Connections come from `trusted_proxies` and begin with its header.
  bool proxy_protocol = false;

  /// The global list, or this server's own instead.
  std::vector<std::string> trusted_proxies = {};

  /// Of pages that may dial in as agents; others, of browsers, may not.
  std::vector<std::string> agent_origins = {};

  std::optional<aps::config::tls> tls = {}; ///< absent = plain
  aps::config::access access = {};          ///< of its visitors

  /// Of all its answers; mappings may say otherwise.
  boxed<aps::config::error_pages> error_pages = {};
  boxed<compression> compress = {};
  bool operator==(const server&) const = default;
};

/// Breaker settings. `enabled` and `threshold` stand inside
/// `websocket_pool` in the file, the rest in the tunnel's `fallback`.
struct fallback {
  bool enabled = true;
  uint32_t threshold = 3;    ///< consecutive transport failures of gRPC
  seconds hold_down{1};      ///< in fallback before the first probe
  seconds max_hold_down{30}; ///< it doubles up to this when it flaps
  uint32_t good_probes = 3;  ///< in a row, to return to gRPC
  seconds probe_timeout{1};  ///< no answer by then: a bad probe
  bool operator==(const fallback&) const = default;
};

/// What an agent has to show beside its password.
enum class client_certificate : uint8_t {
  none,
  any,      ///< one of the server's `client_ca`
  endpoint, ///< one of these that is for the endpoint's name
};

std::string_view to_string(client_certificate asked) noexcept;

/// Who may dial in as an agent (key `tunnels.<name>.credentials`): one of many,
/// which can be taken away alone.
struct credential {
  std::string name;
  std::string password; ///< empty = `key` stands instead
  std::string key;      ///< what is derived from a password, bytes
  std::vector<std::string> endpoints = {}; ///< names, with `*`; empty = any
  int64_t expires = 0;                     ///< s since 1970; 0 = never
  std::string expires_text = {};           ///< the same as in the file
  publishing publish = {};                 ///< by its agents
  bool operator==(const credential&) const = default;

  /// Whether it is one for that endpoint, at that time (s since 1970).
  bool is_for(std::string_view endpoint) const;
  bool is_over(int64_t now) const noexcept {
    return expires != 0 && now >= expires;
  }
};

struct tunnel {
  /// Where its agents may dial in. Left out of the file = every server; the
  /// parser then writes all names here, so membership is the whole test.
  std::vector<std::string> servers;
  std::string password; ///< empty = only `credentials` count
  std::vector<credential> credentials = {}; ///< beside the password
  publishing publish = {}; ///< by agents that have the password
  bool enabled = true;
  aps::config::pools pools = default_pools();
  aps::config::fallback fallback;
  uint32_t max_endpoints = 1000;         ///< names that agents may serve
  uint32_t exchange_window = 512 * 1024; ///< bytes kept for a resume
  /// What it may grow to where it holds a transfer back.
  uint32_t exchange_window_max = 16 * 1024 * 1024;
  /// How long requests wait for a lost session; as `resume_time` unless set.
  seconds reconnect_grace{10};
  seconds resume_time{10};    ///< how long agents keep exchanges that lost theirs
  bool require_tls = false;   ///< from agent to node, with nobody between
  aps::config::client_certificate client_certificate{}; ///< of its agents
  aps::config::access access = {}; ///< of the visitors of its mappings
  bool operator==(const tunnel&) const = default;
};

/// scheme://host[:port][/path]; `h2c://` is http:// spoken in HTTP/2. Those of
/// streams and sockets: config/streams/stream_url.hpp.
struct url {
  std::string scheme; ///< http | https | tcp | udp | tls | connect
  /// Lower case, in ASCII (RFC 5890); IPv6 without brackets. Of a `from` also
  /// "*.name" for all names below it, and "*" for every host.
  std::string host;
  uint16_t port = 0;  ///< never 0: the scheme's default is filled in
  std::string path = {};   ///< prefix; "" or starts with "/"
  bool h2c = false;        ///< HTTP/2 without TLS, by prior knowledge
  std::string socket = {}; ///< path of a Unix socket, instead of host and port
  bool operator==(const url&) const = default;

  /// host[:port] as in a Host header; default ports left out.
  std::string authority() const;

  /// What a Host field says; a socket is of this machine.
  std::string host_field() const {
    return socket.empty() ? authority() : "localhost";
  }

  /// The same behind the scheme, as it is written in the file.
  std::string origin() const;
  std::string str() const;
};

/// How requests are spread over endpoints and over an endpoint's agents.
enum class balance : uint8_t {
  least_loaded, ///< (in flight + 1) x latency x penalty
  round_robin,
  latency, ///< latency x penalty, whatever is in flight
  random,
  sticky, ///< the same visitor to the same agent while it lives
};

std::string_view to_string(balance balance) noexcept;

/// What makes two requests come from the same visitor.
struct stickiness {
  enum class kind : uint8_t { address, cookie, header };
  kind by = kind::address;
  std::string name; ///< of the cookie or header
  bool operator==(const stickiness&) const = default;
};

/// How the node finds out by itself whether a target works (key
/// `mappings[].health`): each agent is asked in turn.
struct health_check {
  /// Statuses that are as good as `low`, up to `high`.
  struct statuses {
    uint16_t low = 200;
    uint16_t high = 299;
    bool operator==(const statuses&) const = default;

    /// As in the file: "200", "2xx".
    std::string str() const;
  };

  std::string path = "/"; ///< at the target's host, whatever `to` has
  seconds interval{5};
  seconds timeout{2}; ///< for the whole answer
  std::vector<statuses> expect = {{200, 299}, {300, 399}};
  uint32_t fall = 3; ///< bad checks in a row that take an agent out
  uint32_t rise = 2; ///< good ones that bring it back
  bool operator==(const health_check&) const = default;

  bool expects(uint16_t status) const noexcept;
};

/// How an https target is met (key `mappings[].tls`). Files are the node's own,
/// so there are none where an agent calls the target.
struct target_tls {
  std::string ca;   ///< PEM: who may have issued its certificate; empty = as
                    ///< the system has it
  std::string cert; ///< PEM: what is shown to it; empty = nothing
  std::string key;
  std::string server_name; ///< that its certificate is for; empty = its host
  bool operator==(const target_tls&) const = default;

  bool has_files() const noexcept { return !ca.empty() || !cert.empty(); }
};

/// Where copies of requests go, whose answers nobody waits for (key
/// `mappings[].cc`).
struct copies {
  url to; ///< without a path: copies ask for that of the original
  std::vector<std::string> tunnels = {};   ///< empty = directly from the node
  std::vector<std::string> endpoints = {}; ///< empty = any of the tunnels
  uint32_t max_body_bytes = 65536;         ///< requests with more have none
  uint32_t max_in_flight = 32;             ///< more are left out
  bool operator==(const copies&) const = default;
};

/// A rule `from -> to via tunnels/endpoints`.
struct mapping {
  url from;
  url to;
  std::vector<std::string> tunnels;   ///< empty = directly from the node
  std::vector<std::string> endpoints; ///< empty = any endpoint of the tunnels
  aps::config::balance balance = balance::least_loaded;
  stickiness sticky_by = {}; ///< for `balance::sticky`

  /// Takes paths with "%2f" although it has a path of its own.
  bool allow_encoded_slash = false;

  /// How long browsers shall use nothing but https, s; 0 = nothing is said.
  uint32_t hsts = 0;

  /// Whether an https target is asked in HTTP/2 where it offers that.
  bool http2 = true;

  /// Only of https targets; absent = nothing but what holds for all.
  std::optional<target_tls> tls = {};

  /// Whose pages may open WebSockets.
  origin_rule origins = {};

  /// How a target's connections begin.
  aps::config::proxy_protocol proxy_protocol{};

  /// Of a raw stream: connections come from `trusted_proxies` alone and begin
  /// with a header of the PROXY protocol.
  bool accept_proxy = false;

  /// Of a stream; 0 = as `streams` says.
  seconds idle_timeout{0};

  /// Of a TLS name: TLS ends here, with the certificates of the server that has
  /// the port; otherwise all passes as it came.
  bool terminate = false;

  /// What is agreed to there (ALPN, RFC 7301); empty = nothing is said.
  std::vector<std::string> alpn = {};

  /// Absent = nobody checks; only with `tunnels`.
  std::optional<health_check> health = {};
  aps::config::access access = {}; ///< of its visitors

  boxed<aps::config::timeouts> timeouts = {}; ///< absent = those of all
  boxed<copies> cc = {};                      ///< absent = nobody gets copies
  boxed<aps::config::retry> retry = {};       ///< absent = nobody else is asked
  boxed<conditions> match = {};    ///< what it asks of requests beside `from`
  boxed<rewrites> rewrite = {};    ///< what becomes of requests and answers
  boxed<fixed_answer> answer = {}; ///< instead of a target; `to` is empty then
  boxed<aps::config::error_pages> error_pages = {}; ///< before its server's
  boxed<compression> compress = {}; ///< instead of what its server says
  bool operator==(const mapping&) const = default;

  /// Of bytes, and not of requests.
  bool is_stream() const noexcept {
    return is_raw() || from.scheme == "connect";
  }

  /// Of those that begin with no request.
  bool is_raw() const noexcept {
    return from.scheme == "tcp" || from.scheme == "udp" || is_named();
  }

  /// Of those for which the name that TLS asks for (SNI) counts.
  bool is_named() const noexcept { return from.scheme == "tls"; }

  /// To whatever its visitors name, as `from` allows.
  bool goes_anywhere() const noexcept {
    return from.scheme == "connect" && to.host.empty() && to.socket.empty();
  }
};

/// The monitor over gRPC (key `admin.grpc`).
struct admin_grpc {
  std::string host = "127.0.0.1";
  uint16_t port = 9091;

  /// Absent = plain, then only on a loopback address. One certificate, and who
  /// comes needs one of `client_ca` where that is set.
  std::optional<aps::config::tls> tls = {};
  bool operator==(const admin_grpc&) const = default;
};

struct admin {
  std::string host = "127.0.0.1";
  uint16_t port = 9090;
  std::string token; ///< empty = none, then only on a loopback address
  uint32_t keep_exchanges = 1000; ///< ended ones that can still be looked at
  bool actor_metrics = false; ///< mailboxes and running times of our actors
  std::optional<admin_grpc> grpc = {}; ///< absent = nothing speaks gRPC
  bool operator==(const admin&) const = default;
};

struct log {
  std::string level = "info"; ///< trace debug info warning error off
  std::string format = "text"; ///< text json
  bool requests = false;       ///< a line for each request
  std::map<std::string, std::string> components; ///< their own levels
  bool operator==(const log&) const = default;
};

/// How the node calls targets of mappings without `via` (key `targets`).
struct targets {
  seconds connect_timeout{10};
  seconds read_timeout{60}; ///< silence inside an answer; 0 = no limit
  seconds send_timeout{60}; ///< takes nothing of a request; 0 = no limit
  uint32_t min_rate = 16;   ///< bytes per second either way; 0 = any
  bool operator==(const targets&) const = default;
};

/// Limits of streams (key `streams`).
struct streams {
  seconds idle_timeout{3600};   ///< no byte either way
  seconds write_timeout{60};    ///< a visitor takes nothing; 0 = no limit
  seconds udp_idle_timeout{60}; ///< as `idle_timeout`, of datagrams
  bool operator==(const streams&) const = default;
};

struct io {
  uint32_t threads = 0; ///< I/O units; 0 = one per core
  bool operator==(const io&) const = default;
};

struct dns {
  std::vector<std::string> servers; ///< ip[:port]; none = the system's resolver
  bool operator==(const dns&) const = default;
};

struct node {
  std::map<std::string, server> servers;
  std::map<std::string, tunnel> tunnels;
  std::vector<mapping> mappings;

  /// Networks (CIDR) whose word about a visitor is taken: what every server
  /// starts from.
  std::vector<std::string> trusted_proxies = {};
  aps::config::auth auth = {};             ///< of visitors
  std::optional<aps::config::admin> admin; ///< absent = no admin listener
  aps::config::log log;
  aps::config::io io;
  aps::config::limits limits;
  aps::config::dns dns;
  aps::config::targets targets;
  aps::config::streams streams;
  aps::config::http http; ///< of ports of streams, which have no server
  bool operator==(const node&) const = default;

  /// Whether agents may dial in at this server: it must not refuse them, and
  /// a tunnel must name it, unless there is no tunnel at all.
  bool takes_agents(const std::string& server) const;
};

/// One thing wrong with a configuration.
struct problem {
  std::string path;    ///< e.g. "$.tunnels.tunnel1.websocket_pool.pool_size"
  std::string found;   ///< what stands there
  std::string allowed; ///< what may stand there
  std::string hint;    ///< nearest known key or name; often empty

  /// One line of 160 columns: `path: did you mean "Z"? found X, allowed Y`.
  std::string str() const;
};
using problems = std::vector<problem>;

/// The configuration, or all that is wrong with it.
using result = std::variant<node, problems>;

/// Parses and validates JSON text (`//` and `/* */` comments allowed). A
/// syntax error is one problem whose path is "line L, column C". A password
/// never appears in a problem.
result parse(std::string_view text);

/// With all it includes and refers to; every problem is behind its file.
result load(const std::filesystem::path& file);

/// Parses an absolute http(s) URL without userinfo, query and fragment
/// (RFC 3986); a trailing `*` is dropped when `prefix` is true. On failure
/// returns nothing and says in `error` what is wrong with it, as a noun phrase
/// ("port 0", "a query").
std::optional<url> parse_url(std::string_view text, bool prefix,
                             std::string& error);

} // namespace aps::config
