#define CAF_SUITE config.rewrite_section

#include "tests/support/test.hpp"

#include "config/routing/rewrite_section.hpp"

#include "config/routing/routes.hpp"
#include "config/show.hpp"
#include "tests/config/good.hpp"
#include "tests/config/problems.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using config::good;
using config::wrong;

namespace {

std::string with_keys(const std::string& more,
                      const std::string& to = R"("http://t/b")") {
  return R"({"servers": {"s": 1}, "mappings": [{"from": "http://a/p",
           "to": )"
         + to + (more.empty() ? "" : ", ") + more + "}]}";
}

std::string many_fields(size_t count, size_t bytes = 1) {
  std::string out;
  for (size_t i = 0; i < count; ++i)
    out += (i == 0 ? "\"A" : ", \"A") + std::to_string(i) + "\": \""
           + std::string(bytes, 'x') + "\"";
  return out;
}

} // namespace

CAF_TEST(rewrites are read and shown in one form) {
  const auto text = R"("host": "x.test:81", "translate": "all",
    "path": "/v2{rest}", "query": {"remove": ["u"], "set": {"a": "{address}"}},
    "request_headers": {"add": {"X-A": "1"}},
    "response_headers": {"set": {"X-B": "{{"}, "remove": ["Server"]})";
  const auto all = good(with_keys(text));
  const auto shown = config::show(all.mappings[0]);
  for (const auto* key : {"host", "translate", "path", "query",
                          "request_headers", "response_headers"})
    CAF_CHECK(shown.at(key)
              == nlohmann::json::parse(std::string{"{"} + text + "}").at(key));
  CAF_CHECK(!good(with_keys("")).mappings[0].rewrite);
  CAF_CHECK(!good(with_keys(R"("host": "target", "translate": "target")"))
               .mappings[0]
               .rewrite);
}

CAF_TEST(answers are read and shown in one form) {
  for (const auto* to :
       {R"({"redirect": "https://b{path}", "status": 301})",
        R"({"status": 404, "body": "gone", "headers": {"X-A": "{host}"}})"}) {
    const auto all = good(with_keys("", to));
    CAF_REQUIRE(all.mappings[0].answer);
    CAF_CHECK(config::show(all.mappings[0]).at("to")
              == nlohmann::json::parse(to));
  }
  CAF_CHECK_EQUAL(
    good(with_keys("", R"({"redirect": "/b"})")).mappings[0].answer->status,
    302);
}

CAF_TEST(what would break a message is refused) {
  const std::vector<std::pair<std::string, std::string>> rows{
    {R"("host": "a b")", "host"},
    {R"("translate": "some")", "translate"},
    {R"("path": "x")", "path"},
    {R"("path": "/a?b")", "path"},
    {R"("path": "/{user}")", "path"},
    {R"("path": "/{1}")", "path"},
    {R"("path": "/{")", "path"},
    {R"("query": {"set": {"": "x"}})", R"(query.set[""])"},
    {R"("query": {"set": {"a": "{nothing}"}})", "query.set.a"},
    {R"("query": {"put": {}})", "query.put"},
    {R"("request_headers": {"set": {"Host": "x"}})",
     "request_headers.set.Host"},
    {R"("request_headers": {"set": {"content-length": "1"}})",
     "request_headers.set.content-length"},
    {R"("request_headers": {"set": {"Content_Length": "1"}})",
     "request_headers.set.Content_Length"},
    {R"("request_headers": {"add": {"Transfer-Encoding": "chunked"}})",
     "request_headers.add.Transfer-Encoding"},
    {R"("request_headers": {"add": {"Connection": "close"}})",
     "request_headers.add.Connection"},
    {R"("request_headers": {"remove": ["X-Forwarded-For"]})",
     "request_headers.remove"},
    {R"("request_headers": {"set": {"X-Forwarded-Proto": "https"}})",
     "request_headers.set.X-Forwarded-Proto"},
    {R"("request_headers": {"set": {"X-Request-ID": "1"}})",
     "request_headers.set.X-Request-ID"},
    {R"("request_headers": {"set": {"Remote-User": "root"}})",
     "request_headers"},
    {R"("request_headers": {"set": {"a b": "1"}})",
     R"(request_headers.set["a b"])"},
    {R"("request_headers": {"set": {"A": "x\r\ny"}})", "request_headers.set.A"},
    {R"("response_headers": {"set": {"Aps-Outcome": "x"}})",
     "response_headers.set.Aps-Outcome"},
    {R"("response_headers": {"remove": ["Via"]})", "response_headers.remove"},
    {R"("path": "/a/../b{rest}")", "path"},
    {R"("path": "/a/%2e%2E/b")", "path"},
    {R"("path": "/..;x{path}")", "path"},
    {R"("request_headers": {"set": {"A": "{endpoint}"}})",
     "request_headers.set.A"},
    {R"("query": {"set": {"a": "{tunnel}"}})", "query.set.a"},
    {R"("request_headers": {"set": {)" + many_fields(101) + "}}",
     "request_headers.set"},
    {R"("response_headers": {"add": {)" + many_fields(20, 4000) + "}}",
     "response_headers.add"},
  };
  for (const auto& [keys, path] : rows) {
    CAF_MESSAGE(keys);
    const auto found = wrong(with_keys(keys));
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK_EQUAL(found[0].path, "$.mappings[0]." + path);
  }
  for (const auto& [to, path] :
       std::vector<std::pair<std::string, std::string>>{
         {"{}", "to.status"},
         {R"({"redirect": "x"})", "to.redirect"},
         {R"({"redirect": "javascript:x"})", "to.redirect"},
         {R"({"redirect": "//x{path}"})", "to.redirect"},
         {R"({"redirect": "https://b{query}"})", "to.redirect"},
         {R"({"redirect": "https://{user}.b/"})", "to.redirect"},
         {R"({"redirect": "/x", "status": 200})", "to.status"},
         {R"({"redirect": "/x", "status": 304})", "to.status"},
         {R"({"status": 101})", "to.status"},
         {R"({"status": 204, "body": "x"})", "to.body"},
         {R"({"status": 205, "body": "x"})", "to.body"},
         {R"({"status": 304, "body": ""})", "to.body"},
         {R"({"redirect": "http://a/p"})", "to.redirect"},
         {R"({"redirect": "http://a/p/x?y"})", "to.redirect"},
         {R"({"redirect": "/p/new"})", "to.redirect"},
         {R"({"redirect": "{scheme}://{host}{path}"})", "to.redirect"},
         {R"({"redirect": "http://A:80/p{rest}"})", "to.redirect"},
         {R"({"status": 200, "body": 1})", "to.body"},
         {R"({"status": 200, "headers": {"Content-Length": "1"}})",
          "to.headers.Content-Length"}}) {
    CAF_MESSAGE(to);
    const auto found = wrong(with_keys("", to));
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    CAF_CHECK_EQUAL(found[0].path, "$.mappings[0]." + path);
  }
}

CAF_TEST(paths are put together from groups and cannot climb) {
  const auto all = good(R"json({"servers": {"s": 1}, "mappings": [
    {"from": "http://a/p", "to": "http://t", "path": "/v2{rest}"},
    {"from": "http://a", "to": "http://t", "path": "/{dir}/{2}",
     "match": {"path_regex": "/x/(?P<dir>[^/]*)/([^/]*)"}}]})json");
  const route_table uut{all.mappings};
const auto target = [&](std::string_view path) {
  const auto found
    = find_route(uut, {.scheme = "http", .host = "a", .path = path});
  return found ? found->target_path(path) : "-";
};
CAF_CHECK_EQUAL(target("/p/x?q"), "/v2/x?q");
CAF_CHECK_EQUAL(target("/p"), "/v2");
CAF_CHECK_EQUAL(target("/x/a/b?c=/d"), "/a/b?c=/d");
CAF_CHECK_EQUAL(target("/x/a%20b/%63"), "/a%20b/%63");
CAF_CHECK_EQUAL(target("/x/../b"), "-");
CAF_CHECK_EQUAL(target("/x/a/..%2fb"), "-");
}

CAF_TEST(a redirect to another mapping is none to itself) {
  for (const auto* to : {"http://a/q", "https://a/p", "http://b/p", "/q{path}",
                         "http://a:81/p", "/pq", "https://{host}{path}"})
    good(with_keys("", std::string{R"({"redirect": ")"} + to + R"("})"));
  // The root sends to what another mapping has.
  good(R"({"servers": {"s": 1}, "mappings": [
    {"from": "http://a", "to": {"redirect": "/app"}},
    {"from": "http://a/app", "to": "http://t"}]})");
  CAF_CHECK_EQUAL(wrong(R"({"servers": {"s": 1}, "mappings": [
    {"from": "http://a", "to": {"redirect": "/app"}},
    {"from": "http://a/apps", "to": "http://t"}]})")
                    .size(),
                  1u);
  // Only some requests are sent away.
  good(R"({"servers": {"s": 1}, "mappings": [{"from": "http://a",
    "match": {"methods": "POST"}, "to": {"redirect": "/x"}}]})");
}

CAF_TEST(answers may say who carried the request) {
  good(with_keys(
    R"("response_headers": {"set": {"X-By": "{tunnel}/{endpoint}"}})"));
}
