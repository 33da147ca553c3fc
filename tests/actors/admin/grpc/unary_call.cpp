#define CAF_SUITE unary_call

#include "monitored_node.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

constexpr auto right = "geheim-4711";

grpc::Status ask(const monitored_node& where, const std::string& token,
                 wire::Snapshot* to = nullptr) {
  call_context context{token};
  wire::Snapshot answer;
  return where.stub()->GetSnapshot(&context, {}, to ? to : &answer);
}

} // namespace

CAF_TEST(a_snapshot_needs_the_token) {
  using enum grpc::StatusCode;
  monitored_node where{right};
  const auto none = ask(where, "");
  CAF_CHECK(none.error_code() == UNAUTHENTICATED);
  CAF_CHECK_EQUAL(none.error_message(),
                  "a token is needed: authorization: Bearer TOKEN");
  const auto wrong = ask(where, "geraten");
  CAF_CHECK(wrong.error_code() == UNAUTHENTICATED);
  CAF_CHECK_EQUAL(wrong.error_message(), "the token is wrong");
  wire::Snapshot snapshot;
  CAF_CHECK(ask(where, right, &snapshot).ok());
  CAF_CHECK(snapshot.tunnels().contains("t"));
}

CAF_TEST(guesses_are_slowed) {
  using enum grpc::StatusCode;
  monitored_node where{right};
  grpc::Status last;
  for (int i = 0; i < 100 && last.error_code() != RESOURCE_EXHAUSTED; ++i)
    last = ask(where, "geraten-" + std::to_string(i));
  CAF_CHECK(last.error_code() == RESOURCE_EXHAUSTED);
  CAF_CHECK_EQUAL(last.error_message(),
                  "too many wrong tokens from this address");
}

CAF_TEST(what_makes_no_sense_is_told_before_anything_is_done) {
  monitored_node where;
  const auto stub = where.stub();
  const auto operate = [&](const wire::OperateRequest& request) {
    call_context context;
    wire::OperateResult result;
    return stub->Operate(&context, request, &result);
  };
  wire::OperateRequest request;
  CAF_CHECK(operate(request).error_code()
            == grpc::StatusCode::INVALID_ARGUMENT);
  request.mutable_close()->set_connection("nobody");
  CAF_CHECK(operate(request).error_code() == grpc::StatusCode::NOT_FOUND);
  request.mutable_fallback()->set_tunnel("u");
  request.mutable_fallback()->set_mode("grpc");
  const auto unknown = operate(request);
  CAF_CHECK(unknown.error_code() == grpc::StatusCode::NOT_FOUND);
  CAF_CHECK_EQUAL(unknown.error_message(),
                  "there is no tunnel \"u\"; there are: t");
}

CAF_TEST(a_message_that_is_too_large_is_refused) {
  monitored_node where;
  call_context context;
  wire::ExplainRequest request;
  request.set_url("http://example.com/" + std::string(65 * 1024, 'x'));
  wire::Explanation answer;
  CAF_CHECK(where.stub()->Explain(&context, request, &answer).error_code()
            == grpc::StatusCode::RESOURCE_EXHAUSTED);
}

CAF_TEST(many_ask_at_once) {
  monitored_node where;
  std::atomic<int> right_ones{0};
  std::vector<std::thread> all;
  for (int i = 0; i < 16; ++i)
    all.emplace_back([&] {
      for (int n = 0; n < 20; ++n)
        right_ones += ask(where, "").ok();
    });
  for (auto& one : all)
    one.join();
  CAF_CHECK_EQUAL(right_ones.load(), 16 * 20);
}
