#define CAF_SUITE http_rewrite

#include "tests/support/test.hpp"

#include "transports/front/request_rewrite.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/identity.hpp"

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
  return std::get<request_refusal>(result).cause;
}

route to_localhost() {
  route result;
  result.rule.from = {"http", "example.com", 80, ""};
  result.rule.to = {"http", "localhost", 3000, "/base"};
  return result;
}

request_head_ptr rewrite(header_list headers, message_head head = {},
                         bool trusted = false,
                         const visitor_pass* pass = nullptr) {
  if (head.method.empty())
    head = head_of("GET", "/x?y");
  head.headers = std::move(headers);
  head.headers.push_back({"Host", "example.com"});
  const auto where = address(head);
  return rewrite_request(head, where, to_localhost(),
                         {.peer_ip = "192.0.2.1",
                          .request_id = "id-1",
                          .trusted = trusted,
                          .pseudonym = "aps-me",
                          .pass = pass});
}

request_head_ptr rewrite_trusted(header_list headers) {
  return rewrite(std::move(headers), {}, true);
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
  for (const auto* host :
       {"a b", "a/b", "u@a", "u:p@a", "[::1", "[x]", "[:::]", "[1.2.3.4]",
        "[::1]x", "[fe80::1%25eth0]", "a,b", "a%", "a%2", "a%zz", "a?b", "a#b",
        "a\\b", "a:b", "a:1:2", ":80", "a:0", "a:65536", "a:+1", "\x80",
        "a\"b", "<a>", "::1"}) {
    CAF_MESSAGE(host);
    CAF_CHECK(refusal(head_of("GET", "/", {{"Host", host}}))
              == outcome::bad_request);
    // Ignored is not the same as right.
    CAF_CHECK(refusal(head_of("GET", "http://a/", {{"Host", host}}))
              == outcome::bad_request);
  }
  CAF_CHECK(refusal(head_of("GET", "/", {{"Host", ""}}))
            == outcome::bad_request);
  CAF_CHECK_EQUAL(address(head_of("GET", "http://a/", {{"Host", ""}})).host,
                  "a");
  CAF_CHECK_EQUAL(address(head_of("GET", "http://a/", {{"Host", "b"}})).host,
                  "a");
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
  CAF_CHECK_EQUAL(value(x, "via"), "1.1 aps-me");
  CAF_CHECK_EQUAL(value(x, "x-request-id"), "id-1");
  CAF_CHECK(x->last);
}

CAF_TEST(what strangers say of themselves is replaced) {
  const auto x = rewrite({{"X-Forwarded-For", "1.1.1.1"},
                          {"X-Forwarded-For", "2.2.2.2"},
                          {"X_Forwarded_For", "3.3.3.3"},
                          {"X-Forwarded-Host", "forged"},
                          {"X-Forwarded-Proto", "https"},
                          {"Forwarded", "for=1.1.1.1;proto=https"},
                          {"X-Real-IP", "1.1.1.1"},
                          {"True-Client-IP", "1.1.1.1"},
                          {"Aps-Request-Id", "forged"},
                          {"aps_outcome", "forged"},
                          {"X_Request_Id", "forged"},
                          {"Content_Length", "5"},
                          {"Transfer_Encoding", "chunked"},
                          {"Proxy", "http://evil"},
                          {"Via", "1.0 fred"}});
  const header_list expected{{"Host", "localhost:3000"},
                             {"Via", "1.0 fred, 1.1 aps-me"},
                             {"X-Forwarded-For", "192.0.2.1"},
                             {"X-Forwarded-Host", "example.com"},
                             {"X-Forwarded-Proto", "http"},
                             {"X-Request-Id", "id-1"}};
  CAF_CHECK_EQUAL(x->headers, expected);
}

CAF_TEST(what trusted proxies say is kept and continued) {
  const auto x = rewrite_trusted({{"X-Forwarded-For", "1.1.1.1"},
                                  {"X-Forwarded-For", "2.2.2.2"},
                                  {"X-Forwarded-Host", "shop.example"},
                                  {"X-Forwarded-Proto", "https"},
                                  {"Forwarded", "for=1.1.1.1"},
                                  {"X-Real-IP", "1.1.1.1"},
                                  // they pass on what they do not know
                                  {"X_Forwarded_For", "6.6.6.6"},
                                  {"X_Real_IP", "6.6.6.6"},
                                  {"Aps-Outcome", "forged"},
                                  {"Proxy", "http://evil"}});
  const header_list expected{
    {"Host", "localhost:3000"},
    {"X-Forwarded-For", "1.1.1.1"},
    {"X-Forwarded-For", "2.2.2.2, 192.0.2.1"},
    {"X-Forwarded-Host", "shop.example"},
    {"X-Forwarded-Proto", "https"},
    {"Forwarded", "for=1.1.1.1, for=192.0.2.1;proto=http"},
    {"X-Real-IP", "1.1.1.1"},
    {"Via", "1.1 aps-me"},
    {"X-Request-Id", "id-1"}};
  CAF_CHECK_EQUAL(x->headers, expected);
  const auto silent = rewrite_trusted({});
  CAF_CHECK_EQUAL(value(silent, "x-forwarded-host"), "example.com");
  CAF_CHECK_EQUAL(value(silent, "x-forwarded-proto"), "http");
  CAF_CHECK_EQUAL(value(silent, "forwarded"), "(none)");
}

CAF_TEST(what came over TLS has its scheme from there) {
  const auto scheme = [](const std::string& target, bool secure) {
    return std::get<request_address>(address_of(head_of("GET", target), secure))
      .scheme;
  };
  CAF_CHECK_EQUAL(scheme("/x", true), "https");
  CAF_CHECK_EQUAL(scheme("/x", false), "http");
  CAF_CHECK_EQUAL(scheme("http://example.com/x", true), "http");
  CAF_CHECK_EQUAL(scheme("https://example.com/x", false), "https");
}

CAF_TEST(a hop over TLS says so) {
  struct row {
    std::string peer;
    bool secure;
    std::string forwarded;
    std::string proto;
  };
  const row rows[] = {
    {"192.0.2.1", false, "for=a, for=192.0.2.1;proto=http", "http"},
    {"192.0.2.1", true, "for=a, for=192.0.2.1;proto=https", "https"},
    {"2001:db8::1", true, "for=a, for=\"[2001:db8::1]\";proto=https", "https"},
  };
  for (const auto& row : rows) {
    auto head = head_of("GET", "/x");
    head.headers = {{"Host", "example.com"}, {"Forwarded", "for=a"}};
    const auto where = std::get<request_address>(address_of(head, row.secure));
    const auto x = rewrite_request(head, where, to_localhost(),
                                   {.peer_ip = row.peer,
                                    .request_id = "id-1",
                                    .trusted = true,
                                    .secure = row.secure,
                                    .pseudonym = "aps-me"});
    CAF_CHECK_EQUAL(value(x, "forwarded"), row.forwarded);
    CAF_CHECK_EQUAL(value(x, "x-forwarded-proto"), row.proto);
  }
}

CAF_TEST(nobody talks a connection into being secure) {
  const auto proto = [](bool trusted) {
    const auto x = rewrite({}, head_of("GET", "https://example.com/x"),
                           trusted);
    return value(x, "x-forwarded-proto");
  };
  CAF_CHECK_EQUAL(proto(false), "http");
  CAF_CHECK_EQUAL(proto(true), "https");
}

CAF_TEST(Connection takes none of our fields away) {
  const auto x = rewrite({{"Connection", "x-forwarded-for, via, host, "
                                         "x-forwarded-proto, x-request-id"}});
  CAF_CHECK_EQUAL(value(x, "x-forwarded-for"), "192.0.2.1");
  CAF_CHECK_EQUAL(value(x, "x-forwarded-proto"), "http");
  CAF_CHECK_EQUAL(value(x, "via"), "1.1 aps-me");
  CAF_CHECK_EQUAL(value(x, "x-request-id"), "id-1");
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

CAF_TEST(an upgrade keeps its two fields as sent and stays open) {
  for (const std::string protocol :
       {"WebSocket", "SPDY/3.1", "tcp", "websocket, IRC/6.9, RTA/x11"}) {
    auto head = head_of("GET", "/chat");
    head.upgrade = true;
    const auto x = rewrite({{"Connection", "keep-alive, Upgrade"},
                            {"Upgrade", protocol}},
                           std::move(head));
    CAF_CHECK_EQUAL(x->upgrade, protocol);
    CAF_CHECK_EQUAL(value(x, "connection"), "Upgrade");
    CAF_CHECK_EQUAL(value(x, "upgrade"), protocol);
    CAF_CHECK(!x->last);
  }
}

CAF_TEST(HTTP 2 and names without end are taken out of the wish) {
  const std::pair<std::string, std::string> rows[]{
    {"h2c", ""},          {"H2C", ""},
    {"HTTP/2.0", ""},     {"h2c, websocket", "websocket"},
    {"tcp ,h2,, a", "tcp, a"}, {std::string(257, 'x'), ""}};
  for (const auto& [sent, passed] : rows) {
    auto head = head_of("GET", "/");
    head.upgrade = true;
    const auto x = rewrite({{"Upgrade", sent}}, std::move(head));
    CAF_CHECK_EQUAL(x->upgrade, passed);
    CAF_CHECK_EQUAL(x->last, passed.empty());
  }
}

CAF_TEST(an upgrade may have a body) {
  auto post = head_of("POST", "/");
  post.upgrade = post.has_body = true;
  post.content_length = 5;
  const auto x = rewrite({{"Upgrade", "tcp"}, {"Content-Length", "5"}},
                         std::move(post));
  CAF_CHECK_EQUAL(x->upgrade, "tcp");
  CAF_CHECK_EQUAL(*x->content_length, 5u);
  CAF_CHECK_EQUAL(value(x, "transfer-encoding"), "(none)");
  CAF_CHECK(!x->last);
  auto chunked = head_of("POST", "/");
  chunked.upgrade = chunked.has_body = chunked.chunked = true;
  const auto y = rewrite({{"Upgrade", "tcp"}, {"Transfer-Encoding", "chunked"}},
                         std::move(chunked));
  CAF_CHECK_EQUAL(y->upgrade, "tcp");
  CAF_CHECK_EQUAL(value(y, "transfer-encoding"), "chunked");
  CAF_CHECK(!y->last);
}

CAF_TEST(who serves by itself is not asked to switch) {
  auto head = head_of("GET", "/", {{"Host", "a"}, {"Upgrade", "websocket"}});
  head.upgrade = true;
  const auto where = address(head);
  const auto x = rewrite_request(head, where, to_localhost(),
                                 {.peer_ip = "::1", .upgrades = false});
  CAF_CHECK_EQUAL(x->upgrade, "");
  CAF_CHECK(x->last);
  CAF_CHECK_EQUAL(value(x, "upgrade"), "(none)");
}

CAF_TEST(a connection is one visitor unless a proxy opened it) {
  const auto visitor = [](bool trusted) {
    auto head = head_of("GET", "/");
    const auto where = address(head);
    return rewrite_request(head, where, to_localhost(),
                           {.peer_ip = "::1",
                            .trusted = trusted,
                            .connection = 7})
      ->visitor;
  };
  CAF_CHECK_EQUAL(visitor(false), 7u);
  CAF_CHECK_EQUAL(visitor(true), 0u);
}

CAF_TEST(a target hears who asks where its mapping says so) {
  auto via = to_localhost();
  const auto rewritten = [&] {
    auto head = head_of("GET", "/");
    const auto where = address(head);
    return rewrite_request(
      head, where, via,
      {.peer_ip = "192.0.2.1", .proxy_ends = "192.0.2.1:1 192.0.2.2:2"});
  };
  CAF_CHECK(rewritten()->proxy == proxy_version::none);
  via.rule.proxy_protocol = config::proxy_protocol::v1;
  CAF_CHECK(rewritten()->proxy == proxy_version::v1);
  via.rule.proxy_protocol = config::proxy_protocol::v2;
  CAF_CHECK(rewritten()->proxy == proxy_version::v2);
  CAF_CHECK_EQUAL(rewritten()->proxy_ends, "192.0.2.1:1 192.0.2.2:2");
}

CAF_TEST(OPTIONS of a whole server goes on as such) {
  CAF_CHECK_EQUAL(address(head_of("OPTIONS", "http://a.org")).path, "*");
  CAF_CHECK_EQUAL(address(head_of("OPTIONS", "http://a.org:80")).path, "*");
  CAF_CHECK_EQUAL(address(head_of("OPTIONS", "http://a.org/")).path, "/");
  CAF_CHECK_EQUAL(address(head_of("OPTIONS", "http://a.org?q")).path, "/?q");
  CAF_CHECK_EQUAL(address(head_of("GET", "http://a.org")).path, "/");
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
                       {"X-Forwarded-For", "x"}, {"grpc-status", "0"},
                       {"Aps-Outcome", "x"}, {"aps_request_id", "x"},
                       {"X_Real_IP", "x"},  {"Forwarded", "x"}};
  remove_forbidden_trailers(trailers);
  CAF_REQUIRE_EQUAL(trailers.size(), 2u);
  CAF_CHECK_EQUAL(trailers[0].name, "Checksum");
  CAF_CHECK_EQUAL(trailers[1].name, "grpc-status");
}

CAF_TEST(trailers say nothing that is ours to say) {
  visitor_pass pass;
  pass.user_field = "X-User";
  pass.user_variable = "x-user";
  pass.login_variables = {"x-auth-request-user"};
  const header_list forged{{"Checksum", "1"},
                           {"X-User", "root"},
                           {"X_User", "root"},
                           {"X-Auth-Request-User", "root"},
                           {"x.auth_request.user", "root"},
                           {"Remote-User", "root"},
                           {"X_Request_Id", "x"}};
  const auto names = [&](const visitor_pass* by) {
    auto trailers = forged;
    rewrite_trailers(trailers, by);
    std::vector<std::string> out;
    for (const auto& field : trailers)
      out.push_back(field.name);
    return out;
  };
  CAF_CHECK_EQUAL(names(&pass), std::vector<std::string>{"Checksum"});
  pass.user = "alice"; // known or not
  CAF_CHECK_EQUAL(names(&pass), std::vector<std::string>{"Checksum"});
  CAF_CHECK_EQUAL(names(nullptr).size(), 5u); // nobody asks for a user
}

CAF_TEST(a pass names the user in place of what the visitor wrote) {
  visitor_pass pass;
  pass.user = "alice";
  pass.user_field = "X-User";
  pass.user_variable = "x-user";
  const header_list forged{{"X-User", "root"},
                           {"x_user", "root"},
                           {"X.USER", "root"},
                           {"Authorization", "Basic x"}};
  for (const bool trusted : {false, true}) {
    const auto out = rewrite(forged, {}, trusted, &pass);
    std::vector<std::string> users;
    for (const auto& field : out->headers)
      if (same_variable(field.name, "x-user"))
        users.push_back(field.name + "=" + field.value);
    CAF_CHECK_EQUAL(users, std::vector<std::string>{"X-User=alice"});
    CAF_CHECK_EQUAL(value(out, "authorization"), "Basic x");
  }
  pass.drop_authorization = true;
  CAF_CHECK_EQUAL(value(rewrite(forged, {}, false, &pass), "authorization"),
                  "(none)");
}

CAF_TEST(without a user only a trusted proxy may name one) {
  visitor_pass pass;
  pass.user_field = "X-User";
  pass.user_variable = "x-user";
  const header_list named{{"X-User", "root"}};
  CAF_CHECK_EQUAL(value(rewrite(named, {}, false, &pass), "x-user"), "(none)");
  CAF_CHECK_EQUAL(value(rewrite(named, {}, true, &pass), "x-user"), "root");
}

CAF_TEST(a request asked of a proxy is told from others) {
  const auto asked = [](std::string target) {
    const auto head = head_of("GET", std::move(target));
    return to_visitor_request(head, address(head), "192.0.2.1");
  };
  CAF_CHECK(asked("http://example.com/x").proxied);
  CAF_CHECK(!asked("/x").proxied);
  CAF_CHECK(!asked("/http://example.com/x").proxied);
  CAF_CHECK_EQUAL(asked("/x").body_bytes.value_or(9), 0u);
  auto sends = head_of("POST", "/x");
  sends.has_body = true;
  CAF_CHECK(!to_visitor_request(sends, address(sends), "").body_bytes);
  sends.content_length = 7;
  CAF_CHECK_EQUAL(
    to_visitor_request(sends, address(sends), "").body_bytes.value_or(0), 7u);
}
