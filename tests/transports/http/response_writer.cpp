#define CAF_SUITE response_writer

#include "tests/support/test.hpp"

#include "transports/http/http_date.hpp"
#include "transports/http/response_writer.hpp"

#include <utility>

using namespace aps;

namespace {

struct rendered {
  body_framing framing;
  std::string text;
  bool keep_alive;
};

rendered render_head(const response_head& head, response_context context) {
  context.request_id = "r1";
  const auto framing = choose_framing(head, context);
  std::string text;
  append_response_head(text, head, framing, context);
  return {framing, text, context.keep_alive};
}

response_head head_of(uint16_t status, bool last,
                      std::optional<uint64_t> length) {
  response_head head;
  head.status = status;
  head.last = last;
  head.content_length = length;
  return head;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

CAF_TEST(who is to come over TLS alone is told unless the target says so) {
  auto head = head_of(200, true, 0);
  const std::string field = "Strict-Transport-Security: ";
  CAF_CHECK(render_head(head, {}).text.find(field) == std::string::npos);
  CAF_CHECK(
    render_head(head, {.hsts = 300}).text.find(field + "max-age=300\r\n")
    != std::string::npos);
  head.headers.push_back({"strict-transport-security", "max-age=1"});
  CAF_CHECK(render_head(head, {.hsts = 300}).text.find(field)
            == std::string::npos);
}

CAF_TEST(an answer is written with Via and our id of the request) {
  response_head head = head_of(200, false, 5);
  head.headers
    = {{"Content-Type", "text/plain"},   {"date", "then"},
       {"Connection", "close"},          {"Transfer-Encoding", "chunked"},
       {"X-Request-Id", "from-origin"},  {"Aps-Outcome", "no-endpoint"},
       {"aps_request_id", "forged"},     {"Bad\r\nName", "x"},
       {"Bad-Value", "x\r\nInjected: 1"}};
  CAF_CHECK_EQUAL(render_head(head, {}).text, "HTTP/1.1 200 OK\r\n"
                                              "Content-Type: text/plain\r\n"
                                              "date: then\r\n"
                                              "X-Request-Id: from-origin\r\n"
                                              "Via: 1.1 aps\r\n"
                                              "Aps-Request-Id: r1\r\n"
                                              "Content-Length: 5\r\n\r\n");
  head.headers = {{"Date", "then"}};
  CAF_CHECK_EQUAL(render_head(head, {.pseudonym = "aps-me"}).text,
                  "HTTP/1.1 200 OK\r\n"
                  "Date: then\r\n"
                  "Via: 1.1 aps-me\r\n"
                  "Aps-Request-Id: r1\r\n"
                  "X-Request-Id: r1\r\n"
                  "Content-Length: 5\r\n\r\n");
  head.status = 103;
  head.headers = {{"Link", "x"}, {"Aps-Outcome", "cut"}};
  head.reason = "Early Hints";
  std::string interim;
  append_interim_head(interim, head);
  CAF_CHECK_EQUAL(interim, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
}

CAF_TEST(an answer without a date gets one) {
  const auto x = render_head(head_of(200, true, 0), {});
  CAF_CHECK(contains(x.text, "\r\nDate: "));
  const auto date = x.text.substr(x.text.find("\r\nDate: ") + 8, 29);
  CAF_CHECK_EQUAL(date.size(), http_date().size());
  CAF_CHECK(date.ends_with(" GMT"));
  std::string interim;
  append_interim_head(interim, head_of(103, false, std::nullopt));
  CAF_CHECK(!contains(interim, "Date"));
}

CAF_TEST(a body without length is chunked or ends with the connection) {
  const auto head = head_of(200, false, std::nullopt);
  const auto modern = render_head(head, {});
  CAF_CHECK(modern.framing == body_framing::chunked);
  CAF_CHECK(contains(modern.text, "Transfer-Encoding: chunked\r\n"));
  const auto old = render_head(head, {.version = 10});
  CAF_CHECK(old.framing == body_framing::until_close);
  CAF_CHECK(!old.keep_alive);
  CAF_CHECK(contains(old.text, "Connection: close\r\n"));
}

CAF_TEST(an old visitor hears that the connection stays) {
  const auto x = render_head(head_of(200, false, 1), {.version = 10});
  CAF_CHECK(contains(x.text, "Connection: keep-alive\r\n"));
}

CAF_TEST(answers without body say so) {
  const auto none = render_head(head_of(204, true, std::nullopt), {});
  CAF_CHECK(none.framing == body_framing::none);
  CAF_CHECK(!contains(none.text, "Content-Length"));
  const auto empty = render_head(head_of(200, true, std::nullopt), {});
  CAF_CHECK(contains(empty.text, "Content-Length: 0\r\n"));
  const auto head = render_head(head_of(200, true, 7), {.head_request = true});
  CAF_CHECK(head.framing == body_framing::none);
  CAF_CHECK(contains(head.text, "Content-Length: 7\r\n"));
  const auto unknown
    = render_head(head_of(200, true, std::nullopt), {.head_request = true});
  CAF_CHECK(!contains(unknown.text, "Content-Length"));
}

CAF_TEST(a switch of protocols names the protocol) {
  auto head = head_of(101, false, std::nullopt);
  head.headers = {{"Upgrade", "websocket"}};
  const auto x = render_head(head, {});
  CAF_CHECK(x.framing == body_framing::raw);
  CAF_CHECK(contains(x.text, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

CAF_TEST(framing follows from the answer and from who gets it) {
  constexpr std::optional<uint64_t> none;
  struct {
    uint16_t status;
    bool last;
    std::optional<uint64_t> length;
    unsigned version;
    bool head_request;
    body_framing framing;
  } const rows[] = {
    {200, false, 5, 11, false, body_framing::length},
    {200, false, 5, 10, false, body_framing::length},
    {200, true, none, 11, false, body_framing::length},
    {200, false, none, 11, false, body_framing::chunked},
    {200, false, none, 10, false, body_framing::until_close},
    {200, false, none, 11, true, body_framing::none},
    {200, false, none, 10, true, body_framing::none},
    {204, false, none, 11, false, body_framing::none},
    {205, false, none, 11, false, body_framing::chunked},
    {304, false, 5, 11, false, body_framing::none},
    {305, false, none, 11, false, body_framing::chunked},
    {101, false, none, 11, true, body_framing::raw},
    {100, false, none, 11, false, body_framing::none},
    {199, false, none, 11, false, body_framing::none},
  };
  for (const auto& row : rows) {
    const auto x
      = render_head(head_of(row.status, row.last, row.length),
                    {.version = row.version, .head_request = row.head_request});
    CAF_MESSAGE(row.status << " for " << row.version);
    CAF_CHECK(x.framing == row.framing);
    // Only a body that ends with its connection needs that end.
    CAF_CHECK_EQUAL(x.keep_alive, row.framing != body_framing::until_close);
  }
}

CAF_TEST(the length of a body that is not sent is told where it may be) {
  const std::pair<uint16_t, bool> rows[]
    = {{204, false}, {304, true}, {199, false}};
  for (const auto& [status, told] : rows)
    CAF_CHECK_EQUAL(contains(render_head(head_of(status, true, 7), {}).text,
                             "Content-Length: 7\r\n"),
                    told);
}

CAF_TEST(the connection is spoken of only where it differs) {
  const auto text = [](unsigned version, bool keep) {
    return render_head(head_of(200, true, 0),
                       {.version = version, .keep_alive = keep})
      .text;
  };
  CAF_CHECK(!contains(text(11, true), "Connection"));
  CAF_CHECK(contains(text(11, false), "\r\nConnection: close\r\n"));
  CAF_CHECK(contains(text(10, true), "\r\nConnection: keep-alive\r\n"));
  CAF_CHECK(contains(text(10, false), "\r\nConnection: close\r\n"));
}

CAF_TEST(our own fields stand in our own answers only) {
  auto head = head_of(200, true, 0);
  head.headers = {{"Aps-Outcome", "cut"}};
  CAF_CHECK(!contains(render_head(head, {}).text, "Aps-Outcome"));
  CAF_CHECK(contains(render_head(head, {.ours = true}).text,
                     "\r\nAps-Outcome: cut\r\n"));
}

CAF_TEST(a reason is that of the target if it can stand in a line) {
  auto head = head_of(404, true, 0);
  const auto line = [&](std::string reason) {
    head.reason = std::move(reason);
    const auto text = render_head(head, {}).text;
    return text.substr(0, text.find("\r\n"));
  };
  CAF_CHECK_EQUAL(line("Gone Fishing"), "HTTP/1.1 404 Gone Fishing");
  CAF_CHECK_EQUAL(line(""), "HTTP/1.1 404 Not Found");
  CAF_CHECK_EQUAL(line("x\r\nA: b"), "HTTP/1.1 404 Not Found");
}

CAF_TEST(every status has a reason) {
  CAF_CHECK_EQUAL(reason_of(200), "OK");
  CAF_CHECK_EQUAL(reason_of(499), "Client Closed Request");
  CAF_CHECK_EQUAL(reason_of(504), "Gateway Timeout");
  for (const unsigned odd : {0u, 99u, 299u, 600u, 999u})
    CAF_CHECK_EQUAL(reason_of(odd), "Unknown");
}
