#include "actors/admin/grpc/monitor_service.hpp"

#include "actors/admin/grpc/watch/watch_request.hpp"

#include <grpcpp/support/proto_buffer_reader.h>

#include <utility>

namespace aps::admin {

namespace {

constexpr size_t max_watchers = 128;

bool parse(const grpc::ByteBuffer& bytes, wire::WatchRequest& to) {
  auto copy = bytes;
  grpc::ProtoBufferReader reader{&copy};
  return to.ParseFromZeroCopyStream(&reader);
}

} // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>*
monitor_service::Watch(call_context* call, const grpc::ByteBuffer* request) {
  const auto caller = caller_of(*call);
  auto* reactor = new watch_call{context_.node->node->units->use(),
                                 watchers_->take(caller.address)};
  if (const auto status = begin_watch(caller, *request, *reactor); !status.ok())
    reactor->end(status);
  return reactor;
}

// The watcher is made on a unit, as gRPC's threads run no actors. From then on
// it alone ends the call.
grpc::Status monitor_service::begin_watch(const caller& caller,
                                          const grpc::ByteBuffer& request,
                                          watch_call& call) {
  if (auto status = admit(context_, caller, "Watch"); !status.ok())
    return status;
  if (watchers_->total() > max_watchers) {
    context_.desk->on_limit(limit::event_streams, caller.address,
                            "watchers over gRPC");
    return status_of(429, "too many watchers");
  }
  wire::WatchRequest asked;
  if (!parse(request, asked))
    return status_of(400, "the request cannot be read");
  const auto& node = *context_.node->node;
  const auto config = node.config();
  auto wish = read_watch(asked, node.node_id, *config);
  if (const auto* bad = std::get_if<bad_call>(&wish))
    return status_of(400, bad->why);
  watch_sources from{
    node.node_id, node.monitor, context_.door,
    [context = context_, caller, wanted = to_api(asked)](auto done) {
      ask(context, caller, wanted, std::move(done));
    }};
  node.units->any(next_exchange_id(node))
    .unit()
    .post([&system = context_.node->system, from = std::move(from),
           wish = std::get<watch_wish>(std::move(wish)),
           &call] { system.spawn(watcher, from, wish, &call); });
  return grpc::Status::OK;
}

grpc::ServerUnaryReactor*
monitor_service::Explain(call_context* call,
                         const wire::ExplainRequest* request,
                         wire::Explanation* response) {
  const auto most
    = static_cast<int>(limited(request->candidates(), max_candidates));
  return serve(context_, *call, "Explain", *request, *response,
               [most](wire::Explanation& found) {
                 auto& all = *found.mutable_candidates();
                 if (all.size() > most)
                   all.DeleteSubrange(most, all.size() - most);
               });
}

} // namespace aps::admin
