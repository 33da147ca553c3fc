#define CAF_SUITE request_writer

#include "tests/support/test.hpp"

#include "transports/http/request_writer.hpp"

using namespace aps;

namespace {

request_head head_of(std::string method, header_list headers = {}) {
  request_head head;
  head.method = std::move(method);
  head.authority = "h:1";
  head.path = "/p?q";
  head.headers = std::move(headers);
  return head;
}

std::string written(const request_head& head) {
  std::string text;
  CAF_CHECK(append_request_head(text, head, choose_framing(head)));
  return text;
}

} // namespace

CAF_TEST(a body is framed by its length or in chunks) {
  auto head
    = head_of("POST", {{"Host", "h:1"}, {"Content-Length", "9"}, {"A", "b"}});
  head.last = false;
  CAF_CHECK_EQUAL(written(head), "POST /p?q HTTP/1.1\r\nHost: h:1\r\nA: b\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n");
  head.content_length = 3;
  CAF_CHECK_EQUAL(written(head), "POST /p?q HTTP/1.1\r\nHost: h:1\r\nA: b\r\n"
                                 "Content-Length: 3\r\n\r\n");
  head.content_length = 0;
  CAF_CHECK(written(head).ends_with("\r\nContent-Length: 0\r\n\r\n"));
}

CAF_TEST(without a body nothing is said about one) {
  auto head = head_of(
    "GET", {{"Transfer-Encoding", "chunked"}, {"content-length", "9"}});
  head.last = true;
  CAF_CHECK(choose_framing(head) == body_framing::none);
  CAF_CHECK_EQUAL(written(head), "GET /p?q HTTP/1.1\r\nHost: h:1\r\n\r\n");
}

CAF_TEST(the host is that of the visitor or else the target) {
  CAF_CHECK_EQUAL(written(head_of("GET", {{"hOsT", "theirs"}})),
                  "GET /p?q HTTP/1.1\r\nhOsT: theirs\r\n\r\n");
  CAF_CHECK_EQUAL(written(head_of("GET", {{"A", "b"}})),
                  "GET /p?q HTTP/1.1\r\nHost: h:1\r\nA: b\r\n\r\n");
}

CAF_TEST(the body of an upgrade keeps its own framing) {
  auto head = head_of("GET", {{"Transfer-Encoding", "chunked"}});
  head.upgrade = "websocket";
  head.last = false;
  CAF_CHECK(choose_framing(head) == body_framing::raw);
  CAF_CHECK_EQUAL(written(head), "GET /p?q HTTP/1.1\r\nHost: h:1\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n");
  head.content_length = 4; // of two ways to frame it one is left
  CAF_CHECK(choose_framing(head) == body_framing::raw);
  CAF_CHECK_EQUAL(written(head), "GET /p?q HTTP/1.1\r\nHost: h:1\r\n"
                                 "Content-Length: 4\r\n\r\n");
}

CAF_TEST(a head that would break the request apart is not written) {
  const auto refused = [](const request_head& head) {
    std::string text = "before";
    return !append_request_head(text, head, body_framing::none)
           && text == "before";
  };
  for (const auto* bad : {"", "/a b", "/a\r\nX: y", "/\x7f", "/\x1f", "/\t"}) {
    auto head = head_of("GET");
    head.path = bad;
    CAF_CHECK(refused(head));
    head = head_of("GET");
    head.authority = bad;
    CAF_CHECK(refused(head));
    CAF_CHECK(refused(head_of(bad)));
  }
  CAF_CHECK(refused(head_of("GE(T")));
  auto head = head_of("GET");
  head.path = "/\xc3\xa4"; // beyond ASCII it is for the target to judge
  CAF_CHECK(!refused(head));
}

CAF_TEST(a field that would break the request apart is left out) {
  CAF_CHECK_EQUAL(written(head_of("GET", {{"A", "x\r\nB: y"}, {"C d", "e"}})),
                  "GET /p?q HTTP/1.1\r\nHost: h:1\r\n\r\n");
}
