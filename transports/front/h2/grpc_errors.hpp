#pragma once

#include "transports/http2/grpc_status.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/outcome.hpp"

#include <string>
#include <string_view>

namespace aps {

/// Whether a request is a gRPC call: its client looks for a gRPC status.
bool is_grpc_call(const header_list& fields) noexcept;

/// The nearest gRPC status (gRPC's "HTTP to gRPC Status Code Mapping", and what
/// the outcome means).
grpc_status grpc_status_of(outcome outcome) noexcept;

/// The node's own answer to a gRPC call: trailers only, of an HTTP status 200
/// (gRPC over HTTP/2, "Responses"). `request` is the request's id.
header_list grpc_error_fields(outcome outcome, std::string_view detail,
                              const std::string& request);

} // namespace aps
