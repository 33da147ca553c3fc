#define CAF_SUITE grpc_status

#include "transports/http2/grpc_status.hpp"

#include "tests/support/test.hpp"

#include <string>

using namespace aps;

CAF_TEST(texts for humans are percent encoded) {
  struct row {
    std::string text, wire;
  };
  for (const auto& [text, wire] :
       {row{"", ""}, row{"plain text", "plain text"},
        row{"100% ä", "100%25 %C3%A4"}, row{"a\r\nb", "a%0D%0Ab"},
        row{"\x7f~", "%7F~"}}) {
    CAF_CHECK_EQUAL(encode_grpc_message(text), wire);
    CAF_CHECK_EQUAL(decode_grpc_message(wire), text);
  }
  for (const auto& odd : {"%", "%4", "%zz", "100%"})
    CAF_CHECK_EQUAL(decode_grpc_message(odd), odd);
  CAF_CHECK_EQUAL(decode_grpc_message("%c3%A4%"), "ä%");
}

CAF_TEST(a status is a number) {
  CAF_CHECK(parse_grpc_status("0") == 0);
  CAF_CHECK(parse_grpc_status("16") == 16);
  CAF_CHECK(parse_grpc_status("4711") == 4711);
  for (const auto& none : {"", "-1", "1a", " 1", "99999999999"})
    CAF_CHECK(!parse_grpc_status(none));
}
