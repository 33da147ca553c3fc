#define CAF_SUITE http_misread

#include "tests/support/test.hpp"

#include "transports/http/misread.hpp"

using namespace aps;
using namespace std::string_view_literals;

namespace {

message_head guessed(std::string_view text) {
  message_head head;
  guess_head(text, head);
  return head;
}

bool names(std::string_view first_bytes, std::string_view name,
           std::string_view protocol) {
  const auto found = foreign_protocol_of(first_bytes);
  return found.name == name && found.sentence.starts_with(protocol);
}

} // namespace

CAF_TEST(other_protocols_are_named_by_their_first_bytes) {
  CAF_CHECK(names("\x16\x03\x01\x02\x00\x01"sv, "TLS", "TLS "));
  CAF_CHECK(names("SSH-2.0-OpenSSH_9.2\r\n"sv, "SSH", "SSH "));
  CAF_CHECK(names("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"sv, "PROXY", "PROXY protocol"));
  CAF_CHECK(names("\r\n\r\n\0\r\nQUIT\n\x21\x11"sv, "PROXY", "PROXY protocol (v2)"));
  CAF_CHECK(names("\x05\x01\x00"sv, "SOCKS", "SOCKS 5"));
  CAF_CHECK(names("\x04\x01\x00\x50"sv, "SOCKS", "SOCKS 4"));
  CAF_CHECK(names("\x03\x00\x00\x13"sv, "RDP", "RDP"));
}

CAF_TEST(requests_and_what_may_become_one_are_no_other_protocol) {
  for (const auto text : {""sv, "\x16"sv, "GET / HTTP/1.1\r\n"sv, "S"sv,
                          "PROXYING /x HTTP/1.1\r\n"sv, "SSH / HTTP/1.1"sv,
                          "\r\n\r\nGET / HTTP/1.1\r\n"sv})
    CAF_CHECK_EQUAL(foreign_protocol_of(text).name, "");
}

CAF_TEST(a_head_that_was_given_up_still_tells_what_was_asked_for) {
  const auto head = guessed("GET /a?b HTTP/1.1\r\nX: y\r\nhOsT:  h.test \r\n"
                            "Long: zzz");
  CAF_CHECK_EQUAL(head.method, "GET");
  CAF_CHECK_EQUAL(head.target, "/a?b");
  const auto* host = find_header(head.headers, "host");
  CAF_REQUIRE(host);
  CAF_CHECK_EQUAL(host->value, "h.test");
}

CAF_TEST(the_line_may_be_cut_and_what_is_no_line_tells_nothing) {
  CAF_CHECK_EQUAL(guessed("GET /very/long").target, "/very/long");
  CAF_CHECK_EQUAL(guessed("NOT-HTTP\r\n\r\n").method, "");
  CAF_CHECK_EQUAL(guessed("\x01\x02 x").method, "");
  CAF_CHECK_EQUAL(guessed("").method, "");
}
