#define CAF_SUITE http_rewrite

#include "tests/support/test.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/request_rewrite.hpp"

using namespace aps;

namespace {

message_head head_of(std::string method, std::string target,
                     header_list headers = {{"Host", "example.com"}}) {
  message_head head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.headers = std::move(headers);
  return head;
}

request_address address(const message_head& head) {
  const auto result = address_of(head);
  CAF_REQUIRE(std::holds_alternative<request_address>(result));
  return std::get<request_address>(result);
}

outcome refusal(const message_head& head) {
  const auto result = address_of(head);
  CAF_REQUIRE(std::holds_alternative<request_refusal>(result));
  return std::get<request_refusal>(result).what;
}

route to_localhost() {
  route result;
  result.rule.from = {"http", "example.com", 80, ""};
  result.rule.to = {"http", "localhost", 3000, "/base"};
  return result;
}

request_head_ptr rewrite(header_list headers, message_head head = {}) {
  if (head.method.empty())
    head = head_of("GET", "/x?y");
  head.headers = std::move(headers);
  head.headers.push_back({"Host", "example.com"});
  const auto where = address(head);
  return rewrite_request(head, where, to_localhost(), "192.0.2.1", "id-1");
}

std::string value(const request_head_ptr& head, std::string_view name) {
  const auto* field = find_header(head->headers, name);
  return field ? field->value : "(none)";
}

} // namespace

CAF_TEST(origin form takes the host from Host) {
  const auto x = address(head_of("GET", "/a?b", {{"host", "Ex.com:8080"}}));
  CAF_CHECK_EQUAL(x.scheme, "http");
  CAF_CHECK_EQUAL(x.host, "Ex.com");
  CAF_CHECK_EQUAL(x.port, 8080);
  CAF_CHECK_EQUAL(x.path, "/a?b");
}

CAF_TEST(absolute form wins over Host) {
  const auto x = address(head_of("GET", "HTTPS://a.org:1?q"));
  CAF_CHECK_EQUAL(x.scheme, "https");
  CAF_CHECK_EQUAL(x.host, "a.org");
  CAF_CHECK_EQUAL(x.port, 1);
  CAF_CHECK_EQUAL(x.path, "/?q");
  CAF_CHECK_EQUAL(address(head_of("GET", "http://a.org")).path, "/");
}

CAF_TEST(IPv6 addresses lose their brackets) {
  const auto x = address(head_of("GET", "/", {{"Host", "[::1]:80"}}));
  CAF_CHECK_EQUAL(x.host, "::1");
  CAF_CHECK_EQUAL(x.port, 80);
}

CAF_TEST(what cannot be addressed is refused) {
  CAF_CHECK(refusal(head_of("CONNECT", "a:443")) == outcome::not_implemented);
  CAF_CHECK(refusal(head_of("OPTIONS", "*")) == outcome::not_implemented);
  for (const auto* target :
       {"a:443", "foo", "ftp://a/", "http://", "http:///x", "http://u@a/",
        "http://a:0/", "http://a:99999/", "http://a:1x/", "/a#b"})
    CAF_CHECK(refusal(head_of("GET", target)) == outcome::bad_request);
  for (const auto* host : {"", "a b", "a/b", "u@a", "[::1", "[x]", "a,b"})
    CAF_CHECK(refusal(head_of("GET", "/", {{"Host", host}}))
              == outcome::bad_request);
}

CAF_TEST(the request is addressed to the target) {
  const auto x = rewrite({});
  CAF_CHECK_EQUAL(x->scheme, "http");
  CAF_CHECK_EQUAL(x->authority, "localhost:3000");
  CAF_CHECK_EQUAL(x->path, "/base/x?y");
  CAF_CHECK_EQUAL(x->headers[0], (header{"Host", "localhost:3000"}));
  CAF_CHECK_EQUAL(value(x, "x-forwarded-host"), "example.com");
  CAF_CHECK_EQUAL(value(x, "x-forwarded-proto"), "http");
  CAF_CHECK_EQUAL(value(x, "x-forwarded-for"), "192.0.2.1");
  CAF_CHECK_EQUAL(value(x, "via"), "1.1 aps");
  CAF_CHECK_EQUAL(value(x, "x-request-id"), "id-1");
  CAF_CHECK(x->last);
}

CAF_TEST(lists that others began are continued) {
  const auto x = rewrite({{"X-Forwarded-For", "1.1.1.1"},
                          {"X-Forwarded-For", "2.2.2.2"},
                          {"Via", "1.0 fred"},
                          {"X-Forwarded-Host", "forged"},
                          {"X-Forwarded-Proto", "forged"}});
  CAF_CHECK_EQUAL(x->headers[2],
                  (header{"X-Forwarded-For", "2.2.2.2, 192.0.2.1"}));
  CAF_CHECK_EQUAL(value(x, "via"), "1.0 fred, 1.1 aps");
  CAF_CHECK_EQUAL(value(x, "x-forwarded-host"), "example.com");
  CAF_CHECK_EQUAL(value(x, "x-forwarded-proto"), "http");
}

CAF_TEST(hop by hop fields and those that Connection names are removed) {
  const auto x = rewrite({{"Connection", "close, X-Secret ,host"},
                          {"x-secret", "1"},
                          {"Keep-Alive", "timeout=5"},
                          {"Proxy-Authorization", "x"},
                          {"Proxy-Connection", "keep-alive"},
                          {"Transfer-Encoding", "chunked"},
                          {"TE", "gzip"},
                          {"Upgrade", "x"},
                          {"Expect", "100-continue"},
                          {"Accept", "*/*"}});
  for (const auto* name :
       {"connection", "x-secret", "keep-alive", "proxy-authorization",
        "proxy-connection", "transfer-encoding", "te", "upgrade", "expect"})
    CAF_CHECK_EQUAL(value(x, name), "(none)");
  CAF_CHECK_EQUAL(value(x, "accept"), "*/*");
  CAF_CHECK_EQUAL(value(x, "host"), "localhost:3000");
}

CAF_TEST(a wish for trailers is passed on) {
  const auto x = rewrite({{"TE", "gzip, trailers"}, {"Connection", "TE"}});
  CAF_CHECK_EQUAL(value(x, "te"), "trailers");
  CAF_CHECK_EQUAL(value(x, "connection"), "TE");
}

CAF_TEST(an upgrade keeps its two fields and stays open) {
  auto head = head_of("GET", "/chat");
  head.upgrade = true;
  const auto x = rewrite({{"Connection", "keep-alive, Upgrade"},
                          {"Upgrade", "WebSocket"}},
                         std::move(head));
  CAF_CHECK_EQUAL(x->upgrade, "websocket");
  CAF_CHECK_EQUAL(value(x, "connection"), "Upgrade");
  CAF_CHECK_EQUAL(value(x, "upgrade"), "websocket");
  CAF_CHECK(!x->last);
}

CAF_TEST(HTTP 2 and upgrades with a body are not passed on) {
  auto h2c = head_of("GET", "/");
  h2c.upgrade = true;
  CAF_CHECK_EQUAL(rewrite({{"Upgrade", "h2c"}}, std::move(h2c))->upgrade, "");
  auto post = head_of("POST", "/");
  post.upgrade = post.has_body = true;
  post.content_length = 5;
  const auto x = rewrite({{"Upgrade", "x"}}, std::move(post));
  CAF_CHECK_EQUAL(x->upgrade, "");
  CAF_CHECK_EQUAL(*x->content_length, 5u);
  CAF_CHECK(!x->last);
}

CAF_TEST(request ids are taken when sane and differ when made) {
  const auto id = [](std::string text) {
    return std::string{sane_request_id({{"X-Request-Id", std::move(text)}})};
  };
  CAF_CHECK_EQUAL(id("abc-1"), "abc-1");
  CAF_CHECK_EQUAL(id("a b"), "");
  CAF_CHECK_EQUAL(id(std::string(129, 'x')), "");
  CAF_CHECK_EQUAL(id(std::string(128, 'x')).size(), 128u);
  CAF_CHECK_EQUAL(make_request_id(1).size(), 32u);
  CAF_CHECK_NOT_EQUAL(make_request_id(1), make_request_id(2));
}

CAF_TEST(trailers cannot carry framing or routing or credentials) {
  header_list trailers{{"Checksum", "1"},   {"content-length", "1"},
                       {"Host", "x"},       {"Authorization", "x"},
                       {"Set-Cookie", "x"}, {"Transfer-Encoding", "x"},
                       {"X-Forwarded-For", "x"}, {"grpc-status", "0"}};
  remove_forbidden_trailers(trailers);
  CAF_REQUIRE_EQUAL(trailers.size(), 2u);
  CAF_CHECK_EQUAL(trailers[0].name, "Checksum");
  CAF_CHECK_EQUAL(trailers[1].name, "grpc-status");
}
