#define CAF_SUITE front_request

#include "transports/front/front_request.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

namespace {

struct fixture {
  request_fate decide(message_head& head) {
    facts.read(head, 1);
    return decide_request(context, head, {"192.0.2.1", 7, nullptr}, facts);
  }

  static message_head head(const std::string& host,
                           const std::string& method = "GET") {
    message_head out;
    out.method = method;
    out.target = "/x";
    out.headers = {{"Host", host}};
    return out;
  }

  http_front_context context{
    std::make_shared<direct_front>(1, origin_options{}, "http"),
    listen_options{}, {}};
  request_facts facts;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(front_request_tests, fixture)

CAF_TEST(a request of a mapping goes on) {
  auto asked = head("example.com", "HEAD");
  const auto fate = decide(asked);
  const auto* onward = std::get_if<onward_request>(&fate);
  CAF_REQUIRE(onward);
  CAF_CHECK_EQUAL(onward->head->path, "/x");
  CAF_CHECK_EQUAL(onward->facts.host, "example.com");
  CAF_CHECK_EQUAL(onward->facts.visitor_address, "192.0.2.1");
  CAF_CHECK(facts.head_request);
  CAF_CHECK(!facts.local);
}

CAF_TEST(others are denied and say why) {
  auto unknown = head("other.test");
  CAF_CHECK(std::get<denial>(decide(unknown)).cause == outcome::no_mapping);
  auto odd = head("example.com");
  odd.headers.push_back({"Expect", "miracles"});
  CAF_CHECK(std::get<denial>(decide(odd)).cause
            == outcome::expectation_failed);
  auto connect = head("example.com", "CONNECT");
  CAF_CHECK(std::get<denial>(decide(connect)).cause == outcome::bad_request);
}

CAF_TEST(a sane id of the visitor stays) {
  auto asked = head("example.com");
  asked.headers.push_back({"X-Request-Id", "mine"});
  decide(asked);
  CAF_CHECK_EQUAL(facts.id, "mine");
}

CAF_TEST_FIXTURE_SCOPE_END()
