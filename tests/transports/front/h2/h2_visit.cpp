#define CAF_SUITE h2_visit

#include "transports/front/h2/h2_visit.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/front/h2/h2_lab.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST(a request is answered by its target) {
  tcp_server origin{keep_answering([](const message& request) {
    return ok(request.head.target + "|" + request.body + "|"
              + request["via"].substr(0, 3));
  })};
  const auto answer = ask({.origin = origin.port()});
  CAF_CHECK_EQUAL(answer->field(":status"), "200");
  CAF_CHECK_EQUAL(answer->body, "/x|question|2.0");
}

CAF_TEST(a request without a mapping is answered by the node) {
  const auto answer = ask({.host = "other.test"});
  CAF_CHECK_EQUAL(answer->field(":status"), "404");
  CAF_CHECK_EQUAL(answer->field("aps-outcome"), "no-mapping");
}
