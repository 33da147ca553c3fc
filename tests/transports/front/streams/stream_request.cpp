#define CAF_SUITE stream_request

#include "tests/support/test.hpp"

#include "transports/front/streams/stream_request.hpp"

#include <boost/asio/ip/tcp.hpp>

using namespace aps;

namespace {

/// Lets in who asks for one address, and remembers the question.
class one_door final : public front {
 public:
  explicit one_door(config::proxy_protocol version) {
    auto made = std::make_shared<route>();
    made->rule.from.scheme = "tcp";
    made->rule.from.port = 2222;
    made->rule.to.scheme = "tcp";
    made->rule.to.host = "db";
    made->rule.to.port = 22;
    made->rule.proxy_protocol = version;
    made->window = 12345;
    route_ = std::move(made);
  }

  route_decision admit(const visitor_request& request) override {
    asked = request.method + " " + request.scheme + " " + request.host + " "
            + std::to_string(request.port) + " " + request.visitor_address;
    if (request.port == 2222)
      return route_;
    return denial{outcome::forbidden, {}, {}, {}, "the rule", {}};
  }
  void start(exchange_ptr) override {}
  void on_link(link_ptr) override {}
  exchange_id next_id() override { return 1; }
  void on_own_answer(executor&, const own_answer& answer) override {
    told = std::string{answer.method} + " " + std::string{answer.scheme} + "://"
           + std::string{answer.host} + " " + std::string{answer.detail};
  }

  std::string asked;
  std::string told;

 private:
  std::shared_ptr<const route> route_;
};

std::variant<onward_request, denial>
decide(const std::shared_ptr<one_door>& door, uint16_t port) {
  http_front_context context{door, {}, nullptr};
  using boost::asio::ip::make_address;
  return decide_stream(context, {"tcp", "", port},
                       {make_address("10.0.0.1"), 5},
                       {make_address("10.0.0.2"), 6});
}

} // namespace

CAF_TEST(a connection becomes a stream to its target) {
  const auto door = std::make_shared<one_door>(config::proxy_protocol::v2);
  const auto decided = decide(door, 2222);
  CAF_CHECK_EQUAL(door->asked, "TCP tcp  2222 10.0.0.1");
  const auto* onward = std::get_if<onward_request>(&decided);
  CAF_REQUIRE(onward);
  const auto& head = *onward->head;
  CAF_CHECK(head.kind() == exchange_kind::stream);
  CAF_CHECK_EQUAL(head.authority, "db:22");
  CAF_CHECK(!head.last);
  CAF_CHECK(!is_idempotent(head));
  CAF_CHECK(head.proxy == proxy_version::v2);
  CAF_CHECK_EQUAL(head.proxy_ends, "10.0.0.1:5 10.0.0.2:6");
  CAF_CHECK_EQUAL(onward->window, 12345u);
  CAF_CHECK_EQUAL(onward->facts.target(true), "tcp://:2222");
  CAF_CHECK_EQUAL(onward->facts.request_id.size(), 32u);
}

CAF_TEST(a target hears of nobody unless it is asked for but its agent does) {
  const auto door = std::make_shared<one_door>(config::proxy_protocol::off);
  const auto decided = decide(door, 2222);
  const auto& head = *std::get<onward_request>(decided).head;
  CAF_CHECK(head.proxy == proxy_version::none);
  CAF_CHECK_EQUAL(head.proxy_ends, "10.0.0.1:5 10.0.0.2:6");
}

CAF_TEST(who is refused is told of) {
  const auto door = std::make_shared<one_door>(config::proxy_protocol::off);
  const auto decided = decide(door, 1);
  const auto* denied = std::get_if<denial>(&decided);
  CAF_REQUIRE(denied);
  http_front_context context{door, {}, nullptr};
  io_unit unit{0};
  tell_refused_stream(context, unit, {"tcp", "", 1}, "10.0.0.1", *denied);
  CAF_CHECK_EQUAL(door->told, "TCP tcp://:1 the rule");
}
