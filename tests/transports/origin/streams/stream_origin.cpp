#define CAF_SUITE stream_origin

#include "tests/support/test.hpp"

#include "tests/transports/front/streams/stream_lab.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST(a target that closed takes what still comes and then aborts) {
  tcp_server target{[](wire& to) {
    to.read_exactly(1);
    to.send("last words");
  }};
  stream_port port{target.port()};
  auto visitor = port.dial();
  visitor.send("x");
  CAF_CHECK_EQUAL(visitor.read_all(), "last words");
  // Nobody listens there: some of it is dropped, and then the stream ends.
  bool taken = true;
  for (int i = 0; taken && i < 1000; ++i)
    taken = visitor.send(std::string(65536, 'x'));
  CAF_CHECK(!taken);
  CAF_CHECK(comes_true([&] { return port.context->sessions() == 0; }));
}

CAF_TEST(what comes before the target is there waits for it) {
  tcp_server target{[](wire& to) { to.send(to.read_exactly(5)); }};
  stream_port port{target.port()};
  auto visitor = port.dial();
  visitor.send("early");
  CAF_CHECK_EQUAL(visitor.read_all(), "early");
}

CAF_TEST(a target that may not be asked is not ) {
  tcp_server target{[](wire&) {}};
  origin_options options;
  options.admits = [](const origin_destination&) { return false; };
  stream_port port{target.port(), {}, options};
  auto visitor = port.dial();
  CAF_CHECK(visitor.ends());
  CAF_CHECK_EQUAL(target.accepted(), 0u);
}
