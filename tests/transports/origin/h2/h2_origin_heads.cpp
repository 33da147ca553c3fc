#define CAF_SUITE h2_origin_heads

#include "tests/support/test.hpp"

#include "transports/origin/h2/h2_origin_heads.hpp"

using namespace aps;

namespace {

request_head request(header_list headers = {}) {
  request_head out;
  out.method = "GET";
  out.authority = "target:8080";
  out.path = "/a?b";
  out.headers = std::move(headers);
  return out;
}

} // namespace

CAF_TEST(pseudo fields come first and name the host once) {
  const auto fields = to_h2_request(request({{"Host", "other"}, {"X", "1"}}));
  CAF_REQUIRE(fields);
  const header_list expected{
    {":method", "GET"}, {":scheme", "http"}, {":authority", "other"},
    {":path", "/a?b"},  {"X", "1"},          {"te", "trailers"}};
  CAF_CHECK(*fields == expected);
  CAF_CHECK_EQUAL(to_h2_request(request())->at(2).value, "target:8080");
  CAF_CHECK_EQUAL(to_h2_request(request({{"Host", ""}}))->at(2).value,
                  "target:8080");
}

CAF_TEST(what HTTP / 2 forbids is left out) {
  const auto fields = to_h2_request(request({{"Connection", "TE"},
                                             {"Keep-Alive", "1"},
                                             {"Proxy-Connection", "x"},
                                             {"Transfer-Encoding", "chunked"},
                                             {"Upgrade", "x"},
                                             {"TE", "trailers"},
                                             {"Content-Length", "99"},
                                             {"bad name", "x"},
                                             {"X-Bad", "a\r\nb: c"}}));
  CAF_REQUIRE(fields);
  CAF_CHECK_EQUAL(fields->size(), 5u); // four pseudo fields, and te
}

CAF_TEST(a length is told when it is known) {
  auto head = request();
  head.last = false;
  CAF_CHECK(!find_header(*to_h2_request(head), "content-length"));
  head.content_length = 7;
  CAF_CHECK_EQUAL(find_header(*to_h2_request(head), "content-length")->value,
                  "7");
}

CAF_TEST(what cannot stand in a request is none) {
  for (const auto* bad : {"", "a b", "a\r\nb", "a\tb"}) {
    auto method = request();
    method.method = bad;
    CAF_CHECK(!to_h2_request(method));
    auto path = request();
    path.path = bad;
    CAF_CHECK(!to_h2_request(path));
    auto authority = request();
    authority.authority = bad;
    CAF_CHECK(!to_h2_request(authority));
  }
}

CAF_TEST(answers have what HTTP / 1.1 would say) {
  const auto head = from_h2_response({{":status", "200"},
                                      {"content-length", "12"},
                                      {"connection", "x"},
                                      {"x-one", "1"}},
                                     false, false);
  CAF_REQUIRE(head);
  CAF_CHECK_EQUAL(head->status, 200u);
  CAF_CHECK(head->content_length == 12u);
  CAF_CHECK(!head->last);
  const header_list passed{{"x-one", "1"}};
  CAF_CHECK(head->headers == passed);
}

CAF_TEST(answers without a body are known as such) {
  struct row {
    const char* status;
    bool last, head_request, expected;
  };
  const row rows[]
    = {{"200", false, false, false}, {"200", true, false, true},
       {"200", false, true, true},   {"204", false, false, true},
       {"304", false, false, true},  {"103", false, false, false},
       {"103", true, false, false}};
  for (const auto& row : rows) {
    const auto head
      = from_h2_response({{":status", row.status}}, row.last, row.head_request);
    CAF_REQUIRE(head);
    CAF_MESSAGE(row.status);
    CAF_CHECK_EQUAL(head->last, row.expected);
  }
}

CAF_TEST(a status that is none is no answer) {
  for (const auto* bad : {"", "abc", "20x", "101", "99999999"})
    CAF_CHECK(!from_h2_response({{":status", bad}}, false, false));
  CAF_CHECK(!from_h2_response({}, false, false));
}

CAF_TEST(a WebSocket is an extended CONNECT) {
  auto head = request({{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                       {"Sec-WebSocket-Version", "13"},
                       {"Connection", "Upgrade"}});
  head.upgrade = "WebSocket";
  CAF_CHECK(is_websocket(head));
  const header_list expected{
    {":method", "CONNECT"}, {":protocol", "websocket"},
    {":scheme", "http"},    {":authority", "target:8080"},
    {":path", "/a?b"},      {"Sec-WebSocket-Version", "13"},
    {"te", "trailers"}};
  CAF_CHECK(*to_h2_request(head) == expected);
  for (const auto* other : {"", "tcp", "websocket, tcp"}) {
    head.upgrade = other;
    CAF_CHECK(!is_websocket(head));
  }
  head.upgrade = "websocket";
  head.method = "POST";
  CAF_CHECK(!is_websocket(head));
}

CAF_TEST(a success is the 101 of a WebSocket) {
  // RFC 6455, 1.3
  const auto accept = socket_accept("dGhlIHNhbXBsZSBub25jZQ==");
  CAF_CHECK_EQUAL(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const auto granted = from_h2_response(
    {{":status", "200"}, {"sec-websocket-protocol", "chat"}}, false, false);
  const auto head = to_switching(*granted, accept);
  CAF_CHECK_EQUAL(head->status, 101u);
  CAF_CHECK(!head->last);
  CAF_CHECK_EQUAL(find_header(head->headers, "upgrade")->value, "websocket");
  CAF_CHECK_EQUAL(find_header(head->headers, "sec-websocket-accept")->value,
                  accept);
  CAF_CHECK_EQUAL(find_header(head->headers, "sec-websocket-protocol")->value,
                  "chat");
}
