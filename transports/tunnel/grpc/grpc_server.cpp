#include "transports/tunnel/grpc/grpc_server.hpp"

#include "transports/tunnel/grpc/grpc_call.hpp"
#include "transports/tunnel/grpc/grpc_server_call.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace aps {

namespace {

using external_acceptor = grpc::experimental::ExternalConnectionAcceptor;

constexpr int max_streams = 8;
constexpr int max_metadata_bytes = 8 * 1024;
constexpr std::chrono::seconds shutdown_timeout{2};

} // namespace

/// Relays by the name under which gRPC knows them.
class grpc_server::relay_registry {
 public:
  void add(const std::string& name, const std::shared_ptr<grpc_relay>& relay) {
    std::lock_guard guard{mutex_};
    if (all_.size() >= next_sweep_) {
      std::erase_if(all_, [](const auto& item) {
        return item.second.expired();
      });
      next_sweep_ = std::max<size_t>(64, all_.size() * 2);
    }
    all_[name] = relay;
  }

  /// The relay whose stream says it comes from `peer`.
  std::shared_ptr<grpc_relay> find(std::string_view peer) {
    // "unix-abstract:" and, escaped or not, the name without its first byte.
    const auto colon = peer.rfind(':');
    if (colon == std::string_view::npos)
      return nullptr;
    std::lock_guard guard{mutex_};
    auto i = all_.find(std::string{peer.substr(colon + 1)});
    return i == all_.end() ? nullptr : i->second.lock();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<grpc_relay>> all_;
  size_t next_sweep_ = 64;
};

/// Answers every method: the tunnel's with a call, others with UNIMPLEMENTED.
class grpc_server::service final : public grpc::CallbackGenericService {
 public:
  service(relay_registry& relays, std::shared_ptr<void> lease)
      : relays_(relays), lease_(std::move(lease)) {}

  grpc::ServerGenericBidiReactor*
  CreateReactor(grpc::GenericCallbackServerContext* context) override {
    if (context->method() != connect_method)
      return refuse_call(grpc::StatusCode::UNIMPLEMENTED, "no such method");
    auto relay = relays_.find(context->peer());
    if (!relay)
      return refuse_call(grpc::StatusCode::UNAVAILABLE, "connection is gone");
    if (!relay->claim())
      return refuse_call(grpc::StatusCode::RESOURCE_EXHAUSTED,
                         "one stream per connection");
    return accept_call(context, std::move(relay), lease_);
  }

 private:
  relay_registry& relays_;
  std::shared_ptr<void> lease_;
};

struct grpc_server::implementation {
  explicit implementation(std::shared_ptr<void> lease)
      : tunnel(relays, std::move(lease)) {}

  relay_registry relays;
  service tunnel;
  std::unique_ptr<external_acceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
};

grpc_server::grpc_server(std::shared_ptr<void> lease)
    : impl_(std::make_unique<implementation>(std::move(lease))) {
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&impl_->tunnel);
  builder.SetMaxReceiveMessageSize(max_grpc_message);
  builder.SetMaxSendMessageSize(max_grpc_message);
  for (const auto& [name, value] : tunnel_arguments())
    builder.AddChannelArgument(name, value);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, max_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, max_metadata_bytes);
  impl_->acceptor = builder.experimental().AddExternalConnectionAcceptor(
    grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
    grpc::InsecureServerCredentials());
  impl_->server = builder.BuildAndStart();
  if (!impl_->server)
    throw std::runtime_error("cannot start gRPC");
}

grpc_server::~grpc_server() {
  impl_->server->Shutdown(std::chrono::system_clock::now()
                          + shutdown_timeout);
  impl_->server->Wait();
}

std::shared_ptr<grpc_relay> grpc_server::adopt(io_unit& unit, stream_ptr stream,
                                               std::string already_read,
                                               relay_origin from) {
  auto relay
    = std::make_shared<grpc_relay>(unit, std::move(stream), std::move(from));
  std::string name;
  external_acceptor::NewConnectionParameters connection;
  connection.fd = relay->open(name);
  if (connection.fd < 0)
    return nullptr;
  impl_->relays.add(name, relay);
  impl_->acceptor->HandleNewConnection(&connection);
  relay->start(std::move(already_read));
  return relay;
}

} // namespace aps
