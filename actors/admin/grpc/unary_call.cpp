#include "actors/admin/grpc/unary_call.hpp"

#include "actors/admin/access.hpp"
#include "actors/admin/admin_front.hpp"
#include "actors/admin/grpc/grpc_peer.hpp"
#include "actors/admin/router.hpp"
#include "transports/seam/limits/hold.hpp"

#include <utility>

namespace aps::admin {

namespace {

/// Calls `done` once: with the answer, or when nobody holds it any more.
class only_answer {
 public:
  only_answer(std::function<void(const document&)> done, hold use)
      : use_(std::move(use)), done_(std::move(done)) {}

  only_answer(const only_answer&) = delete;

  ~only_answer() {
    if (!done_)
      return;
    constexpr auto text = R"({"error": "the node did not answer"})";
    done_({503, "application/json", {}, {}, slice::copy(text), {}});
  }

  void take(const document& answer) {
    if (const auto done = std::exchange(done_, nullptr))
      done(answer);
  }

 private:
  hold use_;
  std::function<void(const document&)> done_;
};

request_head_ptr head_of(const api_request& wanted, const caller& caller) {
  auto head = std::make_shared<request_head>();
  head->method = wanted.method;
  head->path = wanted.path;
  head->headers = {{"Content-Type", "application/json"}};
  if (!caller.authorization.empty())
    head->headers.push_back({"Authorization", caller.authorization});
  return head;
}

} // namespace

caller caller_of(const grpc::CallbackServerContext& call) {
  const auto& metadata = call.client_metadata();
  const auto shown = metadata.find("authorization");
  return {grpc_peer(call.peer()),
          shown == metadata.end()
            ? std::string{}
            : std::string{shown->second.data(), shown->second.size()}};
}

grpc::Status admit(const service_context& context, const caller& caller,
                   std::string_view method) {
  const auto login
    = try_login(*context.desk, caller.address, caller.authorization);
  const auto refuse = [&](uint16_t status, const std::string& why) {
    note_refused(*context.desk, {.status = status,
                                 .peer = caller.address,
                                 .method = "gRPC",
                                 .path = method,
                                 .why = why});
    return status_of(status, why);
  };
  switch (login.is) {
    case login::result::right: return grpc::Status::OK;
    case login::result::missing:
      return refuse(401, "a token is needed: authorization: Bearer TOKEN");
    case login::result::wrong: return refuse(401, "the token is wrong");
    case login::result::slowed: break;
  }
  context.desk->on_limit(limit::login_rate, caller.address,
                         "guesses at the admin's token");
  return status_of(429, "too many wrong tokens from this address");
}

void ask(const service_context& context, const caller& caller,
         api_request wanted, std::function<void(const document&)> done) {
  const auto& node = *context.node->node;
  auto& unit = node.units->any(next_exchange_id(node)).unit();
  auto answer
    = std::make_shared<only_answer>(std::move(done), node.units->use());
  unit.post([context, caller, wanted = std::move(wanted),
             answer = std::move(answer), &unit]() mutable {
    exchange_facts facts{caller.address, "", nullptr};
    facts.host = "localhost"; // nobody's page names a host here
    request from{context.desk,
                 std::make_shared<served_exchange>(
                   unit, 0, head_of(wanted, caller), default_window),
                 std::move(facts), std::move(wanted.body)};
    from.answer_to([answer = std::move(answer)](const document& found) {
      answer->take(found);
    });
    dispatch(admin::call{context.node, std::move(from)});
  });
}

} // namespace aps::admin
