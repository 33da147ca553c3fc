#define CAF_SUITE http_lenience

#include "tests/support/test.hpp"

#include "transports/http/parser.hpp"

#include <limits>
#include <random>

using namespace aps;

namespace {

constexpr auto no_limit = std::numeric_limits<size_t>::max();

/// What a client takes out of the bytes of a connection that then ends.
struct reading {
  parse_fault fault = parse_fault::none;
  bool done = false;
  bool doubtful = false;
  message_head head;
  std::string body;
  header_list trailers;
  size_t used = 0;
};

reading read(const std::string& text, bool to_head = false,
             const std::vector<size_t>& cuts = {}) {
  reading out;
  response_parser parser{{8 * 1024, 100, 0}};
  parser.reset(to_head);
  auto ends = cuts;
  ends.push_back(text.size());
  const auto owner = std::make_shared<const std::string>(text);
  for (const auto end : ends)
    for (size_t used = 1; used > 0 && !parser.done()
                          && parser.fault() == parse_fault::none;) {
      const auto rest
        = std::string_view{*owner}.substr(out.used, end - out.used);
      used = parser.feed(owner, rest, no_limit, 1024);
      out.used += used;
      for (const auto& piece : parser.body())
        out.body += piece.view();
      parser.body().clear();
    }
  parser.feed_eof(std::string_view{*owner}.substr(out.used));
  out.fault = parser.fault();
  out.done = parser.done();
  out.doubtful = parser.doubtful();
  out.head = std::move(parser.head());
  out.trailers = std::move(parser.trailers());
  return out;
}

std::string text_of(std::string_view text) {
  return std::string{text};
}

/// A text that may hold NUL.
template <size_t N>
std::string raw(const char (&text)[N]) {
  return std::string{text, N - 1};
}

const std::string ok_line = "HTTP/1.1 200 OK\r\n";
const std::string two = "Content-Length: 2\r\n\r\nhi";
const std::string chunked = ok_line + "Transfer-Encoding: chunked\r\n\r\n";

std::string with(const std::string& field) {
  return ok_line + field + "\r\n" + two;
}

/// One row: what a target sends, and what the visitor gets.
struct row {
  std::string text;
  std::string body;
  std::string value = "(none)"; ///< of the field X
};

/// The meaning is certain.
const row taken[] = {
  // -- the status line
  {"HTTP/1.1 200 OK\r\n" + two, "hi"},
  {"HTTP/1.1 200 \r\n" + two, "hi"},
  {"HTTP/1.1 200\r\n" + two, "hi"},
  {"HTTP/1.1  200  OK\r\n" + two, "hi"},
  {"HTTP/1.1\t200\tOK\r\n" + two, "hi"},
  {"HTTP/1.1 200 OK \r\n" + two, "hi"},
  {"http/1.1 200 OK\r\n" + two, "hi"},
  {"Http/1.1 200 ok\r\n" + two, "hi"},
  {"HTTP/1.2 200 OK\r\n" + two, "hi"},
  {"HTTP/1.0 200 OK\r\n" + two, "hi"},
  {"HTTP/1.1 200 \xc3\xa4\r\n" + two, "hi"},
  {"HTTP/1.1 200 a\x1b[1mb\r\n" + two, "hi"},
  {"HTTP/1.1 299 Odd\r\n" + two, "hi"},
  // -- before it
  {"\r\n" + ok_line + two, "hi"},
  {"\n" + ok_line + two, "hi"},
  {"\r\n\r\n" + ok_line + two, "hi"},
  // -- names
  {with("X : 1"), "hi", "1"},
  {with("X\t: 1"), "hi", "1"},
  {with("X  \t : 1"), "hi", "1"},
  {ok_line + "Content-Length : 2\r\n\r\nhi", "hi"},
  {ok_line + "Transfer-Encoding : chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "hi"},
  {ok_line + "content-length: 2\r\n\r\nhi", "hi"},
  // -- values
  {with("X:1"), "hi", "1"},
  {with("X:   1   "), "hi", "1"},
  {with("X:\t1\t"), "hi", "1"},
  {with("X:"), "hi", ""},
  {with("X: a\r\n b"), "hi", "a b"},
  {with("X: a\r\n\tb\r\n   c"), "hi", "a b c"},
  {with("X:\r\n a"), "hi", "a"},
  {with("X: a\x01""b"), "hi", "a b"},
  {with("X: a\x1b[31mb"), "hi", "a [31mb"},
  {with("X: a\x7f""b"), "hi", "a b"},
  {with("X: \xff\xfe"), "hi", "\xff\xfe"},
  {with("X: 1\r\nX: 2"), "hi", "1"},
  {with("Connection: keep alive"), "hi"},
  {with("Connection: close;"), "hi"},
  {with("Connection: , close,"), "hi"},
  {with("Proxy-Connection: ???"), "hi"},
  {ok_line + "Content-Length: 02\r\n\r\nhi", "hi"},
  {ok_line + "Content-Length: 2\r\n" + two, "hi"},
  {ok_line + "Content-Length: 2, 2\r\n\r\nhi", "hi"},
  // -- line ends
  {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "hi"},
  {"HTTP/1.1 200 OK\nX: 1\r\n" + two, "hi", "1"},
  {"HTTP/1.1 200 OK\r\nX: 1\n" + two, "hi", "1"},
  {"HTTP/1.1 200 OK\nContent-Length: 2\n\r\nhi", "hi"},
  {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi", "hi"},
  // -- bodies that end with the connection
  {ok_line + "\r\nhi", "hi"},
  {"HTTP/1.0 200 OK\r\n\r\n", ""},
  // -- chunks
  {chunked + "2\r\nhi\r\n0\r\n\r\n", "hi"},
  {chunked + "2 \r\nhi\r\n0\r\n\r\n", "hi"},
  {chunked + "2   \t\r\nhi\r\n0  \r\n\r\n", "hi"},
  {chunked + "0002\r\nhi\r\n00000\r\n\r\n", "hi"},
  {chunked + "00000000000000000002\r\nhi\r\n0\r\n\r\n", "hi"},
  {chunked + "2;a=b\r\nhi\r\n0;last\r\n\r\n", "hi"},
  {chunked + "2 ; a = \"b c\"\r\nhi\r\n0\r\n\r\n", "hi"},
  {chunked + "2;\r\nhi\r\n0;;\r\n\r\n", "hi"},
  {chunked + "2;a=\"x;y\r\nhi\r\n0\r\n\r\n", "hi"},
  {chunked + "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
   "01234567890123456789"},
  {chunked + "2\r\nhi\r\n0\r\n", "hi"},
  {chunked + "2\r\nhi\r\n0\r\nT: v\r\n", "hi"},
  {chunked + "2\r\nhi\r\n0\r\nT : v\r\n\r\n", "hi"},
  {chunked + "2\r\nhi\r\n0\r\nT: v\n\n", "hi"},
};

/// It is not: framing, or where the text of one field ends.
const std::string refused[] = {
  // -- no status line
  "hello\r\n\r\n",
  "SSH-2.0-x\r\n",
  "ICY 200 OK\r\n" + two,
  "HTTP 200 OK\r\n" + two,
  "HTTP/2 200 OK\r\n" + two,
  "HTTP/2.0 200 OK\r\n" + two,
  "HTTP/0.9 200 OK\r\n" + two,
  "HTTP/1 200 OK\r\n" + two,
  "HTTP/1.11 200 OK\r\n" + two,
  "HTTP/1.1 2000 OK\r\n" + two,
  "HTTP/1.1 20 OK\r\n" + two,
  "HTTP/1.1 099 OK\r\n" + two,
  "HTTP/1.1 200OK\r\n" + two,
  "HTTP/1.1 2x0 OK\r\n" + two,
  "HTTP/1.1 -20 OK\r\n" + two,
  "HTTP/1.1\r\n" + two,
  "HTTP/1.1 \r\n" + two,
  " HTTP/1.1 200 OK\r\n" + two,
  "x\r\n" + ok_line + two,
  "\r\r\n" + ok_line + two,
  std::string(40, '\n') + ok_line + two,
  "HTTP/1.1 200 O\rK\r\n" + two,
  raw("HTTP/1.1 200 O\0K\r\n") + two,
  // -- no field line
  ok_line + ok_line + two,
  with("HTTP/1.1 200 OK: x"),
  with("X"),
  with(": 1"),
  with(" : 1"),
  with("X Y: 1"),
  with("X(Y): 1"),
  with("X\x80: 1"),
  ok_line + " X: 1\r\n" + two,
  with("X: 1\r\n \r\nY: 2"),
  with("X: 1\r2"),
  with("X: 1\r\r"),
  with(raw("X: 1\0002")),
  with(raw("X\0: 1")),
  // -- lengths
  with("Content-Length: 3"),
  ok_line + "Content-Length: 2, 3\r\n\r\nhi",
  ok_line + "Content-Length: -2\r\n\r\nhi",
  ok_line + "Content-Length: +2\r\n\r\nhi",
  ok_line + "Content-Length: 0x2\r\n\r\nhi",
  ok_line + "Content-Length: 2.0\r\n\r\nhi",
  ok_line + "Content-Length: 2 2\r\n\r\nhi",
  ok_line + "Content-Length:\r\n\r\nhi",
  ok_line + "Content-Length:\r\n 2\r\n\r\nhi",
  ok_line + "Content-Length: 2\r\n 2\r\n\r\nhi",
  ok_line + "Content-Length: \x01""2\r\n\r\nhi",
  ok_line + "Content-Length: 9223372036854775808\r\n\r\nhi",
  ok_line + "Content-Length: 18446744073709551618\r\n\r\nhi",
  // -- codings
  with("Transfer-Encoding: chunked"),
  chunked.substr(0, chunked.size() - 2) + two,
  ok_line + "Transfer-Encoding : chunked\r\n" + two,
  ok_line + "Transfer-Encoding: gzip\r\n\r\nhi",
  ok_line + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  ok_line + "Transfer-Encoding: identity\r\n\r\nhi",
  ok_line + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  ok_line + "Transfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n",
  ok_line + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
  ok_line + "Transfer-Encoding: \x0b""chunked\r\n\r\n0\r\n\r\n",
  ok_line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
    + "0\r\n\r\n",
  "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  // -- chunks
  chunked + "\r\nhi\r\n0\r\n\r\n",
  chunked + " 2\r\nhi\r\n0\r\n\r\n",
  chunked + "-2\r\nhi\r\n0\r\n\r\n",
  chunked + "+2\r\nhi\r\n0\r\n\r\n",
  chunked + "0x2\r\nhi\r\n0\r\n\r\n",
  chunked + "2 2\r\nhi\r\n0\r\n\r\n",
  chunked + "2 a\r\nhi\r\n0\r\n\r\n",
  chunked + "g\r\nhi\r\n0\r\n\r\n",
  chunked + "2\nhi\r\n0\r\n\r\n",
  chunked + "2\r\nhi\n0\r\n\r\n",
  chunked + "2\r\nhi0\r\n\r\n",
  chunked + "2\r\nhi!\r\n0\r\n\r\n",
  chunked + "2\r\nhi\r\n0\n\r\n",
  chunked + "2;a\rb\r\nhi\r\n0\r\n\r\n",
  chunked + "2;a\nb\r\nhi\r\n0\r\n\r\n",
  chunked + raw("2;\0\r\nhi\r\n0\r\n\r\n"),
  chunked + "2\r\r\nhi\r\n0\r\n\r\n",
  chunked + "8000000000000000\r\nhi",
  chunked + "10000000000000002\r\nhi\r\n0\r\n\r\n",
  chunked + "2;" + std::string(9000, 'x') + "\r\nhi\r\n0\r\n\r\n",
  chunked + "2\r\nhi\r\n0\r\nT v\r\n\r\n",
  chunked + "2\r\nhi\r\n0\r\n T: v\r\n\r\n",
  chunked + "2\r\nhi\r\n0\r\nContent-Length: 2\r\n\r\n",
  chunked + "2\r\nhi\r\n0\r\nTransfer-Encoding : x\r\n\r\n",
  // -- ends too early
  "HTTP/1.1 200 OK\r\n",
  ok_line + "Content-Length: 3\r\n\r\nhi",
  chunked,
  chunked + "2\r\nhi\r\n",
  chunked + "2\r\nhi\r\n0",
  chunked + "2\r\nhi\r\n0\r\nT: v",
};

} // namespace

CAF_TEST(what can mean one thing only is taken) {
  for (const auto& [text, body, value] : taken) {
    CAF_MESSAGE(text);
    const auto x = read(text);
    CAF_CHECK(x.done);
    CAF_CHECK(x.fault == parse_fault::none);
    CAF_CHECK_EQUAL(x.body, body);
    const bool ended = text.ends_with("T: v\r\n"); // in its trailers
    CAF_CHECK_EQUAL(x.used, text.size() - (ended ? 6 : 0));
    const auto* field = find_header(x.head.headers, "x");
    CAF_CHECK_EQUAL(field ? field->value : "(none)", value);
  }
}

CAF_TEST(what could mean two things is refused) {
  for (const auto& text : refused) {
    CAF_MESSAGE(text);
    const auto x = read(text);
    CAF_CHECK(!x.done);
    CAF_CHECK(x.fault != parse_fault::none);
  }
}

CAF_TEST(what is taken is the same however it is cut) {
  for (const auto& [text, body, value] : taken)
    for (size_t cut = 1; cut < text.size(); ++cut) {
      const auto x = read(text, false, {cut, std::min(cut + 1, text.size())});
      CAF_REQUIRE(x.done);
      CAF_REQUIRE_EQUAL(x.body, body);
    }
}

CAF_TEST(what is refused is refused however it is cut) {
  for (const auto& text : refused)
    for (size_t cut = 1; cut < std::min<size_t>(text.size(), 200); ++cut)
      CAF_REQUIRE(!read(text, false, {cut}).done);
}

CAF_TEST(nothing behind an answer is taken for a part of it) {
  const std::string next = "HTTP/1.1 500 Next\r\n\r\n";
  for (const auto& [text, body, value] : taken) {
    auto whole = read(text);
    if (whole.head.until_close || (whole.head.chunked
                                   && !text.ends_with("\n\r\n")
                                   && !text.ends_with("\n\n")))
      continue;
    const auto x = read(text + next);
    CAF_REQUIRE(x.done);
    CAF_CHECK_EQUAL(x.used, text.size());
    CAF_CHECK_EQUAL(x.body, body);
  }
  for (const auto* status : {"204 No Content", "304 Not Modified"}) {
    const auto head = "HTTP/1.1 " + text_of(status) + "\r\n"
                      + "Content-Length: 2\r\n\r\n";
    CAF_CHECK_EQUAL(read(head + "hi").used, head.size());
  }
  const auto head = ok_line + "Content-Length: 2\r\n\r\n";
  CAF_CHECK_EQUAL(read(head + "hi", true).used, head.size());
}

CAF_TEST(odd line ends leave no trust in the connection) {
  CAF_CHECK(!read(ok_line + two).doubtful);
  CAF_CHECK(!read(with("X : 1")).doubtful);
  CAF_CHECK(!read(with("X: 1\r\n 2")).doubtful);
  CAF_CHECK(read("\r\n" + ok_line + two).doubtful);
  CAF_CHECK(read("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi").doubtful);
  CAF_CHECK(read(chunked + "0\r\nT: v\n\n").doubtful);
}

CAF_TEST(options of a connection that nobody can read end it) {
  CAF_CHECK(read(with("Connection: keep-alive")).head.keep_alive);
  CAF_CHECK(read(with("Connection: , keep-alive")).head.keep_alive);
  CAF_CHECK(!read(with("Connection: keep alive")).head.keep_alive);
  CAF_CHECK(!read(with("Connection: close;")).head.keep_alive);
  const auto x = read(with("Connection: X-Hop, ???"));
  CAF_CHECK_EQUAL(x.head.headers[0].value, "X-Hop, close");
}

CAF_TEST(trailers are repaired like fields) {
  const auto x = read(chunked + "0\r\nA : 1\r\nB: 2\r\n 3\r\n\r\n");
  CAF_REQUIRE_EQUAL(x.trailers.size(), 2u);
  CAF_CHECK_EQUAL(x.trailers[0].value, "1");
  CAF_CHECK_EQUAL(x.trailers[1].value, "2 3");
}

CAF_TEST(a head that never ends is refused at its limit) {
  for (const auto& text :
       {ok_line + "X: " + std::string(10'000, 'x'),
        ok_line + "X: " + std::string(10'000, 'x') + "\r\n" + two,
        chunked + "0\r\nX: " + std::string(10'000, 'x')})
    CAF_CHECK(read(text).fault == parse_fault::header_too_large);
  std::string fields;
  for (int i = 0; i < 101; ++i)
    fields += "X : 1\r\n";
  CAF_CHECK(read(ok_line + fields + two).fault != parse_fault::none);
}

CAF_TEST(damaged answers are read alike however they are cut) {
  constexpr std::string_view alphabet = "\r\n: ;,0123fAHTP/.=\"\t\0\x80xc-";
  std::mt19937 random{1};
  const auto below = [&](size_t n) { return random() % n; };
  for (int i = 0; i < 20'000; ++i) {
    auto text = taken[below(std::size(taken))].text;
    for (auto n = below(3); n > 0; --n)
      switch (below(3)) {
        case 0:
          text[below(text.size())] = alphabet[below(alphabet.size())];
          break;
        case 1:
          text.erase(below(text.size()), 1 + below(3));
          break;
        default:
          text.insert(below(text.size()), 1, alphabet[below(alphabet.size())]);
      }
    std::vector<size_t> cuts;
    for (size_t at = below(10) + 1; at < text.size(); at += below(20) + 1)
      cuts.push_back(at);
    const auto whole = read(text);
    const auto pieces = read(text, false, cuts);
    CAF_REQUIRE_EQUAL(whole.done, pieces.done);
    if (!whole.done)
      continue;
    CAF_REQUIRE_EQUAL(whole.used, pieces.used);
    CAF_REQUIRE_EQUAL(whole.body, pieces.body);
    CAF_REQUIRE(whole.head.headers == pieces.head.headers);
  }
}
