#define CAF_SUITE http_hops

#include "tests/support/test.hpp"

#include "transports/http/hops.hpp"
#include "transports/seam/exchange/node_hop.hpp"

using namespace aps;

namespace {

bool passed_me(std::string via) {
  return passed({{"Via", std::move(via)}}, "aps-me");
}

message_head head_of(std::string method, header_list headers) {
  message_head head;
  head.method = std::move(method);
  head.target = "/";
  head.headers = std::move(headers);
  return head;
}

forwarding step(std::string value, std::string method = "OPTIONS") {
  auto head = head_of(std::move(method), {{"Max-Forwards", std::move(value)}});
  return take_hop(head);
}

std::string left(std::string value) {
  auto head = head_of("TRACE", {{"max-forwards", std::move(value)}});
  CAF_CHECK(take_hop(head) == forwarding::onward);
  return head.headers[0].value;
}

} // namespace

CAF_TEST(a message that passed us names us in Via) {
  for (const auto* via :
       {"1.1 aps-me", "1.0 aps-me", "1.1 fred, 1.1 aps-me", "HTTP/1.1 aps-me",
        "1.1 APS-ME (a comment)", "1.1 aps-me(x), 1.1 fred", "1.1\taps-me",
        ",,1.1  aps-me ,", "2 a, 1.1 aps-me, 1.1 b"})
    CAF_CHECK(passed_me(via));
  for (const auto* via :
       {"", "aps-me", "1.1", "1.1 aps-me2", "1.1 aps-m", "1.1 xaps-me",
        "1.1 fred (aps-me)", "1.1 aps", "1.1 aps-me:80", "aps-me 1.1"})
    CAF_CHECK(!passed_me(via));
  CAF_CHECK(passed({{"Via", "1.1 a"}, {"VIA", "1.1 aps-me"}}, "aps-me"));
  CAF_CHECK(!passed({{"X-Via", "1.1 aps-me"}}, "aps-me"));
}

CAF_TEST(a hop is taken off TRACE and OPTIONS) {
  CAF_CHECK_EQUAL(left("1"), "0");
  CAF_CHECK_EQUAL(left("10"), "9");
  CAF_CHECK_EQUAL(left("0010"), "9");
  CAF_CHECK_EQUAL(left("4294967295"), "4294967294");
  CAF_CHECK_EQUAL(left("99999999999999999999"), "4294967294");
  CAF_CHECK(step("0") == forwarding::here);
  CAF_CHECK(step("000", "TRACE") == forwarding::here);
  for (const auto* odd : {"", "-1", "+1", "1x", "x", "1 1", "1, 1", "0x1"})
    CAF_CHECK(step(odd) == forwarding::malformed);
  auto twice = head_of("TRACE", {{"Max-Forwards", "1"}, {"Max-Forwards", "1"}});
  CAF_CHECK(take_hop(twice) == forwarding::malformed);
  auto none = head_of("OPTIONS", {{"Host", "a"}});
  CAF_CHECK(take_hop(none) == forwarding::onward);
}

CAF_TEST(other methods know no such limit) {
  for (const auto* method : {"GET", "POST", "trace", "options"}) {
    auto head = head_of(method, {{"Max-Forwards", "0"}});
    CAF_CHECK(take_hop(head) == forwarding::onward);
    CAF_CHECK_EQUAL(head.headers[0].value, "0");
  }
}

CAF_TEST(a TRACE is told without credentials) {
  const auto head = head_of("TRACE", {{"Host", "a"},
                                      {"Cookie", "secret"},
                                      {"authorization", "secret"},
                                      {"Proxy-Authorization", "secret"},
                                      {"Via", "1.1 fred"}});
  CAF_CHECK_EQUAL(trace_body(head), "TRACE / HTTP/1.1\r\nHost: a\r\n"
                                    "Via: 1.1 fred\r\n\r\n");
}

CAF_TEST(a node remembers which requests came back) {
  node_hop hop{"aps-me"};
  CAF_CHECK_EQUAL(hop.pseudonym(), "aps-me");
  CAF_CHECK(!hop.looped("a"));
  CAF_CHECK(!hop.looped(""));
  hop.note_loop("a");
  CAF_CHECK(hop.looped("a"));
  CAF_CHECK(!hop.looped("b"));
  for (int i = 0; i < 1000; ++i)
    hop.note_loop("x" + std::to_string(i));
  CAF_CHECK(!hop.looped("a"));
  CAF_CHECK(hop.looped("x999"));
}
