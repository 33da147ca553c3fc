#define CAF_SUITE http_messages

#include "tests/support/test.hpp"

#include "transports/front/error_response.hpp"
#include "transports/http/http_date.hpp"
#include "transports/http/request_writer.hpp"
#include "transports/http/response_writer.hpp"

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

std::string written(body_framing framing, uint64_t length,
                    const std::vector<std::string>& parts,
                    const header_list& trailers, bool& good) {
  output_queue queue;
  body_writer writer;
  writer.begin(framing, length);
  good = true;
  for (const auto& part : parts)
    good = good && writer.data(queue, slice::copy(part));
  good = good && writer.end(queue, trailers);
  return queue.empty() ? std::string{} : std::string{queue.start_flat()};
}

} // namespace

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
  CAF_CHECK_EQUAL(render_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
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
  const auto unknown = render_head(head_of(200, true, std::nullopt),
                                   {.head_request = true});
  CAF_CHECK(!contains(unknown.text, "Content-Length"));
}

CAF_TEST(a switch of protocols names the protocol) {
  auto head = head_of(101, false, std::nullopt);
  head.headers = {{"Upgrade", "websocket"}};
  const auto x = render_head(head, {});
  CAF_CHECK(x.framing == body_framing::raw);
  CAF_CHECK(contains(x.text, "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

CAF_TEST(bodies are framed and checked) {
  bool good = false;
  CAF_CHECK_EQUAL(written(body_framing::chunked, 0,
                          {"hello", std::string(17, 'x')},
                          {{"T", "v"}, {"Host", "x"}}, good),
                  "5\r\nhello\r\n11\r\n" + std::string(17, 'x')
                    + "\r\n0\r\nT: v\r\n\r\n");
  CAF_CHECK(good);
  CAF_CHECK_EQUAL(written(body_framing::length, 5, {"he", "llo"}, {}, good),
                  "hello");
  CAF_CHECK(good);
  written(body_framing::length, 5, {"hell"}, {}, good);
  CAF_CHECK(!good);
  written(body_framing::length, 5, {"hello!"}, {}, good);
  CAF_CHECK(!good);
}

CAF_TEST(requests are written for their origin) {
  request_head head;
  head.method = "POST";
  head.authority = "h:1";
  head.path = "/p?q";
  head.headers = {{"Host", "h:1"}, {"Content-Length", "9"}, {"A", "b"}};
  head.last = false;
  std::string text;
  CAF_CHECK(append_request_head(text, head, choose_framing(head)));
  CAF_CHECK_EQUAL(text, "POST /p?q HTTP/1.1\r\nHost: h:1\r\nA: b\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n");
  head.content_length = 3;
  text.clear();
  CAF_CHECK(append_request_head(text, head, choose_framing(head)));
  CAF_CHECK(contains(text, "\r\nContent-Length: 3\r\n\r\n"));
}

CAF_TEST(a head that would break the request apart is not written) {
  for (const auto* path : {"", "/a b", "/a\r\nX: y", "/\x7f"}) {
    request_head head{"GET", "http", "h", path, {}, true, {}, {}};
    std::string text;
    CAF_CHECK(!append_request_head(text, head, body_framing::none));
    CAF_CHECK(text.empty());
  }
}

CAF_TEST(errors are rendered as text or JSON) {
  error_reply reply{outcome::no_endpoint, "say \"hi\"", "id"};
  const auto text = render_error(reply);
  CAF_CHECK(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  for (const auto* part :
       {"\r\nDate: ", "Aps-Outcome: no-endpoint\r\n",
        "Aps-Request-Id: id\r\n", "\r\nX-Request-Id: id\r\n",
        "Retry-After: 1\r\n", "Content-Type: text/plain", "Connection: close",
        "\nsay \"hi\"\n"})
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
