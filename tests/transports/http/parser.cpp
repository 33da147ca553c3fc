#define CAF_SUITE http_parser

#include "tests/support/test.hpp"

#include "transports/http/parser.hpp"

#include <limits>
#include <random>

using namespace aps;

namespace {

constexpr auto no_limit = std::numeric_limits<size_t>::max();

/// What became of one message.
struct parsed {
  message_head head;
  std::string body;
  header_list trailers;
  bool done = false;
  parse_fault fault = parse_fault::none;
  size_t used = 0;
};

/// Feeds `text` in pieces that end at the positions in `cuts`.
template <class Parser>
parsed feed(Parser& parser, const std::string& text,
            std::vector<size_t> cuts = {}) {
  parsed result;
  cuts.push_back(text.size());
  const auto owner = std::make_shared<const std::string>(text);
  for (const auto end : cuts) {
    for (;;) {
      const auto bytes
        = std::string_view{*owner}.substr(result.used, end - result.used);
      const auto used = parser.feed(owner, bytes, no_limit, 16);
      result.used += used;
      for (const auto& piece : parser.body())
        result.body += piece.view();
      parser.body().clear();
      if (used == 0 || parser.done() || parser.fault() != parse_fault::none)
        break;
    }
  }
  result.head = std::move(parser.head());
  result.trailers = std::move(parser.trailers());
  result.done = parser.done();
  result.fault = parser.fault();
  return result;
}

parsed request(const std::string& text, parse_limits limits = {}) {
  request_parser parser{limits};
  return feed(parser, text);
}

parsed response(const std::string& text, bool to_head = false) {
  response_parser parser;
  parser.reset(to_head);
  return feed(parser, text);
}

std::string fields(const std::string& lines) {
  return "POST /p HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

void check_fault(const std::string& text, parse_fault expected) {
  CAF_MESSAGE(text);
  CAF_CHECK_EQUAL(static_cast<int>(request(text).fault),
                  static_cast<int>(expected));
}

} // namespace

CAF_TEST(a plain request is taken apart) {
  const auto x = request("GET /a?b=c HTTP/1.1\r\nHost: h:1\r\n"
                         "A:  b c \r\n\r\n");
  CAF_CHECK(x.done);
  CAF_CHECK_EQUAL(x.head.method, "GET");
  CAF_CHECK_EQUAL(x.head.target, "/a?b=c");
  CAF_CHECK_EQUAL(x.head.headers.size(), 2u);
  CAF_CHECK_EQUAL(x.head.headers[1].value, "b c");
  CAF_CHECK(x.head.keep_alive);
  CAF_CHECK(!x.head.has_body);
}

CAF_TEST(a body of known length ends with its length) {
  const auto x = request(fields("Content-Length: 5\r\n") + "helloGET /");
  CAF_CHECK(x.done);
  CAF_CHECK_EQUAL(x.body, "hello");
  CAF_CHECK_EQUAL(*x.head.content_length, 5u);
}

CAF_TEST(chunks and trailers are told apart from headers) {
  const auto x = request(fields("Transfer-Encoding: chunked\r\n")
                         + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n"
                           "Host: evil\r\n\r\n");
  CAF_CHECK(x.done);
  CAF_CHECK_EQUAL(x.body, "abcde");
  CAF_CHECK_EQUAL(x.head.headers.size(), 2u);
  CAF_REQUIRE_EQUAL(x.trailers.size(), 2u);
  CAF_CHECK_EQUAL(x.trailers[0].name, "T");
}

CAF_TEST(messages that could be read in two ways are refused) {
  using enum parse_fault;
  const std::pair<std::string, parse_fault> table[] = {
    {fields("Transfer-Encoding: gzip\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: gzip, chunked\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: chunked, identity\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: xchunked\r\n"), unsupported_coding},
    {fields("Transfer-Encoding:\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: chunked, chunked\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: chunked;q=1\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: \"chunked\"\r\n"), unsupported_coding},
    {fields("Transfer-Encoding: \vchunked\r\n"), malformed},
    {fields("Transfer-Encoding : chunked\r\n"), malformed},
    {fields("Transfer-Encoding\t: chunked\r\n"), malformed},
    {fields("Transfer-Encoding:\r\n chunked\r\n"), malformed},
    {fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"),
     malformed},
    {fields("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
     unsupported_coding},
    {fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     malformed},
    {fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), malformed},
    {fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), malformed},
    {fields("Content-Length: 3\r\nContent-Length: 4\r\n"), malformed},
    {fields("Content-Length: 3, 4\r\n"), malformed},
    {fields("Content-Length: +3\r\n"), malformed},
    {fields("Content-Length: -3\r\n"), malformed},
    {fields("Content-Length: 0x3\r\n"), malformed},
    {fields("Content-Length:\r\n"), malformed},
    {fields("Content-Length: 3,\r\n"), malformed},
    {fields("Content-Length: ,3\r\n"), malformed},
    {fields("Content-Length: 3,,3\r\n"), malformed},
    {fields("Content-Length: 3, 03\r\n"), malformed},
    {fields("Content-Length: 3 3\r\n"), malformed},
    {fields("Content-Length: 3;\r\n"), malformed},
    {fields("Content-Length: 3.0\r\n"), malformed},
    {fields("Content-Length: 3e0\r\n"), malformed},
    {fields("Content-Length: 1_0\r\n"), malformed},
    {fields("Content-Length: \"3\"\r\n"), malformed},
    {fields("Content-Length: \v3\r\n"), malformed},
    {fields("Content-Length: 3\r\nContent-Length: +3\r\n"), malformed},
    {fields("Content-Length: 3, 3\r\nContent-Length: 4\r\n"), malformed},
    {fields("Content-Length : 3\r\n"), malformed},
    {fields("Content-Length: 9223372036854775808\r\n"), malformed},
    {fields("Content-Length: 18446744073709551615\r\n"), malformed},
    {fields("Content-Length: 18446744073709551616\r\n"), malformed},
    {fields("Content-Length: 18446744073709551619\r\n"), malformed},
    {fields("Content-Length: 99999999999999999999\r\n"), malformed},
    {fields("Host: other\r\n"), malformed},
    {fields("A: b\r\n folded\r\n"), malformed},
    {fields("A:\r\n folded\r\n"), malformed},
    {fields("A: b\r\n \r\n"), malformed},
    {fields("A : b\r\n"), malformed},
    {fields(" A: b\r\n"), malformed},
    {fields("A\r\n"), malformed},
    {fields(": b\r\n"), malformed},
    {fields("A: b\rc\r\n"), malformed},
    {fields("A: b\nB: c\r\n"), malformed},
    {fields(std::string{"A: b\0c\r\n", 8}), malformed},
    {fields("A\x80: b\r\n"), malformed},
    {fields("A: b\r\n\tfolded\r\n"), malformed},
    {fields("A: \rb\r\n"), malformed},
    {fields("A: b\r\r\n"), malformed},
    {fields("A: b\r\n\r"), malformed},
    {fields("\rA: b\r\n"), malformed},
    {fields("A\r: b\r\n"), malformed},
    {fields("A\n: b\r\n"), malformed},
    {fields("A: b\n\r\n"), malformed},
    {fields(std::string{"A\0: b\r\n", 7}), malformed},
    {fields(std::string{"A: \0\r\n", 6}), malformed},
    {fields("A: \x01\r\n"), malformed},
    {fields("A: \x7f\r\n"), malformed},
    {fields("A@: b\r\n"), malformed},
    {fields("\"A\": b\r\n"), malformed},
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", malformed},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", malformed},
    {"GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.1\r\n\r\n", malformed},
    {std::string{"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 29}, malformed},
    {"GET /\t HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / \tHTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", malformed},
    {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.1\rHost: h\r\n\r\n", malformed},
    {"GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / x HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/01.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1,1\r\nHost: h\r\n\r\n", malformed},
    {"/ HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/1.1\nHost: h\n\n", malformed},
    {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", malformed},
    {"GET / http/1.1\r\nHost: h\r\n\r\n", malformed},
    {"GET /\r\n\r\n", malformed},
    {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", malformed},
    {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
     malformed},
  };
  for (const auto& [text, expected] : table)
    check_fault(text, expected);
}

CAF_TEST(each rule that a message breaks is told by its name) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::pair<std::string, std::string_view> table[] = {
    {start + "Host: h\r\n\r\n", "two Host fields"},
    {"GET / HTTP/1.1\r\n\r\n", "no Host field"},
    {"GET / HTTP/1.1\nHost: h\n\n", "LF alone"},
    {start + "A: b\nB: c\r\n\r\n", "LF alone"},
    {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "HTTP/1.1 or HTTP/1.0"},
    {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 or HTTP/1.0"},
    {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", "a method"},
    {"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", "the target"},
    {fields("Content-Length: 3\r\nContent-Length: 4\r\n"),
     "two unequal Content-Lengths"},
    {fields("Content-Length: 3x\r\n"), "one whole number"},
    {fields("Content-Length: 3,\r\n"), "one whole number"},
    {fields("Content-Length: 9223372036854775808\r\n"), "too large a number"},
    {fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
     "beside Content-Length"},
    {fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
     "beside Transfer-Encoding"},
    {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HTTP/1.0 has no Transfer-Encoding"},
    {fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     "two Transfer-Encodings"},
    {fields("A: b\r\n folded\r\n"), "several lines"},
    {fields("A b: c\r\n"), "a header name"},
    {fields("A: \x01\r\n"), "a header value"},
    {fields("Transfer-Encoding: chunked\r\n") + "x\r\nabc\r\n", "a chunk"},
    {fields("Transfer-Encoding: gzip\r\n"), "chunked"},
  };
  for (const auto& [text, words] : table) {
    request_parser parser;
    feed(parser, text);
    CAF_MESSAGE(text << parser.problem());
    CAF_CHECK_NOT_EQUAL(parser.problem().find(words), std::string_view::npos);
    parser.reset();
    CAF_CHECK_EQUAL(parser.problem(), render(parse_fault::none));
  }
  // Of a response, too; repairing it changes nothing there.
  response_parser parser;
  feed(parser, std::string{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                           "Content-Length: 4\r\n\r\n"});
  CAF_CHECK_EQUAL(parser.problem(), "two unequal Content-Lengths");
}

CAF_TEST(broken chunks are refused) {
  const std::string head = fields("Transfer-Encoding: chunked\r\n");
  for (const auto* body : {"x\r\nabc\r\n0\r\n\r\n",
                           "3\r\nabcd\r\n0\r\n\r\n",
                           "-1\r\nabc\r\n",
                           "3 abc\r\n0\r\n\r\n",
                           "0x3\r\nabc\r\n0\r\n\r\n",
                           "3\nabc\r\n0\r\n\r\n",
                           "11111111111111111\r\nabc",
                           "3\r\nabc0\r\n\r\n",
                           "0\r\nContent-Length: 3\r\n\r\n",
                           "0\r\nA b\r\n\r\n",
                           "3;x\nabc\r\n0\r\n\r\n",
                           "3;x\ry\r\nabc\r\n0\r\n\r\n",
                           "3\rabc\r\n0\r\n\r\n",
                           "3\r\nabc\n0\r\n\r\n",
                           "\r\n3\r\nabc\r\n",
                           "+3\r\nabc\r\n0\r\n\r\n",
                           "3_\r\nabc\r\n0\r\n\r\n",
                           " 3\r\nabc\r\n0\r\n\r\n",
                           "10000000000000003\r\nabc\r\n",
                           "ffffffffffffffff1\r\nabc\r\n",
                           ";x\r\n\r\n",
                           "0\r\nTransfer-Encoding: chunked\r\n\r\n",
                           "0\r\nA: b\r\n c\r\n\r\n",
                           "0\r\nA: b\nB: c\r\n\r\n",
                           "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n",
                           "3;a=\"\r\"\r\nabc\r\n0\r\n\r\n",
                           "3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n",
                           "3\r\nabc\r\n0;a=\"\n\"\r\n\r\n"})
    check_fault(head + body, parse_fault::malformed);
  check_fault(head + "3;a=\"" + std::string(1, '\0') + "\"\r\nabc\r\n0\r\n\r\n",
              parse_fault::malformed);
}

CAF_TEST(chunk extensions mean nothing) {
  const auto x = request(fields("Transfer-Encoding: chunked\r\n")
                         + "2;a=\"b\tc;d\";e\r\nok\r\n0;f\r\n\r\n");
  CAF_CHECK(x.done);
  CAF_CHECK_EQUAL(x.body, "ok");
}

CAF_TEST(equal repetitions of Content-Length are one length) {
  const auto x = request(fields("Content-Length: 2\r\nContent-Length: 2\r\n")
                         + "ok");
  CAF_CHECK(x.done);
  CAF_CHECK_EQUAL(x.body, "ok");
}

CAF_TEST(a list of equal lengths is one length) {
  for (const auto* list : {"2, 2", "2,2", "2 ,\t2,2", "02, 02"}) {
    const auto x = request(fields("Content-Length: " + std::string{list}
                                  + "\r\n")
                           + "ok");
    CAF_MESSAGE(list);
    CAF_CHECK(x.done);
    CAF_CHECK_EQUAL(x.body, "ok");
    CAF_CHECK_EQUAL(x.head.content_length.value_or(0), 2u);
  }
  const auto most = request(fields("Content-Length: 9223372036854775807\r\n"));
  CAF_CHECK(most.fault == parse_fault::none);
  CAF_CHECK_EQUAL(most.head.content_length.value_or(0),
                  9223372036854775807u);
}

CAF_TEST(answers whose framing is in doubt are refused) {
  for (const auto* lines :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 4\r\n", "Content-Length: +3\r\n",
        "Content-Length: -3\r\n", "Content-Length: 3 3\r\n",
        "Content-Length:\r\n", "Content-Length: 0x3\r\n",
        "Content-Length: 9223372036854775808\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    CAF_MESSAGE(lines);
    const auto text = std::string{"HTTP/1.1 200 OK\r\n"} + lines + "\r\n";
    CAF_CHECK(response(text).fault != parse_fault::none);
  }
  CAF_CHECK_EQUAL(
    response("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok").body, "ok");
}

CAF_TEST(limits hold for bytes and fields and bodies) {
  using enum parse_fault;
  const parse_limits small{200, 4, 10};
  const auto fault = [&](const std::string& text) {
    return static_cast<int>(request(text, small).fault);
  };
  const auto large = static_cast<int>(header_too_large);
  CAF_CHECK_EQUAL(fault(fields("A: " + std::string(300, 'x') + "\r\n")), large);
  CAF_CHECK_EQUAL(fault("GET /" + std::string(300, 'x')), large);
  CAF_CHECK_EQUAL(fault(std::string(300, 'x')), large);
  CAF_CHECK_EQUAL(fault(fields("A: b\r\nB: c\r\nC: d\r\nD: e\r\n")), large);
  CAF_CHECK_EQUAL(fault(fields("Transfer-Encoding: chunked\r\n") + "1;x="
                        + std::string(300, 'x')),
                  large);
  CAF_CHECK_EQUAL(fault(fields("Transfer-Encoding: chunked\r\n") + "0\r\nX: "
                        + std::string(300, 'x')),
                  large);
  const auto body = static_cast<int>(body_too_large);
  CAF_CHECK_EQUAL(fault(fields("Content-Length: 11\r\n")), body);
  CAF_CHECK_EQUAL(fault(fields("Transfer-Encoding: chunked\r\n")
                        + "8\r\n12345678\r\n3\r\n"),
                  body);
  CAF_CHECK_EQUAL(fault(fields("Content-Length: 10\r\n") + "1234567890"), 0);
}

CAF_TEST(limits are the same in whatever pieces bytes come) {
  const parse_limits limits{200, 8, 0};
  const auto chunked = fields("Transfer-Encoding: chunked\r\n");
  // What stands before and behind blanks, which count like all other bytes.
  const std::pair<std::string, std::string> around[] = {
    {"GET /" , " HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: ", "b\r\n\r\n"},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: b", "\r\nB: c\r\n\r\n"},
    {chunked + "|1;x=", "\r\na\r\n0\r\n\r\n"},
    {chunked + "1\r\na|\r\n0\r\nT: ", "v\r\n\r\n"},
  };
  for (const auto& [before, after] : around) {
    // Up to a mark there is another section.
    const auto mark = before.find('|') + 1;
    auto begin = before;
    if (mark > 0)
      begin.erase(mark - 1, 1);
    const auto other = mark > 0 ? mark - 1 : 0;
    const bool extension = before.ends_with("1;x=");
    const char filler = extension || before == "GET /" ? 'x' : ' ';
    const auto end = extension ? 2 : after.size();
    const auto room = 200 - (begin.size() - other) - end;
    for (const size_t extra : {0, 1, 2, 40}) {
      const auto text = begin + std::string(room + extra, filler) + after;
      CAF_MESSAGE(text);
      for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, text.size()}) {
        std::vector<size_t> cuts;
        for (size_t i = step; i < text.size(); i += step)
          cuts.push_back(i);
        request_parser parser{limits};
        const auto x = feed(parser, text, cuts);
        CAF_CHECK_EQUAL(x.done, extra == 0);
        CAF_CHECK_EQUAL(x.fault == parse_fault::header_too_large, extra > 0);
      }
    }
  }
}

CAF_TEST(a message may be cut at any byte) {
  const std::string messages[] = {
    fields("Transfer-Encoding: chunked\r\nA: b\r\n")
      + "3;x=\"y\"\r\nabc\r\n11\r\n12345678901234567\r\n0\r\nT: v\r\n\r\n",
    fields("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
    fields("Content-Length: 20\r\n") + "abc12345678901234567",
  };
  for (const auto& text : messages) {
    const auto whole = request(text);
    CAF_REQUIRE(whole.done);
    for (size_t i = 1; i < text.size(); ++i)
      for (const size_t j : {i, std::min(i + 1, text.size() - 1)}) {
        request_parser parser;
        const auto x = feed(parser, text, {i, j});
        CAF_REQUIRE(x.done);
        CAF_REQUIRE_EQUAL(x.body, whole.body);
        CAF_REQUIRE_EQUAL(x.trailers.size(), whole.trailers.size());
        CAF_REQUIRE_EQUAL(x.head.headers.size(), whole.head.headers.size());
      }
  }
}

CAF_TEST(a message may come byte by byte) {
  const auto text = fields("Transfer-Encoding: chunked\r\n")
                    + "1\r\na\r\n0\r\nT: v\r\n\r\n";
  std::vector<size_t> cuts;
  for (size_t i = 1; i < text.size(); ++i)
    cuts.push_back(i);
  request_parser parser;
  const auto x = feed(parser, text, cuts);
  CAF_CHECK(x.done);
  CAF_CHECK_EQUAL(x.body, "a");
}

CAF_TEST(one parser serves all messages of a connection) {
  request_parser parser;
  for (int i = 0; i < 3; ++i) {
    parser.reset();
    CAF_CHECK(feed(parser, "junk junk junk junk\r\n").fault
              == parse_fault::malformed);
    parser.reset();
    const auto x = feed(parser, fields("Content-Length: 1\r\n") + "x");
    CAF_CHECK(x.done);
    CAF_CHECK_EQUAL(x.head.headers.size(), 2u);
  }
}

// The search for the end of a section goes on where it stopped, which means
// nothing to the section that follows.
CAF_TEST(every section of an answer is searched from its beginning) {
  const std::string chunked
    = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  const auto trailers = "T: " + std::string(200, 'v') + "\r\n\r\n";
  const std::string brief = "HTTP/1.1 204 No\r\n\r\n";
  response_parser parser;
  for (const auto& text : {chunked + "A: b\r\n\r\n", chunked + trailers,
                           brief, chunked + "A: b\r\n\r\n"}) {
    parser.reset(false);
    const auto x = feed(parser, text);
    CAF_CHECK(x.done);
    CAF_CHECK_EQUAL(x.used, text.size());
    CAF_CHECK_EQUAL(x.trailers.size(), text == brief ? 0u : 1u);
  }
  // Half a head, or half of the trailers, and something else instead.
  for (const auto& half : {"HTTP/1.1 200 OK\r\nA: " + std::string(99, 'b'),
                           chunked + "T: " + std::string(99, 'v')}) {
    parser.reset(false);
    CAF_CHECK(!feed(parser, half).done);
    parser.reset(false);
    CAF_CHECK(feed(parser, brief).done);
  }
}

CAF_TEST(no more payload is taken than there is credit for) {
  request_parser parser;
  const auto text = std::make_shared<const std::string>(
    fields("Content-Length: 9\r\n") + "123456789");
  std::string_view rest = *text;
  rest.remove_prefix(parser.feed(text, rest, 0, 100));
  CAF_CHECK(parser.head_done());
  CAF_CHECK_EQUAL(rest, "123456789");
  CAF_CHECK_EQUAL(parser.feed(text, rest, 0, 100), 0u);
  rest.remove_prefix(parser.feed(text, rest, 4, 100));
  CAF_CHECK_EQUAL(rest, "56789");
  CAF_CHECK(!parser.done());
  parser.feed(text, rest, 5, 100);
  CAF_CHECK(parser.done());
}

CAF_TEST(large payload shares the buffer and small payload does not) {
  for (const size_t size : {8u, 64u}) {
    request_parser parser;
    const auto text = std::make_shared<const std::string>(
      fields("Content-Length: " + std::to_string(size) + "\r\n")
      + std::string(size, 'x'));
    const auto head = parser.feed(text, *text, no_limit, 16);
    parser.feed(text, std::string_view{*text}.substr(head), no_limit, 16);
    CAF_REQUIRE_EQUAL(parser.body().size(), 1u);
    CAF_CHECK_EQUAL(parser.body()[0].owner() == text, size == 64);
  }
}

CAF_TEST(HTTP 1.0 closes unless it asks for more) {
  CAF_CHECK(!request("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  CAF_CHECK(request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
              .head.keep_alive);
  CAF_CHECK(!request(fields("Connection: close\r\n")).head.keep_alive);
}

CAF_TEST(responses end by length or chunks or the connection) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  CAF_CHECK(response(ok + "Content-Length: 2\r\n\r\nab").done);
  CAF_CHECK(response(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").done);
  response_parser parser;
  auto x = feed(parser, ok + "\r\nabc");
  CAF_CHECK(x.head.until_close);
  CAF_CHECK(!x.done);
  parser.feed_eof();
  CAF_CHECK(parser.done());
}

CAF_TEST(some responses never have a body) {
  const std::string length = "Content-Length: 5\r\n\r\n";
  for (const auto* status : {"100 Continue", "101 Switching Protocols",
                             "103 Early Hints", "204 No Content",
                             "304 Not Modified"}) {
    const auto x = response(std::string{"HTTP/1.1 "} + status + "\r\n"
                            + length);
    CAF_CHECK(x.done);
    CAF_CHECK(!x.head.has_body);
  }
  const auto head = response("HTTP/1.1 200 OK\r\n" + length, true);
  CAF_CHECK(head.done);
  CAF_CHECK_EQUAL(*head.head.content_length, 5u);
  const auto chunked = response("HTTP/1.1 200 OK\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n",
                                true);
  CAF_CHECK(chunked.done);
}

CAF_TEST(a response that is cut short is noticed) {
  response_parser parser;
  feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  parser.feed_eof();
  CAF_CHECK(parser.fault() == parse_fault::truncated);
}

CAF_TEST(damaged messages are read alike however they are cut) {
  const std::string seeds[] = {
    fields("Transfer-Encoding: chunked\r\nA: b\r\n")
      + "3;x=\"y\"\r\nabc\r\n11\r\n12345678901234567\r\n0\r\nT: v\r\n\r\n",
    fields("Content-Length: 20\r\n") + "abc12345678901234567",
    "GET http://h/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };
  constexpr std::string_view bytes = "\r\n: ;,0123fAHTP/.=\"\t\0\x80xc-";
  std::mt19937 random{1};
  const auto below = [&](size_t n) { return random() % n; };
  for (int i = 0; i < 20'000; ++i) {
    auto text = seeds[below(std::size(seeds))];
    for (auto n = below(3); n > 0; --n)
      switch (below(3)) {
        case 0: text[below(text.size())] = bytes[below(bytes.size())]; break;
        case 1: text.erase(below(text.size()), 1 + below(3)); break;
        default: text.insert(below(text.size()), 1, bytes[below(bytes.size())]);
      }
    const auto whole = request(text);
    std::vector<size_t> cuts;
    for (size_t at = below(10) + 1; at < text.size(); at += below(20) + 1)
      cuts.push_back(at);
    request_parser parser;
    const auto pieces = feed(parser, text, cuts);
    CAF_REQUIRE_EQUAL(whole.done, pieces.done);
    if (!whole.done)
      continue;
    CAF_REQUIRE_EQUAL(whole.used, pieces.used);
    CAF_REQUIRE_EQUAL(whole.body, pieces.body);
    CAF_REQUIRE(whole.head.headers == pieces.head.headers);
  }
}
