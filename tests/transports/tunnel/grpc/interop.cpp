#define CAF_SUITE grpc_interop

// gRPC C++ with generated stubs, as the honest peer of our own engine.
#include "tests/support/test.hpp"
#include "tests/transports/tunnel/link_harness.hpp"

#include "aps/tunnel/v1/tunnel.grpc.pb.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <array>
#include <functional>
#include <future>
#include <thread>

using namespace aps;
using namespace aps::test;
namespace pb = aps::tunnel::v1;

namespace {

const std::string odd_text = "100% because of ä\n\x7f";

constexpr size_t sizes[] = {0, 1, 4, 5, 1000, 16'384, 65'536, 1'000'000,
                            4 * 1024 * 1024 - 100};

std::string payload_of(size_t size) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>(i * 31 ^ i >> 8);
  return out;
}

/// As many frames as it takes.
pb::Batch batch_of(const std::string& payload) {
  pb::Batch out;
  size_t at = 0;
  do {
    auto& frame = *out.add_frames();
    frame.set_exchange(7);
    frame.mutable_data()->set_payload(payload.substr(at, max_payload_bytes));
    at += max_payload_bytes;
  } while (at < payload.size());
  return out;
}

/// The next so many bytes of payload that a stream brings.
template <class Stream>
std::string read_payload(Stream& from, size_t size) {
  std::string out;
  pb::Batch got;
  do {
    if (!from.Read(&got))
      return "the stream ended";
    for (const auto& frame : got.frames())
      out += frame.data().payload();
  } while (out.size() < size);
  return out;
}

/// What our peers are told, by the reason why we close.
struct closing {
  close_reason why;
  grpc::StatusCode status;
};
constexpr closing closings[]
  = {{close_reason::normal, grpc::StatusCode::OK},
     {close_reason::shutdown, grpc::StatusCode::UNAVAILABLE},
     {close_reason::refused, grpc::StatusCode::UNAUTHENTICATED},
     {close_reason::exhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
     {close_reason::protocol, grpc::StatusCode::INVALID_ARGUMENT},
     {close_reason::stalled, grpc::StatusCode::ABORTED}};

/// Every status of a peer, and what its link ends with.
struct ending {
  grpc::StatusCode status;
  link_error seen;
};
constexpr ending endings[]
  = {{grpc::StatusCode::OK, link_error::none},
     {grpc::StatusCode::CANCELLED, link_error::lost},
     {grpc::StatusCode::UNKNOWN, link_error::lost},
     {grpc::StatusCode::INVALID_ARGUMENT, link_error::protocol},
     {grpc::StatusCode::DEADLINE_EXCEEDED, link_error::timed_out},
     {grpc::StatusCode::NOT_FOUND, link_error::refused},
     {grpc::StatusCode::ALREADY_EXISTS, link_error::lost},
     {grpc::StatusCode::PERMISSION_DENIED, link_error::unauthenticated},
     {grpc::StatusCode::RESOURCE_EXHAUSTED, link_error::exhausted},
     {grpc::StatusCode::FAILED_PRECONDITION, link_error::refused},
     {grpc::StatusCode::ABORTED, link_error::stalled},
     {grpc::StatusCode::OUT_OF_RANGE, link_error::protocol},
     {grpc::StatusCode::UNIMPLEMENTED, link_error::refused},
     {grpc::StatusCode::INTERNAL, link_error::protocol},
     {grpc::StatusCode::UNAVAILABLE, link_error::unavailable},
     {grpc::StatusCode::DATA_LOSS, link_error::lost},
     {grpc::StatusCode::UNAUTHENTICATED, link_error::unauthenticated}};

/// Both as gRPC has them by default, and as small as it takes them.
grpc::ChannelArguments arguments(bool small) {
  grpc::ChannelArguments out;
  out.SetMaxReceiveMessageSize(16 * 1024 * 1024);
  out.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  out.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  out.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  if (small) {
    out.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    out.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
    out.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 16 * 1024);
  }
  return out;
}

/// A real client's stream at our listener.
struct client {
  client(uint16_t port, bool small = false)
      : channel(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                          grpc::InsecureChannelCredentials(),
                                          arguments(small))),
        stub(pb::Tunnel::NewStub(channel)), stream(stub->Connect(&context)) {}

  grpc::ClientContext context;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::Tunnel::Stub> stub;
  std::unique_ptr<grpc::ClientReaderWriter<pb::Batch, pb::Batch>> stream;
};

using server_stream = grpc::ServerReaderWriter<pb::Batch, pb::Batch>;

/// A real server that does with each stream what the test says.
class server : public pb::Tunnel::Service {
 public:
  using handler
    = std::function<grpc::Status(grpc::ServerContext&, server_stream&)>;

  explicit server(handler serve, bool small = false, bool knows_us = true)
      : serve_(std::move(serve)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.SetMaxReceiveMessageSize(16 * 1024 * 1024);
    if (small) {
      builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
      builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
                                 64 * 1024);
      builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 16 * 1024);
    }
    if (knows_us)
      builder.RegisterService(this);
    else // it answers UNIMPLEMENTED
      builder.RegisterCallbackGenericService(&other_);
    server_ = builder.BuildAndStart();
    CAF_REQUIRE(server_);
  }

  ~server() override { stop(); }

  void stop() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  grpc::Status Connect(grpc::ServerContext* context,
                       server_stream* stream) override {
    stream->SendInitialMetadata();
    return serve_(*context, *stream);
  }

  uint16_t port() const { return static_cast<uint16_t>(port_); }

 private:
  const handler serve_;
  int port_ = 0;
  grpc::CallbackGenericService other_;
  std::unique_ptr<grpc::Server> server_;
};

grpc::Status echo(grpc::ServerContext&, server_stream& stream) {
  pb::Batch got;
  while (stream.Read(&got))
    if (!stream.Write(got))
      break;
  return grpc::Status::OK;
}

/// Says how a stream ended for the server: whether it was cancelled.
server::handler telling(std::promise<bool>& gone) {
  return [&gone](grpc::ServerContext& context, server_stream& stream) {
    pb::Batch got;
    while (stream.Read(&got))
      ;
    gone.set_value(context.IsCancelled());
    return grpc::Status::OK;
  };
}

struct fixture : link_fixture {
  /// The link of the next agent, which has shown who it is.
  link_ptr welcomed(const std::shared_ptr<recorder>& listener) {
    auto link = node->take();
    CAF_REQUIRE(link);
    link->send({0, welcome_frame{}});
    start(link, listener);
    return link;
  }

  dial_result dial_grpc(uint16_t to) {
    return dial(transport_kind::grpc, to);
  }
};

/// A recorder that sends back what it hears.
std::shared_ptr<recorder> echoing(std::shared_ptr<link_ptr> link) {
  return std::make_shared<recorder>([link](frame& what) {
    if (std::holds_alternative<data_frame>(what.body))
      (*link)->send(std::move(what));
  });
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(grpc_interop_tests, fixture)

CAF_TEST(a real client sends and gets messages of all sizes) {
  for (const bool small : {false, true}) {
    client peer{port->port(), small};
    const auto link = std::make_shared<link_ptr>(node->take());
    CAF_REQUIRE(*link);
    (*link)->send({0, welcome_frame{}});
    start(*link, echoing(link));
    pb::Batch got;
    CAF_REQUIRE(peer.stream->Read(&got));
    CAF_CHECK(got.frames(0).has_welcome());
    for (const auto size : sizes) {
      const auto payload = payload_of(size);
      CAF_REQUIRE(peer.stream->Write(batch_of(payload)));
      CAF_CHECK(read_payload(*peer.stream, size) == payload);
    }
    (*link)->abort(link_error::none);
    link->reset();
  }
}

CAF_TEST(a real client learns why we close) {
  for (const auto& [why, status] : closings) {
    CAF_MESSAGE(std::string{to_string(why)});
    client peer{port->port()};
    const auto seen = std::make_shared<recorder>();
    const auto link = welcomed(seen);
    link->close(why, odd_text);
    pb::Batch got;
    while (peer.stream->Read(&got))
      ;
    const auto end = peer.stream->Finish();
    CAF_CHECK_EQUAL(end.error_code(), status);
    CAF_CHECK_EQUAL(end.error_message(),
                    status == grpc::StatusCode::OK ? "" : odd_text);
    CAF_CHECK(seen->closed() == link_error::none);
  }
}

CAF_TEST(a real client closes and its last message arrives) {
  client peer{port->port()};
  const auto seen = std::make_shared<recorder>();
  welcomed(seen);
  for (int i = 0; i < 100; ++i)
    CAF_REQUIRE(peer.stream->Write(batch_of(payload_of(1000))));
  peer.stream->WritesDone();
  pb::Batch got;
  while (peer.stream->Read(&got))
    ;
  CAF_CHECK(peer.stream->Finish().ok());
  CAF_CHECK(seen->closed() == link_error::none);
  CAF_CHECK_EQUAL(seen->frames(100).size(), 100u);
}

CAF_TEST(a real client that gives up is lost) {
  for (const bool deadline : {false, true}) {
    auto peer = std::make_unique<client>(port->port());
    const auto seen = std::make_shared<recorder>();
    welcomed(seen);
    if (deadline)
      peer->channel.reset();
    peer->context.TryCancel();
    CAF_CHECK(seen->closed() == link_error::lost);
    pb::Batch got;
    while (peer->stream->Read(&got))
      ;
    CAF_CHECK_EQUAL(peer->stream->Finish().error_code(),
                    grpc::StatusCode::CANCELLED);
  }
}

CAF_TEST(a second stream of a real client is refused and the first goes on) {
  client peer{port->port()};
  const auto link = std::make_shared<link_ptr>(node->take());
  CAF_REQUIRE(*link);
  (*link)->send({0, welcome_frame{}});
  start(*link, echoing(link));
  grpc::ClientContext other;
  other.set_wait_for_ready(false);
  const auto second = peer.stub->Connect(&other);
  pb::Batch got;
  CAF_CHECK(!second->Read(&got));
  CAF_CHECK(!second->Finish().ok());
  CAF_REQUIRE(peer.stream->Read(&got)); // the welcome
  CAF_REQUIRE(peer.stream->Write(batch_of("still there")));
  CAF_REQUIRE(peer.stream->Read(&got));
  CAF_CHECK_EQUAL(got.frames(0).data().payload(), "still there");
  (*link)->abort(link_error::none);
  link->reset();
}

CAF_TEST(a message over the limit ends the link and says why) {
  client peer{port->port()};
  const auto seen = std::make_shared<recorder>();
  welcomed(seen);
  peer.stream->Write(batch_of(std::string(9 * 1024 * 1024, 'x')));
  pb::Batch got;
  while (peer.stream->Read(&got))
    ;
  CAF_CHECK_EQUAL(peer.stream->Finish().error_code(),
                  grpc::StatusCode::INVALID_ARGUMENT);
  CAF_CHECK(seen->closed() == link_error::too_large);
}

CAF_TEST(a real client without a proof may send little) {
  client peer{port->port()};
  const auto link = node->take();
  CAF_REQUIRE(link);
  const auto seen = std::make_shared<recorder>();
  start(link, seen);
  for (int i = 0; i < 100; ++i)
    if (!peer.stream->Write(batch_of(payload_of(1000))))
      break;
  CAF_CHECK(seen->closed());
  CAF_CHECK(seen->frames(0).size() < 66u);
}

CAF_TEST(a call of another method is of no agent) {
  grpc::GenericStub stub{
    grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port->port()),
                              grpc::InsecureChannelCredentials(),
                              arguments(false))};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  const grpc::Slice nothing{std::string{}};
  const grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer reply;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/aps.tunnel.v1.Tunnel/Other", {}, &request, &reply,
                 [&](grpc::Status status) { done.set_value(status); });
  const auto end = done.get_future().get();
  CAF_MESSAGE(end.error_message());
  CAF_CHECK_EQUAL(end.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

CAF_TEST(we send a real server messages of all sizes and get them back) {
  for (const bool small : {false, true}) {
    server peer{echo, small};
    const auto link = dial_grpc(peer.port()).connected;
    CAF_REQUIRE(link);
    const auto seen = std::make_shared<recorder>();
    start(link, seen);
    for (const auto size : sizes) {
      const auto payload = payload_of(size);
      size_t frames = 0;
      do {
        const auto at = frames++ * max_payload_bytes;
        link->send({7, data_frame{0, slice::copy(std::string_view{payload}
                                                   .substr(at,
                                                           max_payload_bytes)),
                                  false}});
      } while (frames * max_payload_bytes < size);
      std::string back;
      for (const auto& frame : seen->frames(frames))
        back += std::get<data_frame>(frame.body).payload.view();
      CAF_CHECK(back == payload);
    }
    link->close(close_reason::normal, "done");
    CAF_CHECK(seen->closed() == link_error::none);
  }
}

CAF_TEST(every status of a real server has its meaning) {
  for (const auto& [status, error] : endings) {
    CAF_MESSAGE("status " << status);
    server peer{[status = status](grpc::ServerContext&, server_stream& stream) {
      stream.Write(batch_of("last words"));
      return status == grpc::StatusCode::OK ? grpc::Status::OK
                                            : grpc::Status{status, odd_text};
    }};
    const auto link = dial_grpc(peer.port()).connected;
    CAF_REQUIRE(link);
    const auto seen = std::make_shared<recorder>();
    start(link, seen);
    CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
    CAF_CHECK(seen->closed() == error);
  }
}

CAF_TEST(a real server sees how we close) {
  struct row {
    close_reason why;
    bool cancelled;
  };
  for (const auto& [why, cancelled] :
       {row{close_reason::normal, false}, row{close_reason::shutdown, false},
        row{close_reason::protocol, true}, row{close_reason::stalled, true}}) {
    CAF_MESSAGE(std::string{to_string(why)});
    std::promise<bool> gone;
    server peer{telling(gone)};
    const auto link = dial_grpc(peer.port()).connected;
    CAF_REQUIRE(link);
    const auto seen = std::make_shared<recorder>();
    start(link, seen);
    link->close(why, "because");
    CAF_CHECK_EQUAL(gone.get_future().get(), cancelled);
    CAF_CHECK(seen->closed() == link_error::none);
  }
}

CAF_TEST(a real server sees an abort) {
  std::promise<bool> gone;
  server peer{telling(gone)};
  const auto link = dial_grpc(peer.port()).connected;
  CAF_REQUIRE(link);
  const auto seen = std::make_shared<recorder>();
  start(link, seen);
  link->abort(link_error::stalled);
  CAF_CHECK(gone.get_future().get());
  CAF_CHECK(seen->closed() == link_error::stalled);
}

CAF_TEST(a real server that stops ends our link) {
  server peer{echo};
  const auto link = dial_grpc(peer.port()).connected;
  CAF_REQUIRE(link);
  const auto seen = std::make_shared<recorder>();
  start(link, seen);
  peer.stop();
  const auto why = seen->closed();
  CAF_CHECK(why == link_error::unavailable || why == link_error::lost);
}

CAF_TEST(a real server that does not know us refuses) {
  server peer{echo, false, false};
  const auto got = dial_grpc(peer.port());
  CAF_CHECK(!got.connected);
  CAF_CHECK(got.error == link_error::refused);
  CAF_MESSAGE(got.detail);
}

CAF_TEST_FIXTURE_SCOPE_END()
