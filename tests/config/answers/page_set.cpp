#define CAF_SUITE config.page_set

#include "tests/support/test.hpp"

#include "config/answers/live_answers.hpp"
#include "config/answers/page_set.hpp"

using namespace aps;

namespace {

config::error_page page(const std::string& answers, bool of_target = false) {
  return {answers, {}, answers, "text/plain", 0, of_target};
}

std::string shown(const page_set::page* page) {
  return page ? text_values{}.expand(page->text, page->form) : "none";
}

} // namespace

CAF_TEST(the most special page is shown) {
  const page_set pages{
    {page("*"), page("5xx"), page("503"), page("no-endpoint"), page("4xx")}};
  const std::tuple<unsigned, const char*, const char*> rows[]
    = {{503, "no-endpoint", "no-endpoint"},
       {503, "draining", "503"},
       {502, "cut", "5xx"},
       {404, "no-mapping", "4xx"},
       {429, "", "4xx"}};
  for (const auto& [status, outcome, expected] : rows)
    CAF_CHECK_EQUAL(shown(pages.find(status, outcome)), expected);
  CAF_CHECK_EQUAL(shown(page_set{{page("5xx")}}.find(404, "no-mapping")),
                  "none");
  CAF_CHECK_EQUAL(shown(page_set{{page("*")}}.find(404, "no-mapping")), "*");
}

CAF_TEST(targets keep their answers unless a page says otherwise) {
  const page_set own{{page("*"), page("5xx")}};
  CAF_CHECK(!own.replaces_targets());
  CAF_CHECK(!own.find_for_target(500));
  const page_set all{{page("*"), page("5xx", true), page("404", true)}};
  CAF_CHECK_EQUAL(shown(all.find_for_target(500)), "5xx");
  CAF_CHECK_EQUAL(shown(all.find_for_target(404)), "404");
  CAF_CHECK(!all.find_for_target(403));
  CAF_CHECK(!all.find_for_target(200));
  CAF_CHECK(!page_set{{page("*", true)}}.find_for_target(302));
}

CAF_TEST(values are harmless where they stand) {
  const text_values values{.host = "a<b>&\"'\\\n\x01\xff", .status = "502"};
  const std::tuple<const char*, const char*> rows[]
    = {{"text/html", "<i>a&lt;b&gt;&amp;&quot;&#39;\\\n</i> 502"},
       {"application/xhtml+xml; charset=utf-8",
        "<i>a&lt;b&gt;&amp;&quot;&#39;\\\n</i> 502"},
       {"application/json", "<i>a\\u003cb>&\\\"'\\\\\\n</i> 502"},
       {"text/plain", "<i>a<b>&\"'\\\n\xff</i> 502"}};
  for (const auto& [type, expected] : rows) {
    const page_set pages{{{"*", {}, "<i>{host}</i> {status}", type}}};
    CAF_CHECK_EQUAL(
      values.expand(pages.find(502, "")->text, pages.find(502, "")->form),
      expected);
  }
}

CAF_TEST(braces of a page stay) {
  const text_values values{.status = "404", .outcome = "no-mapping"};
  const std::pair<const char*, const char*> rows[]
    = {{"p { color: red } {status}", "p { color: red } 404"},
       {"{{status}} {", "{404} {"},
       {"{unknown} {1} {status", "{unknown} {1} {status"},
       {"}{outcome}{", "}no-mapping{"},
       {"{a{status}}", "{a404}"},
       {"", ""}};
  for (const auto& [text, expected] : rows)
    CAF_CHECK_EQUAL(
      values.expand(text_template::of_page(text), text_form::plain), expected);
}

CAF_TEST(values of a page are cut) {
  const std::string path(5000, 'x');
  const text_values values{.target = path};
  CAF_CHECK_EQUAL(
    values.expand(text_template::of_page("{path}"), text_form::html).size(),
    1024u);
}

CAF_TEST(a server says nothing of its answers until it does) {
  live_answers answers;
  CAF_CHECK(!answers.get());
  answers.set(config::error_pages{page("*")}, {});
  CAF_REQUIRE(answers.get());
  CAF_CHECK(answers.get()->pages);
  CAF_CHECK(!answers.get()->compress);
  answers.set({}, config::compression{});
  CAF_CHECK(!answers.get()->pages && answers.get()->compress);
  answers.set({}, {});
  CAF_CHECK(!answers.get());
}
