#pragma once

#include "transports/seam/frame.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aps {

/// The key of a tunnel: scrypt (N=16384, r=8, p=1) over the password, salted
/// with the tunnel's name. Computed once at start (some 50 ms); the password
/// itself never crosses the wire. Throws std::runtime_error when OpenSSL fails.
std::string derive_key(std::string_view tunnel, std::string_view password);

/// HMAC-SHA256 with which an agent shows that it has the key:
/// over the node's nonce, tunnel, endpoint, session, transport and its own
/// nonce, each with its length in front; then the `binding` of the TLS channel
/// (tls_facts), unless it is empty, so that who passes the proof on over a
/// channel of its own has none.
std::string agent_proof(std::string_view key, std::string_view node_nonce,
                        const hello_frame& hello, transport_kind transport,
                        std::string_view binding = {});

/// The node's answer over the agent's nonce and proof: a node that does not
/// have the key cannot pose as ours.
std::string node_proof(std::string_view key, const hello_frame& hello);

/// HMAC-SHA256, 32 bytes. Throws std::runtime_error when OpenSSL fails.
std::string keyed_hash(std::string_view key, std::string_view message);

/// SipHash-2-4, 16 bytes: how texts are known within this process, as fast as
/// each request needs it. `key` has `mark_key_bytes`. Throws as `keyed_hash`.
std::string keyed_mark(std::string_view key, std::string_view text);
constexpr size_t mark_key_bytes = 16;

/// SHA-256, 32 bytes. Throws as `keyed_hash`.
std::string sha256(std::string_view text);

/// Comparison in constant time.
bool equal_secrets(std::string_view x, std::string_view y) noexcept;

/// `n` bytes from the system's random source.
std::string random_bytes(size_t n);

} // namespace aps
