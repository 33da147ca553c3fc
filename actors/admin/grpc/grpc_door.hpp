#pragma once

#include "actors/node.hpp"

#include <memory>

namespace aps {

/// Opens the monitor over gRPC (`admin.grpc`): what a host gives a node as
/// `node_options::open_grpc`. gRPC's threads live as long as it.
std::unique_ptr<operator_door>
open_grpc_door(const std::shared_ptr<const admin::context>& context);

} // namespace aps
