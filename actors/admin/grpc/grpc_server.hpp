#pragma once

#include "config/config.hpp"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <memory>

namespace aps::admin {

/// A server of gRPC that listens, and where.
struct open_server {
  std::unique_ptr<grpc::Server> server;
  uint16_t port = 0;
};

/// Opens the port of `admin.grpc` for `service`, with health checks and
/// reflection. Throws std::runtime_error naming key, address and reason.
open_server open_grpc_server(const config::admin_grpc& settings,
                             grpc::Service& service);

} // namespace aps::admin
