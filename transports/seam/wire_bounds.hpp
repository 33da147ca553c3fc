#pragma once

#include <cstddef>
#include <cstdint>

/// What a frame may hold at most, for everyone who has to keep to it before
/// something is sent: the HTTP front, targets, the check of configurations.
/// proto/aps/tunnel/v1/tunnel.proto says the same to others.
namespace aps {

/// Header fields of one head, and trailers of one end.
inline constexpr size_t max_head_fields = 1024;

/// Bytes of all texts of one head together, names and values included.
inline constexpr size_t max_head_bytes = 272 * 1024;

/// Single texts of a request's head.
inline constexpr size_t max_method_bytes = 256;
inline constexpr size_t max_scheme_bytes = 16;
inline constexpr size_t max_authority_bytes = 4096;
inline constexpr size_t max_upgrade_bytes = 1024;
inline constexpr size_t max_server_name_bytes = 255;

/// What `http.max_headers` and `http.max_header_bytes` may be at most: a
/// frame has to take what the node adds of its own, too.
inline constexpr size_t max_visitor_fields = max_head_fields - 24;
inline constexpr size_t max_visitor_head_bytes = max_head_bytes - 16 * 1024;

/// What a window may grow to, whoever gives it; beyond `max_window` and
/// `max_response_window` as long as `most_window_growth` lasts.
inline constexpr uint32_t max_grown_window = 16 * 1024 * 1024;

/// Bytes by which the windows of all exchanges of a node or an agent, as
/// senders and as receivers, may have grown together.
inline constexpr size_t most_window_growth = 64 * 1024 * 1024;

/// Payload of one data frame.
inline constexpr size_t max_payload_bytes = 1024 * 1024;

/// Of one datagram frame: what UDP over IPv6 can carry.
inline constexpr size_t max_datagram_bytes = 65535 - 8;

/// Credit that a peer may give us, whatever it says: for requests, which the
/// node keeps, and for answers, which the agent keeps (`exchange_window`).
inline constexpr uint32_t max_window = 512 * 1024;
inline constexpr uint32_t max_response_window = 4 * 1024 * 1024;

/// Interim (1xx) heads of one exchange, and their bytes together. Kept by the
/// agent for as long as it may have to send them again.
inline constexpr size_t max_interim_heads = 32;
inline constexpr size_t max_interim_bytes = 128 * 1024;

/// Answers to what a peer sent (pongs, acks, resets, resumed) that may wait
/// for it to read, in bytes of frame::weight. Who has more waiting does not
/// read at all, and loses its link.
inline constexpr size_t max_waiting_answers = 1024 * 1024;

/// Frames of exchanges that an agent's connection keeps, in bytes, until
/// their exchanges are there.
inline constexpr size_t max_early_bytes = 8 * 1024 * 1024;

/// Exchanges that an agent has at a time, and ids of former ones that it
/// remembers so that none is executed twice.
inline constexpr size_t max_agent_exchanges = 16 * 1024;
inline constexpr size_t max_tombstones = 64 * 1024;

} // namespace aps
