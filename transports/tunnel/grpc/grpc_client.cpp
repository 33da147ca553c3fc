#include "transports/tunnel/grpc/grpc_client.hpp"

#include "transports/net/sockets.hpp"
#include "transports/tunnel/grpc/grpc_call.hpp"
#include "transports/tunnel/link_errors.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

namespace aps {

namespace {

std::shared_ptr<grpc::Channel> make_channel(stream_ptr stream,
                                            const std::string& authority) {
  grpc::ChannelArguments args;
  for (const auto& [name, value] : tunnel_arguments())
    args.SetInt(name, value);
  args.SetMaxReceiveMessageSize(max_grpc_message);
  args.SetMaxSendMessageSize(max_grpc_message);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomInsecureChannelFromFd(
    authority, release_non_blocking(stream->socket()), args);
}

/// The agent's side of the stream. Holds the call open by AddHold until the
/// stream ended, because the unit starts operations outside of reactions.
class client_call final
  : public basic_grpc_call<
      grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>> {
 public:
  client_call(io_unit& unit, stream_ptr stream, const std::string& authority,
              std::shared_ptr<void> lease, grpc_result done)
      : basic_grpc_call(unit, std::move(lease)),
        channel_(make_channel(std::move(stream), authority)),
        done_(std::move(done)) {}

  void start(std::shared_ptr<grpc_link> link) {
    link_ = std::move(link);
    link_->attach(this);
    grpc::GenericStub stub{channel_};
    stub.PrepareBidiStreamingCall(&context_, connect_method, {}, this);
    AddHold();
    StartCall();
  }

  // -- grpc_call -------------------------------------------------------------

  void finish(close_reason why, const std::string&) override {
    if (why == close_reason::protocol || why == close_reason::stalled)
      return cancel();
    if (!over_)
      StartWritesDone();
  }

  void cancel() override {
    context_.TryCancel();
    if (!reading_)
      release(); // else the read ends, too
  }

  // -- reactions, on gRPC's threads ------------------------------------------

  void OnReadInitialMetadataDone(bool ok) override {
    post([this, ok] {
      if (ok && link_->opened())
        answer(link_error::none, {});
      else
        release();
    });
  }

  void OnDone(const grpc::Status& status) override {
    post([this, status] {
      std::unique_ptr<client_call> self{this};
      const auto why = classify_grpc_status(status.error_code());
      link_->on_done(why, status.error_message());
      answer(why == link_error::none ? link_error::refused : why,
             status.error_message());
    });
  }

 private:
  void on_read_end() override { release(); }

  /// No operation of ours follows; OnDone comes when the last one is complete.
  void release() {
    if (over_)
      return;
    over_ = true;
    RemoveHold();
  }

  void answer(link_error why, const std::string& detail) {
    if (auto done = std::exchange(done_, nullptr))
      done(why == link_error::none ? link_ : nullptr, why, detail);
  }

  grpc::ClientContext context_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc_result done_;
};

} // namespace

link_ptr open_grpc(io_unit& unit, stream_ptr stream,
                   const std::string& authority, std::shared_ptr<void> lease,
                   grpc_result done) {
  auto result
    = std::make_shared<grpc_link>(unit, stream->peer_name(), std::string{});
  auto* call = new client_call(unit, std::move(stream), authority,
                               std::move(lease), std::move(done));
  call->start(result); // deletes itself after OnDone
  return result;
}

} // namespace aps
