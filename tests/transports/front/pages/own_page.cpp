#define CAF_SUITE own_page

#include "tests/support/test.hpp"
#include "tests/transports/http/proxy.hpp"

#include "config/answers/answer_sections.hpp"
#include "config/answers/live_answers.hpp"
#include "transports/front/error_response.hpp"
#include "transports/front/pages/own_page.hpp"
#include "transports/seam/outcomes.hpp"

#include <algorithm>

using namespace aps;
using namespace aps::test;

namespace {

struct fixture {
  fixture() {
    listen_options options;
    options.answers = std::make_shared<live_answers>();
    answers = options.answers;
    context = std::make_unique<http_front_context>(
      std::make_shared<direct_front>(1, origin_options{}, "http"), options,
      tunnel_upgrade_handler{});
    head.method = "GET";
    head.target = "/a<b?c";
    head.headers = {{"Host", "example.com"}};
    facts.id = "id";
  }

  void use(const std::string& answering, const std::string& body,
           const std::string& type = "text/html", uint16_t status = 0) {
    answers->set(
      config::error_pages{{answering, {}, body, type, status, false}}, {});
  }

  std::optional<own_page> ask(outcome cause = outcome::no_mapping) {
    return page_of({*context, head, peer, facts}, cause, "A <detail>.");
  }

  std::shared_ptr<live_answers> answers;
  std::unique_ptr<http_front_context> context;
  message_head head;
  front_peer peer{"192.0.2.1", 7, nullptr};
  request_facts facts;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(own_page_tests, fixture)

CAF_TEST(a server without pages answers as ever) {
  CAF_CHECK(!ask());
  CAF_CHECK(!has_pages(*context, nullptr));
}

CAF_TEST(a page says what is known of the answer) {
  use("404", "{status} {reason} {outcome} {message} {detail} {host} {path} "
             "{query} {method} {address} {request_id}");
  const auto page = ask();
  CAF_REQUIRE(page);
  CAF_CHECK_EQUAL(page->status, 404u);
  CAF_CHECK_EQUAL(page->body,
                  "404 Not Found no-mapping No mapping knows this address. "
                  "A &lt;detail&gt;. example.com /a&lt;b c GET 192.0.2.1 id");
  CAF_CHECK(!ask(outcome::forbidden));
  CAF_CHECK(has_pages(*context, nullptr));
}

CAF_TEST(a page of a mapping comes before that of its server) {
  use("*", "server");
  auto via = std::make_shared<route>();
  via->pages = std::make_shared<const page_set>(
    config::error_pages{{"403", {}, "mapping", "text/html"}});
  facts.refused_by = via;
  CAF_CHECK_EQUAL(ask(outcome::forbidden)->body, "mapping");
  CAF_CHECK_EQUAL(ask(outcome::unauthorized)->body, "server");
}

CAF_TEST(who prefers json gets no page of another kind) {
  facts.json = true;
  use("404", "<p>");
  CAF_CHECK(!ask());
  use("404", R"({"error": "{outcome}"})", "application/json");
  CAF_CHECK_EQUAL(ask()->body, R"({"error": "no-mapping"})");
}

CAF_TEST(fields of the answer stay beside a page) {
  use("429", "slow down", "text/plain", 503);
  const auto page = ask(outcome::rate_limited);
  CAF_REQUIRE(page);
  const header_list more{{"Retry-After", "7"}};
  const auto text = render_error({.cause = outcome::rate_limited,
                                  .request_id = "id",
                                  .fields = &more,
                                  .page = &*page});
  CAF_CHECK(text.starts_with("HTTP/1.1 503 "));
  for (const auto* part :
       {"\r\nAps-Outcome: rate-limited\r\n", "\r\nRetry-After: 7\r\n",
        "\r\nContent-Type: text/plain\r\n", "\r\nContent-Length: 9\r\n",
        "\r\nAps-Request-Id: id\r\n", "\r\n\r\nslow down"})
    CAF_CHECK(text.find(part) != text.npos);
}

CAF_TEST(a page takes nothing of the content that it replaces) {
  response_head answer;
  answer.status = 500;
  answer.headers = {{"Content-Type", "text/plain"},
                    {"Content-Encoding", "br"},
                    {"ETag", "x"},
                    {"Set-Cookie", "a=1"},
                    {"WWW-Authenticate", "Basic"},
                    {"Last-Modified", "y"}};
  const auto out = with_page(answer, {503, "text/html", "b"});
  CAF_CHECK_EQUAL(out.status, 503u);
  CAF_CHECK(out.headers
            == (header_list{{"Set-Cookie", "a=1"},
                            {"WWW-Authenticate", "Basic"},
                            {"Content-Type", "text/html"}}));
}

CAF_TEST(a page may be for each outcome that visitors hear of) {
  const auto& named = config::page_outcomes();
  size_t heard = 0;
  for (const auto each : all_outcomes()) {
    const auto status = status_of(each);
    const bool told
      = status >= 400 && class_of(each) != "visitor" && each != outcome::ok;
    heard += told;
    CAF_CHECK_EQUAL(std::count(named.begin(), named.end(), to_string(each)),
                    told ? 1 : 0);
  }
  CAF_CHECK_EQUAL(named.size(), heard);
}

CAF_TEST_FIXTURE_SCOPE_END()
