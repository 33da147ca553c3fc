#define CAF_SUITE h2_request_head

#include "tests/support/test.hpp"

#include "transports/front/h2/h2_request_head.hpp"
#include "transports/http/fields.hpp"

#include <string>

using namespace aps;

namespace {

const std::string seed(32, 's');

header_list pseudo(header_list more = {}) {
  header_list out{{":method", "GET"},
                  {":scheme", "https"},
                  {":authority", "example.com"},
                  {":path", "/a?b"}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::string field(const message_head& head, std::string_view name) {
  const auto* found = find_header(head.headers, name);
  return found ? found->value : "-";
}

} // namespace

CAF_TEST(a request becomes one of HTTP / 1.1) {
  const auto head = from_h2_request(pseudo({{"x-one", "1"}}), true, seed);
  CAF_CHECK_EQUAL(head.method, "GET");
  CAF_CHECK_EQUAL(head.target, "/a?b");
  CAF_CHECK_EQUAL(head.version, 20u);
  CAF_CHECK(!head.has_body);
  const header_list expected{{"host", "example.com"}, {"x-one", "1"}};
  CAF_CHECK(head.headers == expected);
}

CAF_TEST(the authority wins over a host) {
  const auto both = from_h2_request(pseudo({{"host", "other"}}), true, seed);
  CAF_CHECK_EQUAL(field(both, "host"), "example.com");
  const auto alone = from_h2_request(
    {{":method", "GET"}, {":path", "/"}, {"host", "other"}}, true, seed);
  CAF_CHECK_EQUAL(field(alone, "host"), "other");
}

CAF_TEST(cookies in pieces are joined) {
  const auto head = from_h2_request(
    pseudo({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}), true, seed);
  CAF_CHECK_EQUAL(field(head, "cookie"), "a=1; b=2");
  CAF_CHECK_EQUAL(head.headers.size(), 3u);
}

CAF_TEST(a length is read) {
  const auto head
    = from_h2_request(pseudo({{"content-length", "12"}}), false, seed);
  CAF_CHECK(head.has_body);
  CAF_CHECK(head.content_length == 12u);
}

CAF_TEST(a WebSocket is the upgrade that it stands for) {
  auto fields = pseudo({{"content-length", "3"}});
  fields.front().value = "CONNECT";
  fields.push_back({":protocol", "websocket"});
  const auto head = from_h2_request(fields, false, seed);
  CAF_CHECK_EQUAL(head.method, "GET");
  CAF_CHECK(head.upgrade);
  CAF_CHECK(!head.has_body);
  CAF_CHECK(!head.content_length);
  CAF_CHECK_EQUAL(field(head, "connection"), "Upgrade");
  CAF_CHECK_EQUAL(field(head, "upgrade"), "websocket");
  CAF_CHECK_EQUAL(field(head, "sec-websocket-key").size(), 24u);
  fields.push_back({"sec-websocket-key", "of the visitor"});
  const auto again = from_h2_request(fields, false, seed);
  CAF_CHECK_EQUAL(again.headers.size(), head.headers.size());
  CAF_CHECK_EQUAL(field(again, "sec-websocket-key"),
                  field(head, "sec-websocket-key"));
}

CAF_TEST(other protocols are tunnels) {
  auto fields = pseudo();
  fields.push_back({":protocol", "connect-udp"});
  CAF_CHECK_EQUAL(from_h2_request(fields, false, seed).method, "CONNECT");
}
