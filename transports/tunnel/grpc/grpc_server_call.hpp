#pragma once

#include "transports/tunnel/grpc/grpc_relay.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/status_code_enum.h>

#include <memory>

namespace aps {

/// The node's side of an agent's stream. Gives a link to the relay's front.
/// Thread: gRPC's, inside CreateReactor.
grpc::ServerGenericBidiReactor*
accept_call(grpc::CallbackServerContext* context,
            std::shared_ptr<grpc_relay> relay, std::shared_ptr<void> lease);

/// Ends a stream at once.
grpc::ServerGenericBidiReactor* refuse_call(grpc::StatusCode code,
                                            const char* message);

} // namespace aps
