#define CAF_SUITE stream_visit

#include "tests/support/test.hpp"

#include "tests/transports/front/streams/stream_lab.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

listen_options with(stream_limits limits) {
  listen_options options;
  options.streams = limits;
  return options;
}

/// Whether the connection was aborted, and did not end.
bool aborted(wire& connection) {
  char byte = 0;
  while (::recv(connection.fd(), &byte, 1, 0) > 0)
    ;
  return errno == ECONNRESET;
}

} // namespace

CAF_TEST(bytes and both ends pass) {
  tcp_server target{[](wire& to) {
    const auto all = to.read_all();
    to.send(all + "!");
  }};
  stream_port port{target.port()};
  auto visitor = port.dial();
  const std::string sent(300'000, 'x');
  CAF_CHECK(visitor.send(sent));
  visitor.shut_down_send();
  CAF_CHECK_EQUAL(visitor.read_all(), sent + "!");
  CAF_CHECK(comes_true([&] { return port.context->sessions() == 0; }));
}

CAF_TEST(a target that ended still takes) {
  std::promise<std::string> rest;
  tcp_server target{[&](wire& to) {
    to.send("bye");
    to.shut_down_send();
    rest.set_value(to.read_all());
  }};
  stream_port port{target.port()};
  auto visitor = port.dial();
  CAF_CHECK_EQUAL(visitor.read_all(), "bye");
  CAF_CHECK(visitor.send("more"));
  visitor.shut_down_send();
  CAF_CHECK_EQUAL(rest.get_future().get(), "more");
  CAF_CHECK(comes_true([&] { return port.context->sessions() == 0; }));
}

CAF_TEST(an abort comes behind the bytes before it) {
  tcp_server target{[](wire& to) {
    to.read_exactly(1);
    to.send(std::string(100'000, 'y'));
    to.reset();
  }};
  stream_port port{target.port()};
  auto visitor = port.dial();
  visitor.send("x");
  CAF_CHECK(aborted(visitor));
  CAF_CHECK(comes_true([&] { return port.context->sessions() == 0; }));
}

CAF_TEST(nobody at the target is an abort) {
  uint16_t free = 0;
  {
    tcp_server gone{[](wire&) {}};
    free = gone.port();
  }
  stream_port port{free};
  auto visitor = port.dial();
  CAF_CHECK(aborted(visitor));
}

CAF_TEST(what passes nothing is cut) {
  tcp_server target{[](wire& to) { to.read_all(); }};
  stream_port port{target.port(), with({300ms, 60s})};
  auto visitor = port.dial();
  CAF_CHECK(aborted(visitor));
}

CAF_TEST(a visitor that takes nothing is cut) {
  tcp_server target{[](wire& to) {
    while (to.send(std::string(65536, 'x')))
      ;
  }};
  stream_port port{target.port(), with({1h, 300ms})};
  auto visitor = port.dial(4096);
  CAF_CHECK(
    comes_true([&] { return port.to->reached(limit::send_rate) == 1; }));
  CAF_CHECK(comes_true([&] { return port.context->sessions() == 0; }));
}

CAF_TEST(a visitor that goes away takes its target along) {
  std::promise<bool> was_reset;
  tcp_server target{[&](wire& to) {
    to.send("x");
    was_reset.set_value(aborted(to));
  }};
  stream_port port{target.port()};
  auto visitor = port.dial();
  CAF_CHECK_EQUAL(visitor.read_exactly(1), "x");
  visitor.reset();
  CAF_CHECK(was_reset.get_future().get());
}
