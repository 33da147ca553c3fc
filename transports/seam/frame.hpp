#pragma once

#include "transports/seam/outcome.hpp"
#include "transports/seam/slice.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aps {

/// The protocol version this code speaks.
inline constexpr uint32_t protocol_version = 1;

/// Identifies an exchange; never 0. Unique within a node process and, by its
/// random start, in practice between node processes.
using exchange_id = uint64_t;

/// 128 random bits made at agent start, the same on all its connections.
using session_id = std::array<uint8_t, 16>;

/// In order of preference. The numbers are wire format: from 1, without gaps.
enum class transport_kind : uint8_t { grpc = 1, websocket = 2, poll = 3 };

inline constexpr auto preferred_transport = transport_kind::grpc;
inline constexpr auto last_transport = transport_kind::poll;
inline constexpr auto transport_kinds = static_cast<size_t>(last_transport);
static_assert(static_cast<size_t>(preferred_transport) == 1);

/// Position of a transport in lists of all.
constexpr size_t index_of(transport_kind kind) noexcept {
  return static_cast<size_t>(kind) - 1;
}

/// All of them, each at its index.
inline constexpr auto all_transports = [] {
  std::array<transport_kind, transport_kinds> out{};
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<transport_kind>(i + 1);
  return out;
}();

/// "grpc", "websocket" or "poll".
constexpr std::string_view to_string(transport_kind kind) noexcept {
  switch (kind) {
    case transport_kind::grpc: return "grpc";
    case transport_kind::websocket: return "websocket";
    case transport_kind::poll: return "poll";
  }
  return "unknown";
}

/// Lower-case hexadecimal digits of arbitrary bytes.
std::string to_hex(std::string_view bytes);
std::string to_hex(const session_id& id);

struct header {
  std::string name;
  std::string value;
  bool operator==(const header&) const = default;
};
using header_list = std::vector<header>;

/// The first header of that name (case-insensitive), or null.
const header* find_header(const header_list& headers,
                          std::string_view name) noexcept;

/// Case-insensitive comparison of ASCII text.
bool iequals(std::string_view x, std::string_view y) noexcept;

/// What the bytes of an exchange are.
enum class exchange_kind : uint8_t {
  request, ///< one message each way
  upgrade, ///< a request to switch protocols, and the other protocol's bytes
  stream,  ///< bytes each way, whatever they mean, and an end of each way;
           ///< or datagrams (`request_head::carries_datagrams`)
};

/// Whether who is reached by a URL of that scheme gets bytes and no request.
constexpr bool is_stream_scheme(std::string_view scheme) noexcept {
  return scheme == "tcp" || scheme == "udp";
}

/// Which HTTP an origin is asked in. The numbers are wire format.
enum class origin_protocol : uint8_t {
  http1 = 0,      ///< HTTP/1.1
  negotiated = 1, ///< what TLS brings (ALPN); HTTP/1.1 without TLS
  http2 = 2,      ///< HTTP/2 alone; without TLS by prior knowledge
};

/// In what a mapping's origin is asked: `h2c` = it is known to speak HTTP/2,
/// `http2` = it may if it says so.
constexpr origin_protocol origin_protocol_of(bool h2c, bool http2) noexcept {
  return h2c     ? origin_protocol::http2
         : http2 ? origin_protocol::negotiated
                 : origin_protocol::http1;
}

/// With which header of the PROXY protocol a target's connection begins. The
/// numbers are wire format.
enum class proxy_version : uint8_t { none = 0, v1 = 1, v2 = 2 };

/// The version of that number; 0 = none.
constexpr proxy_version proxy_version_of(unsigned number) noexcept {
  return number <= 2 ? static_cast<proxy_version>(number) : proxy_version::none;
}

/// What stands before the path of a Unix socket in `request_head::authority`.
inline constexpr std::string_view unix_prefix = "unix:";

constexpr bool is_unix_authority(std::string_view authority) noexcept {
  return authority.starts_with(unix_prefix);
}

/// What the agent shall ask the origin. Immutable once made.
struct request_head {
  std::string method;
  std::string scheme = "http"; ///< http | https; tcp | udp = a stream
  std::string authority;       ///< host[:port] of the origin, or unix:PATH
  std::string path = "/";      ///< path and query (origin-form)
  header_list headers;         ///< end-to-end headers, Host included
  bool last = true;            ///< no body follows
  std::optional<uint64_t> content_length;

  /// The protocols that the visitor would switch to, as it wrote them; empty =
  /// none. Such a request has no end before its answer: its stream is the body
  /// (of `content_length`, or in chunks with their framing where `headers`
  /// have a Transfer-Encoding), and after a 101 the other protocol's bytes.
  std::string upgrade;

  /// The visitor's TCP connection, the same number for all its requests; a
  /// target that authenticates connections gets one for each. 0 = not said.
  uint64_t visitor = 0;

  /// Upgrades are asked for in HTTP/1.1 all the same, but for WebSockets where
  /// the origin takes them over HTTP/2.
  origin_protocol protocol = origin_protocol::http1;

  /// What an https origin's certificate has to be for, and what is asked for
  /// by SNI; empty = the host of `authority`.
  std::string server_name = {};

  /// Which of `origin_options::tls` is used; 0 = none. Not sent.
  uint32_t origin_tls = 0;

  /// Its connection begins so, and serves nobody else.
  proxy_version proxy = proxy_version::none;

  /// What the header says: "SOURCE DESTINATION", each ip:port, the ends of the
  /// visitor's connection; empty = it is asked for by ourselves.
  std::string proxy_ends = {};

  exchange_kind kind() const noexcept {
    return !upgrade.empty()           ? exchange_kind::upgrade
           : is_stream_scheme(scheme) ? exchange_kind::stream
                                      : exchange_kind::request;
  }

  /// Whether there are `datagram_frame`s instead of data.
  bool carries_datagrams() const noexcept { return scheme == "udp"; }
};
using request_head_ptr = std::shared_ptr<const request_head>;

/// Whether a request may be sent twice: by its method (RFC 9110, 9.2.2), or
/// because its sender gave it an Idempotency-Key. One that switches protocols
/// may not.
bool is_idempotent(const request_head& head) noexcept;

/// What the origin answered. A 1xx status other than 101 is interim.
struct response_head {
  uint16_t status = 200;
  std::string reason;
  header_list headers;
  bool last = false; ///< no body follows
  std::optional<uint64_t> content_length;

  bool interim() const noexcept {
    return status >= 100 && status < 200 && status != 101;
  }
};
using response_head_ptr = std::shared_ptr<const response_head>;

/// Why the node does not take a connection. The numbers are wire format.
enum class refusal : uint8_t {
  bad_proof = 1,    ///< unknown tunnel or wrong password (not told apart)
  version = 2,      ///< no common protocol version
  not_here = 3,     ///< the tunnel does not accept agents on this server
  disabled = 4,     ///< this transport is switched off for the tunnel
  pool_full = 5,    ///< max_pool_size reached: try later
  draining = 6,     ///< the node shuts down
  malformed = 7,    ///< the hello is incomplete or out of order
  replaced = 8,     ///< a newer session of the same agent is here
  endpoints = 9,    ///< the tunnel has all the endpoints it may have
  not_secure = 10,  ///< the tunnel wants TLS from end to end
  certificate = 11, ///< none, or none for this endpoint, which it wants
};
inline constexpr auto last_refusal = refusal::certificate;

std::string_view render(refusal why) noexcept;

/// The machine-readable word, e.g. "bad-password".
std::string_view to_string(refusal why) noexcept;

// -- frames about the connection --------------------------------------------

struct challenge_frame {
  uint32_t version = protocol_version;
  std::string nonce;
  std::string node;
  /// The node sees the TLS of this connection: proofs over it have its channel
  /// in them.
  bool bound = false;
};

/// Of `hello_frame::features`: the proof has the TLS channel in it.
inline constexpr uint64_t bound_proof_feature = 1;

/// The same: it heeds `request_head::protocol`.
inline constexpr uint64_t http2_origin_feature = 2;

/// The same: it heeds `request_head::server_name`.
inline constexpr uint64_t server_name_feature = 4;

/// The same: it heeds `request_head::proxy`.
inline constexpr uint64_t proxy_header_feature = 8;

/// The same: it knows streams (`exchange_kind::stream`).
inline constexpr uint64_t stream_feature = 16;

/// The same: it finds a target at the path of a Unix socket.
inline constexpr uint64_t unix_target_feature = 32;

/// The same: it knows `datagram_frame`. 64 was said by who knows datagrams as
/// bytes of a stream.
inline constexpr uint64_t datagram_feature = 128;

struct hello_frame {
  uint32_t version = protocol_version;
  uint64_t features = 0;
  std::string tunnel;
  std::string endpoint;
  session_id session{};
  std::string nonce;
  std::string proof;
  std::string software;
  /// Names the agent across its restarts; empty = it does not say.
  std::string instance;
  /// When the agent process started, ms since 1970: the newer one wins.
  uint64_t started_ms = 0;
};

/// What an agent with these features does not know of how the head wants a
/// target asked, in words; empty = it knows all.
inline std::string_view lacking(uint64_t features,
                                const request_head& head) noexcept {
  const struct {
    bool wanted;
    uint64_t feature;
    std::string_view words;
  } rows[] = {
    {head.kind() == exchange_kind::stream, stream_feature, "for a stream"},
    {head.carries_datagrams(), datagram_feature, "for datagrams"},
    {is_unix_authority(head.authority), unix_target_feature,
     "at a Unix socket"},
    {head.proxy != proxy_version::none, proxy_header_feature,
     "with a PROXY header"},
    {!head.server_name.empty(), server_name_feature,
     "for the certificate of another name"},
    {head.protocol == origin_protocol::http2, http2_origin_feature,
     "in HTTP/2"},
  };
  for (const auto& row : rows)
    if (row.wanted && (features & row.feature) == 0)
      return row.words;
  return {};
}

/// Whether an agent with these features asks as the head says: one that does
/// not know a field would ask in HTTP/1.1, whoever is at that address, or
/// without a header.
inline bool understands(uint64_t features, const request_head& head) noexcept {
  return lacking(features, head).empty();
}

struct welcome_frame {
  uint64_t features = 0;
  std::string proof;
  std::string connection;
  uint32_t resume_time_ms = 0;
  /// That serve the endpoint, this one counted; 0 = the node does not say.
  uint32_t agents = 0;
  /// The place of a session of the same instance that was still connected.
  bool took_over = false;
};

/// Of `welcome_frame::features`: the node takes `publish_frame`s.
inline constexpr uint64_t publishing_feature = 1;

struct refused_frame {
  refusal code = refusal::malformed;
  std::string message;
  uint32_t retry_after_ms = 0;
};

struct ping_frame {
  uint64_t token = 0;
};

struct pong_frame {
  uint64_t token = 0;
};

struct open_connections_frame {
  transport_kind transport = preferred_transport;
  uint32_t count = 0;
  std::string reason;
  uint32_t total = 0; ///< an old wish, so not beyond so many; 0 = a new one
};

struct drain_frame {
  std::string reason;
  bool replace = false;
};

/// All that a session wants to be found as; what it had and does not repeat is
/// given up.
struct publish_frame {
  uint32_t serial = 0; ///< comes back in the answer
  header_list names;   ///< name as asked for, URL of the target
};

/// What became of it.
struct published_frame {
  uint32_t serial = 0;
  header_list granted; ///< name as asked for, public URL
  header_list refused; ///< name as asked for, why
};

// -- frames about an exchange -----------------------------------------------

struct request_frame {
  uint32_t attempt = 1;
  uint32_t window = 0; ///< initial credit for the response body, bytes
  request_head_ptr head;
};

struct response_frame {
  response_head_ptr head;
};

struct data_frame {
  uint64_t offset = 0;
  slice payload;
  bool last = false;
  bool blocked = false; ///< the sender's credit ends with it
};

/// One datagram, which is sent once or not at all.
struct datagram_frame {
  uint64_t offset = 0; ///< what those before it took (`datagram_cost`)
  slice payload;
};

struct end_frame {
  uint64_t offset = 0;
  header_list trailers;
};

struct reset_frame {
  outcome code = outcome::internal;
  std::string message;
};

struct ack_frame {
  uint64_t offset = 0;
  uint32_t window = 0;
  bool ended = false;
};

struct resume_frame {
  uint32_t attempt = 1;
  uint64_t received = 0;
  uint32_t heads = 0;
};

struct resumed_frame {
  uint32_t attempt = 1;
  bool known = false;
  uint64_t received = 0;
  bool ended = false;
};

/// One message of the tunnel protocol: a plain value whose payload
/// shares its buffer.
struct frame {
  using kind
    = std::variant<challenge_frame, hello_frame, welcome_frame, refused_frame,
                   ping_frame, pong_frame, open_connections_frame, drain_frame,
                   request_frame, response_frame, data_frame, end_frame,
                   reset_frame, ack_frame, resume_frame, resumed_frame,
                   publish_frame, published_frame, datagram_frame>;
  exchange_id exchange = 0; ///< 0 = about the connection
  kind body;

  /// Bytes this frame roughly takes on the wire; for batching and limits.
  size_t weight() const noexcept;
};

using frame_batch = std::vector<frame>;

} // namespace aps
