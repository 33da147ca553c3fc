#define CAF_SUITE login_service

#include "actors/policy/access/login_service.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

config::forward_auth rule(std::string url = "http://login:4180/auth?x=1") {
  config::forward_auth out;
  out.url = std::move(url);
  return out;
}

request_head asked() {
  request_head out;
  out.method = "POST";
  out.authority = "target:80";
  out.path = "/inner";
  out.last = false;
  out.content_length = 3;
  out.upgrade = "websocket";
  out.headers = {{"Host", "target:80"},
                 {"Cookie", "a=b"},
                 {"Content-Length", "3"},
                 {"Content-Type", "text/plain"},
                 {"If-None-Match", "x"},
                 {"Range", "bytes=1-"},
                 {"Sec-WebSocket-Key", "k"},
                 {"X-Mine", "1"},
                 {"X-Forwarded-Uri", "/forged"},
                 {"x-original-url", "/forged"},
                 {"X-Forwarded-For", "192.0.2.1"},
                 {"X-Forwarded-Host", "app.test"},
                 {"X-Forwarded-Proto", "https"},
                 {"Via", "1.1 aps-1"},
                 {"X-Request-Id", "7"},
                 {"Connection", "Upgrade"},
                 {"Upgrade", "websocket"},
                 {"Transfer-Encoding", "chunked"}};
  return out;
}

std::string value_of(const header_list& fields, std::string_view name) {
  const auto* found = find_header(fields, name);
  return found ? found->value : "-";
}

size_t count(const header_list& fields, std::string_view name) {
  size_t out = 0;
  for (const auto& field : fields)
    out += iequals(field.name, name);
  return out;
}

} // namespace

CAF_TEST(a question is a GET about the request as it came) {
  const login_service uut{"here", rule()};
  const auto question = uut.question(asked(), "/outer?q=1");
  CAF_CHECK_EQUAL(question->method, "GET");
  CAF_CHECK_EQUAL(question->authority, "login:4180");
  CAF_CHECK_EQUAL(question->path, "/auth?x=1");
  CAF_CHECK(question->last);
  CAF_CHECK(!question->content_length);
  CAF_CHECK(question->upgrade.empty());
  const auto& fields = question->headers;
  const std::pair<const char*, const char*> rows[]
    = {{"Host", "login:4180"},
       {"Cookie", "a=b"},
       {"X-Mine", "1"},
       {"X-Forwarded-Method", "POST"},
       {"X-Forwarded-Uri", "/outer?q=1"},
       {"X-Forwarded-For", "192.0.2.1"},
       {"X-Forwarded-Host", "app.test"},
       {"X-Forwarded-Proto", "https"},
       {"X-Original-Method", "POST"},
       {"X-Original-URL", "https://app.test/outer?q=1"},
       {"Via", "1.1 aps-1"},
       {"X-Request-Id", "7"},
       {"Content-Length", "-"},
       {"Content-Type", "-"},
       {"If-None-Match", "-"},
       {"Range", "-"},
       {"Sec-WebSocket-Key", "-"},
       {"Connection", "-"},
       {"Upgrade", "-"},
       {"Transfer-Encoding", "-"}};
  for (const auto& [name, value] : rows) {
    CAF_MESSAGE(name);
    CAF_CHECK_EQUAL(value_of(fields, name), value);
    CAF_CHECK_LESS_OR_EQUAL(count(fields, name), 1u);
  }
}

CAF_TEST(its fields can be chosen) {
  auto settings = rule();
  settings.request_headers = {"cookie"};
  const login_service uut{"here", settings};
  const auto fields = uut.question(asked(), "/")->headers;
  CAF_CHECK_EQUAL(value_of(fields, "Cookie"), "a=b");
  CAF_CHECK_EQUAL(value_of(fields, "X-Mine"), "-");
  CAF_CHECK_EQUAL(value_of(fields, "X-Forwarded-For"), "192.0.2.1");
}

CAF_TEST(questions differ by all that is sent but their numbers) {
  const login_service uut{"here", rule()};
  const auto text = [&](auto change, const char* path = "/a") {
    auto head = asked();
    change(head);
    return login_service::text_of(*uut.question(head, path));
  };
  const auto first = text([](auto&) {});
  CAF_CHECK_EQUAL(first, text([](auto& head) {
                    find_header(head.headers, "X-Request-Id");
                    for (auto& field : head.headers)
                      if (field.name == "X-Request-Id")
                        field.value = "8";
                  }));
  CAF_CHECK_NOT_EQUAL(first, text([](auto&) {}, "/b"));
  CAF_CHECK_NOT_EQUAL(first, text([](auto& head) { head.method = "GET"; }));
  for (size_t i : {1, 7, 10, 11, 12})
    CAF_CHECK_NOT_EQUAL(
      first, text([&](auto& head) { head.headers[i].value += "x"; }));
  // A value cannot stand for a field.
  CAF_CHECK_NOT_EQUAL(text([](auto& head) {
                        head.headers[1].value = "a";
                        head.headers[7].value = "bc";
                      }),
                      text([](auto& head) {
                        head.headers[1].value = "ab";
                        head.headers[7].value = "c";
                      }));
}

CAF_TEST(what an answer says goes to the target alone) {
  auto settings = rule();
  settings.copy_headers = {"Remote-User", "Authorization"};
  const login_service uut{"here", settings};
  const header_list answer{{"remote-user", "alice"},
                           {"X-Internal", "secret"},
                           {"Set-Cookie", "a=1"},
                           {"set-cookie", "b=2"}};
  const auto copied = uut.copied(answer);
  CAF_CHECK(copied == (header_list{{"remote-user", "alice"}}));
  auto head = asked();
  head.headers.push_back({"Remote-User", "of another rule"});
  head.headers.push_back({"Authorization", "the visitor's"});
  const auto amended = uut.amended(head, copied);
  CAF_CHECK_EQUAL(value_of(amended->headers, "Remote-User"), "alice");
  CAF_CHECK_EQUAL(count(amended->headers, "Remote-User"), 1u);
  CAF_CHECK_EQUAL(count(amended->headers, "Authorization"), 0u);
  CAF_CHECK_EQUAL(value_of(amended->headers, "Cookie"), "a=b");
  CAF_CHECK_EQUAL(amended->path, "/inner");
  CAF_CHECK_EQUAL(login_service::cookies_of(answer).size(), 2u);
}

CAF_TEST(a name that the service does not say stays another rules) {
  const login_service uut{"here", rule()};
  auto head = asked();
  head.headers.push_back({"Remote-User", "alice"});
  const auto amended = uut.amended(head, {{"Remote-Email", "a@b"}});
  CAF_CHECK_EQUAL(value_of(amended->headers, "Remote-User"), "alice");
}

CAF_TEST(who it is stands in one of several fields) {
  CAF_CHECK_EQUAL(login_service::user_of({}), "");
  CAF_CHECK_EQUAL(login_service::user_of({{"X-Auth-Request-Email", "a@b"}}),
                  "a@b");
  CAF_CHECK_EQUAL(login_service::user_of({{"X-Auth-Request-Email", "a@b"},
                                          {"remote-user", "alice"}}),
                  "alice");
}

CAF_TEST(nothing but success lets in) {
  for (unsigned status = 100; status < 600; ++status)
    CAF_CHECK_EQUAL(login_service::lets_in(status), status / 100 == 2);
}

CAF_TEST(the way of a question is of no mapping) {
  auto settings = rule("https://login.test/");
  settings.tunnels = {"t"};
  settings.endpoints = {"e"};
  const login_service uut{"here", settings};
  CAF_CHECK_EQUAL(uut.via()->rule.tunnels, settings.tunnels);
  CAF_CHECK_EQUAL(uut.via()->rule.endpoints, settings.endpoints);
  CAF_CHECK_GREATER(uut.via()->index, size_t{1'000'000});
  CAF_CHECK_EQUAL(uut.question(asked(), "/")->scheme, "https");
}
