#pragma once

#include "transports/tunnel/grpc/grpc_relay.hpp"

#include <memory>
#include <string>

namespace aps {

/// gRPC's side of the one port: takes connections that the listeners accepted
/// and turns each stream into a link for its `front`. It has no port of its
/// own. Threads: any.
class grpc_server {
 public:
  /// Starts gRPC; throws std::runtime_error when that fails. `lease` is held
  /// by every call.
  explicit grpc_server(std::shared_ptr<void> lease);

  /// Ends all calls and waits for them. Not from a unit's thread: the calls
  /// need their units to end.
  ~grpc_server();

  grpc_server(const grpc_server&) = delete;
  grpc_server& operator=(const grpc_server&) = delete;

  /// Takes over a connection that began with the HTTP/2 preface. The returned
  /// relay is there to be closed; null when there are no more sockets.
  /// Thread: the unit's, to which the stream belongs.
  std::shared_ptr<grpc_relay> adopt(io_unit& unit, stream_ptr stream,
                                    std::string already_read,
                                    relay_origin from);

 private:
  class relay_registry;
  class service;
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace aps
