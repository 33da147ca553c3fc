#pragma once

#include "actors/admin/grpc/grpc_door.hpp"
#include "actors/agent.hpp"
#include "actors/events.hpp"
#include "aps/admin/v1/admin.grpc.pb.h"
#include "tests/embedded/support.hpp"

#include <grpcpp/create_channel.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace aps::test {

namespace wire = ::aps::admin::v1;

inline node_options speaking_grpc() {
  node_options out;
  out.open_grpc = &open_grpc_door;
  return out;
}

/// A node of this process whose monitor speaks gRPC on a free port.
struct monitored_node {
  explicit monitored_node(std::string token = {}) {
    config = node_config();
    config.admin->token = std::move(token);
    config.admin->grpc.emplace().port = 0;
    node = spawn_node(app.system, config, app.net, silent(), speaking_grpc());
  }

  std::shared_ptr<grpc::Channel> channel() const {
    // One connection each, as of one program each.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(node->grpc_port()),
      grpc::InsecureChannelCredentials(), arguments);
  }

  std::unique_ptr<wire::Monitor::Stub> stub() const {
    return wire::Monitor::NewStub(channel());
  }

  /// An agent that dials in over WebSocket.
  std::unique_ptr<agent> make_agent() {
    agent_options out;
    out.servers = {{"127.0.0.1", node->ports().at("main")}};
    out.tunnel = "t";
    out.endpoint = "e";
    out.password = "secret";
    out.transports = {transport_kind::websocket};
    return spawn_agent(app.system, out, app.net, silent());
  }

  host app;
  config::node config;
  std::unique_ptr<aps::node> node;
};

/// What a call needs beside its request: a deadline, and perhaps a token.
struct call_context : grpc::ClientContext {
  explicit call_context(const std::string& token = {}) {
    set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    if (!token.empty())
      AddMetadata("authorization", "Bearer " + token);
  }
};

/// A reader of Watch on a thread of its own.
class reader {
 public:
  reader(const monitored_node& node, const wire::WatchRequest& request)
      : stub_(node.stub()), thread_([this, request] { run(request); }) {}

  ~reader() {
    context_.TryCancel();
    thread_.join();
  }

  std::vector<wire::Event> events() const {
    const std::lock_guard guard{mutex_};
    return events_;
  }

  /// Whether a snapshot has come.
  bool begun() const { return !events().empty(); }

  /// How it ended; nothing = it runs.
  std::optional<grpc::Status> status() const {
    const std::lock_guard guard{mutex_};
    return status_;
  }

 private:
  void run(const wire::WatchRequest& request) {
    const auto stream = stub_->Watch(&context_, request);
    wire::Event event;
    while (stream->Read(&event)) {
      const std::lock_guard guard{mutex_};
      events_.push_back(event);
    }
    const auto status = stream->Finish();
    const std::lock_guard guard{mutex_};
    status_ = status;
  }

  std::unique_ptr<wire::Monitor::Stub> stub_;
  call_context context_;
  mutable std::mutex mutex_;
  std::vector<wire::Event> events_;    // by mutex_
  std::optional<grpc::Status> status_; // by mutex_
  std::thread thread_;
};

} // namespace aps::test
