#define CAF_SUITE h2_visit_response

#include "tests/support/test.hpp"
#include "tests/transports/front/h2/h2_lab.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST(a gRPC call hears of errors as gRPC says them) {
  const auto answer
    = ask({.host = "other.test",
           .more = {{"content-type", "application/grpc+proto"}}});
  CAF_CHECK_EQUAL(answer->field(":status"), "200");
  CAF_CHECK_EQUAL(answer->field("grpc-status"), "12");
  CAF_CHECK_EQUAL(answer->field("aps-outcome"), "no-mapping");
  CAF_CHECK_EQUAL(answer->body, "");
}

CAF_TEST(an answer that is cut is not taken for complete) {
  tcp_server origin{[](wire& to) {
    to.read_request();
    to.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  }};
  const auto answer = ask({.origin = origin.port()});
  // The reset may overtake what came before it.
  CAF_CHECK(std::string_view{"half"}.starts_with(answer->body));
  CAF_CHECK_EQUAL(answer->code, h2_code::internal_error);
}
