#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// The numbers of gRPC's status codes, as they stand on the wire.
enum class grpc_status : uint8_t {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
};

/// `grpc-message` on the wire: all but printable ASCII is percent-encoded.
std::string encode_grpc_message(std::string_view text);

/// The way back; what is no such encoding stays as it is.
std::string decode_grpc_message(std::string_view text);

/// The number in `grpc-status`; nothing when it is none.
std::optional<int> parse_grpc_status(std::string_view text) noexcept;

} // namespace aps
