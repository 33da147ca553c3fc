#pragma once

#include "actors/admin/grpc/unary_call.hpp"
#include "actors/admin/grpc/watch/watch_call.hpp"
#include "aps/admin/v1/admin.grpc.pb.h"

namespace aps::admin {

using monitor_methods = wire::Monitor::WithRawCallbackMethod_Watch<
  wire::Monitor::WithCallbackMethod_GetSnapshot<
    wire::Monitor::WithCallbackMethod_GetExchange<
      wire::Monitor::WithCallbackMethod_ListExchanges<
        wire::Monitor::WithCallbackMethod_Explain<
          wire::Monitor::WithCallbackMethod_Operate<
            wire::Monitor::Service>>>>>>;

/// `aps.admin.v1.Monitor`. Called on gRPC's threads.
class monitor_service final : public monitor_methods {
 public:
  explicit monitor_service(service_context context)
      : context_(std::move(context)) {}

 private:
  using call_context = grpc::CallbackServerContext;

  grpc::ServerWriteReactor<grpc::ByteBuffer>*
  Watch(call_context* call, const grpc::ByteBuffer* request) override;

  grpc::ServerUnaryReactor* GetSnapshot(call_context* call,
                                        const wire::SnapshotRequest* request,
                                        wire::Snapshot* response) override {
    return serve(context_, *call, "GetSnapshot", *request, *response);
  }

  grpc::ServerUnaryReactor* GetExchange(call_context* call,
                                        const wire::GetExchangeRequest* request,
                                        wire::Exchange* response) override {
    return serve(context_, *call, "GetExchange", *request, *response);
  }

  grpc::ServerUnaryReactor*
  ListExchanges(call_context* call, const wire::ListExchangesRequest* request,
                wire::ExchangeList* response) override {
    return serve(context_, *call, "ListExchanges", *request, *response);
  }

  grpc::ServerUnaryReactor* Explain(call_context* call,
                                    const wire::ExplainRequest* request,
                                    wire::Explanation* response) override;

  grpc::ServerUnaryReactor* Operate(call_context* call,
                                    const wire::OperateRequest* request,
                                    wire::OperateResult* response) override {
    return serve(context_, *call, "Operate", *request, *response);
  }

  grpc::Status begin_watch(const caller& caller,
                           const grpc::ByteBuffer& request, watch_call& call);

  const service_context context_;
  std::shared_ptr<address_shares> watchers_
    = std::make_shared<address_shares>();
};

} // namespace aps::admin
