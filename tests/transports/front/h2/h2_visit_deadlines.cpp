#define CAF_SUITE h2_visit_deadlines

#include "tests/support/test.hpp"
#include "tests/transports/front/h2/h2_lab.hpp"

using namespace aps;
using namespace aps::test;

namespace {

constexpr duration soon = std::chrono::milliseconds(50);

} // namespace

CAF_TEST(a body that does not come on is a timeout) {
  tcp_server origin{[](wire& to) { to.read_request(); }};
  http_limits limits;
  limits.body_timeout = limits.discard_timeout = soon;
  const auto answer
    = ask({.origin = origin.port(), .limits = limits, .complete = false});
  CAF_CHECK_EQUAL(answer->field(":status"), "408");
  CAF_CHECK_EQUAL(answer->field("aps-outcome"), "body-timeout");
}

CAF_TEST(a target that does not answer is a timeout) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.read_request(); // nobody sends it
  }};
  http_limits limits;
  limits.first_byte_timeout = soon;
  const auto answer = ask({.origin = origin.port(), .limits = limits});
  CAF_CHECK_EQUAL(answer->field(":status"), "504");
  CAF_CHECK_EQUAL(answer->field("aps-outcome"), "first-byte-timeout");
}
