#define CAF_SUITE connect_request

#include "tests/support/test.hpp"

#include "transports/front/streams/connect_request.hpp"

#include <boost/asio/io_context.hpp>

using namespace aps;

namespace {

/// Lets in who asks for the port 443, to wherever that is.
class https_door final : public front {
 public:
  route_decision admit(const visitor_request& request) override {
    asked = request.scheme + " " + request.host + " "
            + std::to_string(request.port)
            + (request.proxied ? " proxied" : "");
    if (request.port != 443)
      return denial{};
    auto made = std::make_shared<route>();
    made->rule.from.scheme = "connect";
    made->rule.to.scheme = "tcp";
    return std::shared_ptr<const route>{std::move(made)};
  }
  void start(exchange_ptr) override {}
  void on_link(link_ptr) override {}
  exchange_id next_id() override { return 1; }

  std::string asked;
};

struct fixture {
  std::shared_ptr<https_door> door = std::make_shared<https_door>();
  http_front_context context{door, {}, nullptr};
  request_facts facts;

  request_fate decide(const std::string& target, unsigned version = 11,
                      header_list headers = {}) {
    message_head head;
    head.method = "CONNECT";
    head.target = target;
    head.version = version;
    head.headers = std::move(headers);
    return decide_connect(context, head, {"10.0.0.1", 1}, facts);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(connect_request_tests, fixture)

CAF_TEST(whom it names is asked for) {
  const auto fate = decide("[::1]:443");
  const auto* onward = std::get_if<onward_request>(&fate);
  CAF_REQUIRE(onward);
  CAF_CHECK_EQUAL(door->asked, "connect ::1 443 proxied");
  CAF_CHECK_EQUAL(onward->head->authority, "[::1]:443");
  CAF_CHECK(onward->head->kind() == exchange_kind::stream);
  CAF_CHECK_EQUAL(onward->facts.target(true), "connect://[::1]:443");
}

CAF_TEST(in HTTP 2 it stands in the authority) {
  const auto fate = decide("", 20, {{"host", "a.test:443"}});
  const auto* onward = std::get_if<onward_request>(&fate);
  CAF_REQUIRE(onward);
  CAF_CHECK_EQUAL(onward->head->authority, "a.test:443");
}

CAF_TEST(what names no host and port is none) {
  for (const auto* target : {"a", "a:", ":443", "a:0", "a:x", "http://a:443/",
                             "a:443/", "u@a:443", "/", "*", ""}) {
    CAF_MESSAGE(target);
    const auto fate = decide(target);
    const auto* denied = std::get_if<denial>(&fate);
    CAF_REQUIRE(denied);
    CAF_CHECK(denied->cause == outcome::bad_request);
  }
  const auto fate = decide("a:80");
  CAF_CHECK(std::get<denial>(fate).cause == outcome::no_mapping);
}

CAF_TEST(answers are those of HTTP) {
  connect_answers answers;
  answers.request_id = "abc";
  CAF_CHECK_EQUAL(answers.granted(), "HTTP/1.1 200 Connection Established\r\n"
                                     "Aps-Request-Id: abc\r\n\r\n");
  const header_list fields{{"Proxy-Authenticate", "Basic"}};
  auto refused
    = answers.refused(outcome::proxy_auth_required, "secret", &fields);
  CAF_CHECK(refused.starts_with("HTTP/1.1 407 "));
  CAF_CHECK(refused.find("\r\nProxy-Authenticate: Basic\r\n") != refused.npos);
  CAF_CHECK(refused.find("secret") == refused.npos);
  answers.told = true;
  refused = answers.refused(outcome::origin_refused, "secret", nullptr);
  CAF_CHECK(refused.find("secret") != refused.npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
