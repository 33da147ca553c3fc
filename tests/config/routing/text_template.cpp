#define CAF_SUITE config.text_template

#include "tests/support/test.hpp"

#include "config/routing/text_template.hpp"

using namespace aps;

CAF_TEST(a text takes the values of a request) {
  const route_conditions groups{
    config::conditions{.path_regex = "/u/(?P<id>[0-9]+)/(.*)"}};
  const text_values values{.address = "192.0.2.1",
                           .user = "alice",
                           .request_id = "r-1",
                           .scheme = "https",
                           .host = "a.test:81",
                           .method = "GET",
                           .target = "/u/7/x?q=1",
                           .prefix = "/u/",
                           .tls_version = "TLSv1.3",
                           .tls_cipher = "C",
                           .tls_server_name = "a.test",
                           .tls_client = "CN=b",
                           .conditions = &groups};
  const std::vector<std::pair<std::string, std::string>> rows{
    {"", ""},
    {"plain", "plain"},
    {"{address} {user}", "192.0.2.1 alice"},
    {"{request_id}{scheme}", "r-1https"},
    {"{host} {method}", "a.test:81 GET"},
    {"{path}?{query}", "/u/7/x?q=1"},
    {"{rest}", "/7/x"},
    {"{tls_version} {tls_cipher} {tls_server_name} {tls_client}",
     "TLSv1.3 C a.test CN=b"},
    {"{id}-{1}-{2}-{0}", "7-7-x-/u/7/x"},
    {"{{id}} {{{id}}}", "{id} {7}"},
  };
  for (const auto& [text, expected] : rows) {
    CAF_CHECK_EQUAL(text_template::problem(text, "/u/(?P<id>[0-9]+)/(.*)"), "");
    CAF_CHECK_EQUAL(values.expand(text_template{text}), expected);
  }
  CAF_CHECK_EQUAL(text_values{}.expand(text_template{"<{user}{1}>"}), "<>");
}

CAF_TEST(who carries a request is known to answers alone) {
  for (const auto* text : {"{tunnel}", "a {endpoint}"}) {
    CAF_CHECK_NOT_EQUAL(text_template::problem(text, ""), "");
    CAF_CHECK_EQUAL(text_template::problem(text, "", text_scope::answer), "");
  }
  CAF_CHECK_EQUAL((text_values{.tunnel = "t", .endpoint = "e"}.expand(
                    text_template{"{tunnel}/{endpoint}"})),
                  "t/e");
  for (const auto* text :
       {"{status}", "{reason}", "{outcome}", "{message}", "{detail}"})
    CAF_CHECK_NOT_EQUAL(text_template::problem(text, "", text_scope::answer),
                        "");
  // A group may be called so, as ever.
  CAF_CHECK_EQUAL(text_template::problem("{status}", "(?P<status>.*)"), "");
}

CAF_TEST(what is no text is told) {
  for (const auto* text : {"{", "}", "a{b", "{nothing}", "{}", "{3}", "{-1}",
                           "{address", "{{}", "{ user }"})
    CAF_CHECK_NOT_EQUAL(text_template::problem(text, "(a)(b)"), "");
  CAF_CHECK_NOT_EQUAL(text_template::problem("{0}", ""), "");
}
