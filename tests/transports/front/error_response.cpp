#define CAF_SUITE error_response

#include "tests/support/test.hpp"

#include "transports/front/error_response.hpp"

using namespace aps;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

CAF_TEST(errors are rendered as text or JSON) {
  error_reply reply{outcome::no_endpoint, "say \"hi\"", "id"};
  const auto text = render_error(reply);
  CAF_CHECK(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  for (const auto* part :
       {"\r\nDate: ", "Aps-Outcome: no-endpoint\r\n", "Aps-Request-Id: id\r\n",
        "\r\nX-Request-Id: id\r\n", "Retry-After: 1\r\n",
        "Content-Type: text/plain", "Connection: close", "\nsay \"hi\"\n"})
    CAF_CHECK(contains(text, part));
  reply.json = true;
  const auto json = render_error(reply);
  CAF_CHECK(contains(json, "Content-Type: application/json"));
  CAF_CHECK(contains(json, "\"outcome\":\"no-endpoint\""));
  CAF_CHECK(contains(json, "\"detail\":\"say \\\"hi\\\"\""));
  reply.head_request = true;
  CAF_CHECK(render_error(reply).ends_with("\r\n\r\n"));
}

CAF_TEST(JSON is for those who ask for it) {
  const auto json = [](std::string accept) {
    return prefers_json({{"Accept", std::move(accept)}});
  };
  CAF_CHECK(json("application/json"));
  CAF_CHECK(json("image/png, application/problem+json;q=0.5"));
  CAF_CHECK(!json("text/html, application/json"));
  CAF_CHECK(!json("application/json;q=0"));
  CAF_CHECK(!json("*/*"));
  CAF_CHECK(json("text/plain;q=0.5, application/json"));
  CAF_CHECK(json("text/html;q=0.2,application/problem+json;q=0.3"));
  CAF_CHECK(!json("application/json;q=0.5, text/plain"));
  CAF_CHECK(!prefers_json({}));
}

CAF_TEST(an answer says how long its body is and what may be done with it) {
  for (const bool json : {false, true})
    for (const bool keep : {false, true}) {
      const auto all
        = render_error({outcome::bad_request, "d", {}, json, false, keep});
      const auto body = all.substr(all.find("\r\n\r\n") + 4);
      CAF_CHECK(contains(
        all, "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
      CAF_CHECK(contains(all, "\r\nCache-Control: no-store\r\n"));
      CAF_CHECK(contains(all, keep ? "\r\nConnection: keep-alive\r\n"
                                   : "\r\nConnection: close\r\n"));
      CAF_CHECK(!contains(all, "Request-Id"));
      CAF_CHECK(!contains(body, "equest_id"));
      CAF_CHECK(!contains(body, "Request:"));
    }
}

CAF_TEST(only who was too many or too early is told to come again) {
  for (uint32_t number = 0; number < 256; ++number) {
    const auto code = outcome_from(number);
    const auto status = status_of(code);
    CAF_CHECK_EQUAL(
      contains(render_error({code, {}, {}}), "Retry-After: 1\r\n"),
      status == 503 || status == 429);
  }
}

CAF_TEST(nothing foreign gets out of its string) {
  const auto json = [](std::string_view detail) {
    return render_error({outcome::bad_request, detail, {}, true});
  };
  CAF_CHECK(contains(json("a\\b\"c"), R"("detail":"a\\b\"c")"));
  CAF_CHECK(contains(json("\n\x1f\x7f\xff ~"),
                     R"("detail":"\u000a\u001f\u007f\u00ff ~")"));
  CAF_CHECK(!contains(json(""), "detail"));
}

CAF_TEST(fields of its own go with an answer) {
  const header_list more{{"WWW-Authenticate", "Basic realm=\"x\""},
                         {"Retry-After", "17"}};
  error_reply reply{outcome::rate_limited, {}, {}};
  reply.fields = &more;
  const auto text = render_error(reply);
  CAF_CHECK(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
  CAF_CHECK(contains(text, "\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"));
  CAF_CHECK(contains(text, "\r\nRetry-After: 17\r\n"));
  CAF_CHECK(!contains(text, "Retry-After: 1\r\n"));
}
