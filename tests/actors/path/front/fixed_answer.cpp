#define CAF_SUITE fixed_answer

#include "tests/support/test.hpp"

#include "actors/path/front/fixed_answer.hpp"

#include "config/routing/route_rewrites.hpp"

#include "config/routing/routes.hpp"
#include "tests/support/sim.hpp"

using namespace aps;

namespace {

struct asking final : visitor {
  void on_head(const response_head_ptr& from) override { head = from; }
  void on_data(slice bytes) override { body += bytes.view(); }
  void on_end(const header_list&) override { ended = true; }
  void on_failed(outcome, const std::string&) override { failed = true; }
  void on_writable() override {}

  response_head_ptr head;
  std::string body;
  bool ended = false;
  bool failed = false;
};

struct fixture {
  std::shared_ptr<asking> ask(config::fixed_answer answer,
                              std::string method = "GET") {
    auto via = std::make_shared<route>();
    via->rule.from = {"http", "a", 80, "/p"};
    via->answering = std::make_shared<const route_answer>(answer);
    via->rule.answer = std::move(answer);
    auto head = std::make_shared<request_head>();
    head->method = std::move(method);
    auto visitor = std::make_shared<asking>();
    const auto exchange = std::make_shared<aps::exchange>(
      unit, 1, head,
      exchange_facts{.visitor_address = "192.0.2.1",
                     .request_id = "r",
                     .via = via,
                     .scheme = "http",
                     .host = "a",
                     .path = "/p/x?q"},
      visitor);
    unit.run_inside([&] { answer_here(exchange); });
    CAF_CHECK(!visitor->head);
    unit.run_all();
    CAF_CHECK(visitor->ended);
    CAF_CHECK(!visitor->failed);
    return visitor;
  }

  test::manual_unit unit;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(fixed_answer_tests, fixture)

CAF_TEST(a redirect names where to go) {
  const auto got = ask({.status = 308, .location = "https://b{rest}?{query}"});
  CAF_CHECK_EQUAL(got->head->status, 308);
  CAF_CHECK_EQUAL(find_header(got->head->headers, "location")->value,
                  "https://b/x?q");
  CAF_CHECK_EQUAL(got->body, "");
}

CAF_TEST(a path stays one and texts have an end) {
  const auto location = [&](const std::string& text) {
    return find_header(ask({.status = 302, .location = text})->head->headers,
                       "location")
      ->value;
  };
  CAF_CHECK_EQUAL(location("/{rest}"), "/x");
  CAF_CHECK_EQUAL(location("/{path}"), "/p/x");
  CAF_CHECK_EQUAL(location("/\\{path}"), "/p/x");
  CAF_CHECK_EQUAL(location("/a//{rest}"), "/a///x");
  std::string many = "/a";
  while (many.size() < 40'000)
    many += "{path}{path}{path}";
  CAF_CHECK_EQUAL(location(many).size(), 8192u);
}

CAF_TEST(a body has a length and a type) {
  const auto got = ask(
    {.status = 503, .body = "closed", .headers = {{"X-For", "{address}"}}});
  CAF_CHECK_EQUAL(got->body, "closed");
  CAF_CHECK_EQUAL(got->head->content_length.value_or(0), 6u);
  CAF_CHECK_EQUAL(find_header(got->head->headers, "x-for")->value, "192.0.2.1");
  CAF_CHECK_EQUAL(find_header(got->head->headers, "content-type")->value,
                  "text/plain; charset=utf-8");
}

CAF_TEST(HEAD and 204 have no body) {
  CAF_CHECK_EQUAL(ask({.status = 200, .body = "x"}, "HEAD")->body, "");
  CAF_CHECK(!ask({.status = 204, .body = "x"})->head->content_length);
}

CAF_TEST_FIXTURE_SCOPE_END()
