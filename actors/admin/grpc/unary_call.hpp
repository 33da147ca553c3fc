#pragma once

#include "actors/admin/call.hpp"
#include "actors/admin/grpc/answer.hpp"
#include "actors/admin/grpc/api_request.hpp"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>

namespace aps::admin {

/// Who calls, and what was shown.
struct caller {
  std::string address;
  std::string authorization; ///< the metadata of the name; "" = none
};

caller caller_of(const grpc::CallbackServerContext& call);

/// What the calls of the service work on. Thread-safe.
struct service_context {
  context_ptr node;
  desk_ptr desk;
  caf::actor door; ///< whose end is that of all watchers
};

/// Why `caller` may not call `method`; OK = it may. The same count of guesses,
/// and the same words in log and metrics, as at the admin listener.
grpc::Status admit(const service_context& context, const caller& caller,
                   std::string_view method);

/// Has a resource of the JSON API answer; `done` is called once, on any thread,
/// also when nobody is left to answer. Thread: any.
void ask(const service_context& context, const caller& caller,
         api_request wanted, std::function<void(const document&)> done);

/// A call that one resource answers. `finish` has the last look at an answer.
template <class Request, class Response, class Finish>
grpc::ServerUnaryReactor* serve(const service_context& context,
                                grpc::CallbackServerContext& call,
                                std::string_view method, const Request& request,
                                Response& response, Finish finish) {
  auto* reactor = call.DefaultReactor();
  const auto caller = caller_of(call);
  if (auto status = admit(context, caller, method); !status.ok()) {
    reactor->Finish(status);
    return reactor;
  }
  const api_call wanted = to_api(request);
  if (const auto* bad = std::get_if<bad_call>(&wanted)) {
    reactor->Finish(status_of(400, bad->why));
    return reactor;
  }
  ask(context, caller, std::get<api_request>(wanted),
      [reactor, &response, finish](const document& found) {
        const auto status = read_answer(found, response);
        finish(response);
        reactor->Finish(status);
      });
  return reactor;
}

template <class Request, class Response>
grpc::ServerUnaryReactor*
serve(const service_context& context, grpc::CallbackServerContext& call,
      std::string_view method, const Request& request, Response& response) {
  return serve(context, call, method, request, response, [](Response&) {});
}

} // namespace aps::admin
