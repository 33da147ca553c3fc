#pragma once

#include "actors/admin/grpc/watch/watcher.hpp"
#include "transports/seam/limits/hold.hpp"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <string>

namespace aps::admin {

/// One call of Watch on gRPC's side. Each of gRPC's callbacks is one message to
/// the watcher, which alone writes and ends. Owns itself until gRPC is done
/// with it; `use` and `share` live as long.
class watch_call final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                         public watch_sink {
 public:
  watch_call(hold use, hold share)
      : use_(std::move(use)), share_(std::move(share)) {}

  // -- watch_sink -------------------------------------------------------------

  void begin(caf::actor watcher) override;
  void write(std::string message) override;
  void end(const grpc::Status& status) override { Finish(status); }

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

  void lose_reader();

  hold use_;
  hold share_;
  grpc::ByteBuffer message_; ///< on its way
  std::mutex mutex_;
  caf::actor watcher_; // by mutex_
  bool gone_ = false;  // by mutex_
};

} // namespace aps::admin
