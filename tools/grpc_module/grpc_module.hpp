#pragma once

#include "actors/node.hpp"

#include <memory>

namespace aps {

/// Opens the monitor over gRPC like `open_grpc_door`, out of a module that is
/// loaded then: gRPC's libraries cost a process that has loaded them megabytes,
/// used or not. The module lies beside the program, or in ../lib/aps; throws
/// std::runtime_error when it cannot be loaded. It is never unloaded.
std::unique_ptr<operator_door>
open_grpc_module(const std::shared_ptr<const admin::context>& context);

} // namespace aps
