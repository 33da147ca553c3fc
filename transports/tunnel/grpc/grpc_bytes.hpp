#pragma once

#include "transports/wire/codec.hpp"

#include <grpcpp/support/byte_buffer.h>

namespace aps {

/// A gRPC message of these parts; big parts are shared, not copied.
grpc::ByteBuffer to_byte_buffer(const std::vector<slice>& parts);

/// Reads a gRPC message. Big payloads share its memory. Thread: any.
codec_fault decode(const grpc::ByteBuffer& message, frame_batch& out);

} // namespace aps
