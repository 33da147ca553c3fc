#include "actors/admin/grpc/grpc_server.hpp"

#include "config/host.hpp"
#include "config/syntax/expand.hpp"

#include <arpa/inet.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace aps::admin {

namespace {

constexpr size_t max_pem = 1 << 20;     // bytes of a file
constexpr int max_message = 64 * 1024;  // bytes that a call may bring
constexpr int max_metadata = 16 * 1024; // bytes
constexpr int max_calls = 256;          // of a connection at a time
constexpr size_t max_memory = 64 << 20; // bytes that gRPC itself may hold
constexpr int max_reflection_threads = 8;
constexpr unsigned certificate_interval = 2; // s between looks at the files

// Milliseconds.
constexpr int keepalive_time = 10'000;
constexpr int keepalive_timeout = 10'000;
constexpr int least_ping_interval = 5'000; // of clients
constexpr int handshake_time = 10'000;
constexpr int idle_time = 300'000;

// gRPC does not tell why it cannot read a file.
void demand(const std::string& file) {
  if (const auto found = config::system_source().read(file, max_pem);
      !found.error.empty())
    throw std::runtime_error("$.admin.grpc.tls: " + file + ": " + found.error);
}

std::shared_ptr<grpc::ServerCredentials>
credentials_of(const config::admin_grpc& settings) {
  if (!settings.tls)
    return grpc::InsecureServerCredentials();
  namespace tls = grpc::experimental;
  const auto& files = settings.tls->certificates.front();
  const auto& authorities = settings.tls->client_ca;
  demand(files.key);
  demand(files.cert);
  if (!authorities.empty())
    demand(authorities);
  // Looks at the files by itself, and keeps what it has while they are none.
  tls::TlsServerCredentialsOptions options{
    std::make_shared<tls::FileWatcherCertificateProvider>(
      files.key, files.cert, authorities, certificate_interval)};
  options.watch_identity_key_cert_pairs();
  if (!authorities.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls::TlsServerCredentials(options);
}

void limit_calls(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(max_message);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, max_metadata);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, max_calls);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             handshake_time);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_time);
  // Who is dead is found out, and who asks the same of us is not cut.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_time);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout);
  builder.AddChannelArgument(
    GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, least_ping_interval);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Windows stay as they are, or what a slow reader holds would grow.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // Two nodes at one port would share its callers.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota{"admin.grpc"};
  quota.Resize(max_memory);
  quota.SetMaxThreads(max_reflection_threads);
  builder.SetResourceQuota(quota);
}

// Its own log knows nothing of ours; what matters is told otherwise. Who looks
// for a fault of gRPC sets its variables.
void silence() {
  if (!std::getenv("GRPC_VERBOSITY") && !std::getenv("GRPC_TRACE"))
    gpr_set_log_function([](gpr_log_func_args*) {});
}

// Why the system would not let anybody listen there. gRPC does not tell.
std::error_code listen_error(const std::string& host, uint16_t port) {
  const bool v6 = config::is_ipv6(host);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  inet_pton(v6 ? AF_INET6 : AF_INET, host.c_str(),
            v6 ? static_cast<void*>(&six.sin6_addr) : &four.sin_addr);
  const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto* address = v6 ? reinterpret_cast<const sockaddr*>(&six)
                           : reinterpret_cast<const sockaddr*>(&four);
  const socklen_t size = v6 ? sizeof six : sizeof four;
  const bool works
    = fd >= 0 && ::bind(fd, address, size) == 0 && ::listen(fd, 1) == 0;
  const std::error_code error{works ? 0 : errno, std::generic_category()};
  if (fd >= 0)
    ::close(fd);
  return error;
}

[[noreturn]] void fail(const std::string& host, uint16_t port) {
  const auto error = listen_error(host, port);
  throw std::runtime_error(
    "$.admin.grpc: cannot listen on " + config::authority(host, port) + ": "
    + (error ? error.message() : std::string{"gRPC gives no reason"})
    + (error == std::errc::address_in_use ? "; is another node running?" : ""));
}

} // namespace

open_server open_grpc_server(const config::admin_grpc& settings,
                             grpc::Service& service) {
  silence();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  const auto host = settings.host == "localhost" ? "127.0.0.1" : settings.host;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(config::authority(host, settings.port),
                           credentials_of(settings), &port);
  limit_calls(builder);
  // Reflection alone is served by threads of its own.
  using option = grpc::ServerBuilder::SyncServerOption;
  builder.SetSyncServerOption(option::NUM_CQS, 1);
  builder.SetSyncServerOption(option::MIN_POLLERS, 1);
  builder.SetSyncServerOption(option::MAX_POLLERS, 1);
  builder.RegisterService(&service);
  open_server out{builder.BuildAndStart(), static_cast<uint16_t>(port)};
  if (!out.server || port == 0)
    fail(host, settings.port);
  return out;
}

} // namespace aps::admin
