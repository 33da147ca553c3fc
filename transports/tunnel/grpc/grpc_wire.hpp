#pragma once

#include "transports/seam/slice.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace aps {

/// Full name of the one method of aps.tunnel.v1.Tunnel.
inline constexpr std::string_view connect_method
  = "/aps.tunnel.v1.Tunnel/Connect";

/// What every gRPC message begins with: a flag and its length.
inline constexpr size_t grpc_prefix_bytes = 5;

/// A message larger than this ends the stream.
inline constexpr size_t max_grpc_message = 8 * 1024 * 1024;

/// The prefix of a message of so many bytes.
std::array<char, grpc_prefix_bytes> grpc_prefix(size_t bytes) noexcept;

/// Puts the messages of a gRPC stream together again, whose pieces come as
/// they may. Pure; not thread-safe.
class grpc_reader {
 public:
  enum class fault : uint8_t {
    none,
    compressed, ///< nobody asked for that
    too_large,
  };

  /// A message, and what a slice of it keeps in memory.
  struct message {
    slice bytes;
    size_t retained = 0;
  };

  explicit grpc_reader(size_t most) : most_(most) {}

  /// Another limit for messages that begin from now on.
  void limit(size_t most) noexcept { most_ = most; }

  /// Takes bytes from the front of `from`; `out` is a message once there is
  /// one whole. A message that lies in `from` as a whole shares its owner.
  /// Call until there is none. `retained`: what a slice of `from` keeps.
  fault read(slice& from, size_t retained, std::optional<message>& out);

 private:
  fault begin();

  size_t most_;
  std::array<unsigned char, grpc_prefix_bytes> prefix_{};
  size_t have_ = 0; ///< bytes of the prefix
  size_t size_ = 0; ///< of the message that comes
  std::shared_ptr<char[]> block_;
  size_t filled_ = 0;
};

} // namespace aps
