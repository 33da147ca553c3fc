#define CAF_SUITE http_front

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

namespace {

tcp_server::handler echo_body() {
  return keep_answering([](const message& request) {
    return ok(request.body);
  });
}

} // namespace

CAF_TEST(draining ends keep alive) {
  tcp_server origin{echo_body()};
  proxy node{origin.port()};
  auto busy = node.dial();
  auto idle = node.dial();
  idle.send(get("/"));
  CAF_CHECK(idle.read_response().head.keep_alive);
  CAF_CHECK_EQUAL(node.context->sessions(), 2u);
  node.context->drain();
  CAF_CHECK(idle.ends());
  busy.send(get("/"));
  const auto answer = busy.read_response();
  CAF_CHECK(answer.complete);
  CAF_CHECK(!answer.head.keep_alive);
  CAF_CHECK(busy.ends());
}

CAF_TEST(all sessions can be closed at once) {
  std::promise<void> started;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    started.set_value();
    to.ends();
  }};
  proxy node{origin.port()};
  auto visitor = node.dial();
  visitor.send(get("/"));
  started.get_future().wait();
  node.context->close_all();
  CAF_CHECK(visitor.ends());
  auto late = node.dial();
  CAF_CHECK(late.ends());
}

CAF_TEST(whoever comes when all is closed is sent away) {
  tcp_server origin{keep_answering([](const message&) { return ok(""); })};
  proxy node{origin.port()};
  node.context->close_all();
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(!visitor.read_response().complete);
  CAF_CHECK(visitor.ends());
}
