#include "transports/tunnel/grpc/grpc_server_call.hpp"

#include "transports/tunnel/grpc/grpc_call.hpp"
#include "transports/tunnel/link_errors.hpp"

#include <optional>

namespace aps {

namespace {

/// Calls Finish exactly once, also when the stream was cancelled, and touches
/// neither gRPC nor its context after that: OnDone may come at any time then.
class server_call final
  : public basic_grpc_call<grpc::ServerGenericBidiReactor> {
 public:
  server_call(grpc::CallbackServerContext* context,
              std::shared_ptr<grpc_relay> relay, std::shared_ptr<void> lease)
      : basic_grpc_call(relay->unit(), std::move(lease)), context_(context),
        relay_(std::move(relay)) {
    StartSendInitialMetadata(); // shows the agent that the stream is open
    post([this] { adopt(); });
  }

  // -- grpc_call -------------------------------------------------------------

  void finish(close_reason why, const std::string& detail) override {
    const auto code = static_cast<grpc::StatusCode>(grpc_status_of(why));
    finish_with({code, code == grpc::StatusCode::OK ? "" : detail});
    relay_->linger();
  }

  void cancel() override {
    if (!over_)
      context_->TryCancel();
    finish_with(grpc::Status::CANCELLED);
    relay_->close();
  }

  void authenticated() override { relay_->authenticated(); }

  // -- reactions, on gRPC's threads ------------------------------------------

  void OnCancel() override {
    post([this] {
      link_->on_lost(link_error::lost, "the stream was cancelled");
      finish_with(grpc::Status::CANCELLED);
    });
  }

  void OnDone() override {
    post([this] {
      std::unique_ptr<server_call> self{this};
      relay_->linger();
      link_->on_done(link_error::none, "closed by the peer");
    });
  }

 private:
  void adopt() {
    link_ = std::make_shared<grpc_link>(unit_, relay_->peer(),
                                        relay_->from().server);
    link_->attach(this);
    relay_->from().to->on_link(link_);
  }

  void on_read_end() override { link_->on_read_end(); }

  void after_write(bool ok) override {
    if (last_)
      finish_with(*last_);
    else
      link_->on_written(ok);
  }

  /// Waits for the write in flight, if any.
  void finish_with(const grpc::Status& status) {
    if (over_)
      return;
    if (writing_) {
      last_ = status;
      return;
    }
    over_ = true;
    Finish(status);
  }

  grpc::CallbackServerContext* context_; // gRPC's, until Finish
  std::shared_ptr<grpc_relay> relay_;
  std::optional<grpc::Status> last_;
};

class refused_call final : public grpc::ServerGenericBidiReactor {
 public:
  refused_call(grpc::StatusCode code, const char* message) {
    Finish({code, message});
  }
  void OnDone() override { delete this; }
};

} // namespace

grpc::ServerGenericBidiReactor*
accept_call(grpc::CallbackServerContext* context,
            std::shared_ptr<grpc_relay> relay, std::shared_ptr<void> lease) {
  return new server_call(context, std::move(relay), std::move(lease));
}

grpc::ServerGenericBidiReactor* refuse_call(grpc::StatusCode code,
                                            const char* message) {
  return new refused_call(code, message);
}

} // namespace aps
