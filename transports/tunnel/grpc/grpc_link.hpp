#pragma once

#include "transports/tunnel/link_base.hpp"
#include "transports/wire/codec.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <utility>
#include <vector>

namespace aps {

/// Full name of the one method of aps.tunnel.v1.Tunnel.
inline constexpr const char* connect_method = "/aps.tunnel.v1.Tunnel/Connect";

/// A message larger than this ends the stream.
inline constexpr int max_grpc_message = 8 * 1024 * 1024;

/// Channel arguments that both sides set.
const std::vector<std::pair<const char*, int>>& tunnel_arguments();

/// The gRPC call under a link, as the link sees it. A call belongs to gRPC
/// until its OnDone, and deletes itself on the unit's thread after that.
/// Thread of all methods: the unit's.
class grpc_call {
 public:
  /// Asks for messages from now on.
  virtual void read() = 0;

  /// One at a time; `grpc_link::on_written` follows.
  virtual void write(grpc::ByteBuffer message) = 0;

  /// Begins the closing handshake.
  virtual void finish(close_reason why, const std::string& detail) = 0;

  /// Ends the call at once.
  virtual void cancel() = 0;

  /// The peer showed who it is.
  virtual void authenticated() {}

 protected:
  ~grpc_call() = default;
};

/// A link over one bidirectional gRPC stream: one message per batch. Lives
/// beside its call: each knows the other until the call's end.
class grpc_link final : public link_base {
 public:
  grpc_link(io_unit& unit, std::string peer, std::string server)
      : link_base(unit, transport_kind::grpc, std::move(peer),
                  std::move(server)) {}

  /// Joins the link to its call, before anything else.
  void attach(grpc_call* call) noexcept { call_ = call; }

  // -- what the call reports, on the unit's thread ---------------------------

  void on_message(const codec_fault& fault, frame_batch frames,
                  size_t bytes);
  void on_written(bool ok);

  /// True when the stream opened in time for its owner.
  bool opened() const noexcept { return alive(); }

  /// The peer sends nothing more.
  void on_read_end();

  /// The stream broke.
  void on_lost(link_error why, std::string detail);

  /// The call is over and about to be deleted.
  void on_done(link_error why, std::string detail);

 private:
  void do_start() override;
  void do_write(const frame_batch& frames) override;
  void do_close(close_reason why, const std::string& detail) override;
  void do_abort() override;
  void on_welcome() override;

  grpc_call* call_ = nullptr;
  batch_encoder encoder_;
};

} // namespace aps
