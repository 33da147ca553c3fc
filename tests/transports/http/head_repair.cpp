#define CAF_SUITE http_head_repair

#include "tests/support/test.hpp"

#include "transports/http/head_repair.hpp"

using namespace aps;

namespace {

/// The strict form of a head, "" when it is in doubt.
std::string repaired(std::string_view head) {
  const auto out = repair_response_head(head);
  return out.ok ? out.text : "";
}

/// Of one that has these fields.
std::string with_fields(std::string_view fields) {
  const auto text = repaired("HTTP/1.1 200 OK\r\n" + std::string(fields)
                             + "\r\n");
  constexpr std::string_view begin = "HTTP/1.1 200 OK\r\n";
  return text.empty() ? "in doubt" : text.substr(begin.size());
}

} // namespace

CAF_TEST(fields end behind the first empty line) {
  const auto end_of = [](std::string_view text) {
    size_t scanned = 0;
    return end_of_fields(text, scanned);
  };
  CAF_CHECK_EQUAL(end_of("a\r\n\r\nb"), 5u);
  CAF_CHECK_EQUAL(end_of("a\n\nb"), 3u);
  CAF_CHECK_EQUAL(end_of("a\r\n\nb"), 4u);
  CAF_CHECK_EQUAL(end_of("a\n\r\nb"), 4u);
  CAF_CHECK_EQUAL(end_of("a\r\nb\r\n\r\n"), 8u);
  for (const char* text : {"", "a", "a\r\n", "a\r\n\r", "a\r\nb\r\n", "a\r\r\n"})
    CAF_CHECK_EQUAL(end_of(text), std::string_view::npos);
}

CAF_TEST(the search goes on where it stopped) {
  constexpr std::string_view text = "a: b\r\nc: d\r\n\r\nx";
  for (size_t step = 1; step < text.size(); ++step) {
    size_t scanned = 0;
    auto found = std::string_view::npos;
    for (size_t size = step; found == text.npos && size <= 14; size += step)
      found = end_of_fields(text.substr(0, size), scanned);
    if (found == text.npos)
      found = end_of_fields(text, scanned);
    CAF_CHECK_EQUAL(found, 14u);
  }
}

CAF_TEST(an empty line is a line end) {
  CAF_CHECK_EQUAL(empty_line("\n\n"), 1u);
  CAF_CHECK_EQUAL(empty_line("\r\n\r\n"), 2u);
  for (const char* text : {"", "\r", "a\n", " \r\n", "\r\r\n"})
    CAF_CHECK_EQUAL(empty_line(text), 0u);
}

CAF_TEST(a status line in its strict form) {
  struct row {
    const char* line;
    const char* expected;
  };
  const row table[] = {
    {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK"},
    {"http/1.1 200 ok", "HTTP/1.1 200 ok"},
    {"HTTP/1.0 404 Not Found", "HTTP/1.0 404 Not Found"},
    {"HTTP/1.9 200 OK", "HTTP/1.1 200 OK"},
    {"HTTP/1.1  200\t OK ", "HTTP/1.1 200 OK"},
    {"HTTP/1.1 200", "HTTP/1.1 200 "},
    {"HTTP/1.1 200 a\x01""b", "HTTP/1.1 200 a b"},
    {"HTTP/1.1 999 x", "HTTP/1.1 999 x"},
    {"HTTP/1.1 000 x", "HTTP/1.1 000 x"},
    {"HTTP/1.1", nullptr},
    {"HTTP/1.1 ", nullptr},
    {"HTTP/1.1 20 OK", nullptr},
    {"HTTP/1.1 2000 OK", nullptr},
    {"HTTP/1.1 20x OK", nullptr},
    {"HTTP/1.1 20: OK", nullptr},
    {"HTTP/1.1 /00 OK", nullptr},
    {"HTTP/1.x 200 OK", nullptr},
    {"HTTP/1.11 200 OK", nullptr},
    {"HTTP/2.0 200 OK", nullptr},
    {"HTTP/1. 200 OK", nullptr},
    {"ICY 200 OK", nullptr},
    {"HTTP/1.1 200 a\rb", nullptr},
    {"", nullptr},
  };
  for (const auto& [line, expected] : table) {
    CAF_MESSAGE(line);
    CAF_CHECK_EQUAL(repaired(std::string(line) + "\r\n\r\n"),
                    expected ? std::string(expected) + "\r\n\r\n" : "");
  }
}

CAF_TEST(fields in their strict form) {
  struct row {
    const char* lines;
    const char* expected;
  };
  const row table[] = {
    {"", "\r\n"},
    {"A: b\r\n", "A: b\r\n\r\n"},
    {"A :b\r\n", "A: b\r\n\r\n"},
    {"A \t:  b \t\r\n", "A: b\r\n\r\n"},
    {"A:\r\n", "A: \r\n\r\n"},
    {"A: b\r\n c\r\n\td \r\nE: f\r\n", "A: b c d\r\nE: f\r\n\r\n"},
    {"A: b\x01""c\x7f\r\n", "A: b c\r\n\r\n"},
    {"A: b\tc\r\n", "A: b\tc\r\n\r\n"},
    {"A: \xc3\xa4\r\n", "A: \xc3\xa4\r\n\r\n"},
    {"Proxy-Connection: close\r\nA: b\r\n", "A: b\r\n\r\n"},
    {"Connection: a, b\r\n", "Connection: a, b\r\n\r\n"},
    {"Connection: a,, b ,\r\n", "Connection: a, b\r\n\r\n"},
    {"Connection: a b, c\r\n", "Connection: c, close\r\n\r\n"},
    {"Connection: (a)\r\n", "Connection: close\r\n\r\n"},
    {"Connection: \r\n", "\r\n"},
    {"Content-Length: 5\r\n", "Content-Length: 5\r\n\r\n"},
    {"Content-Length: 5\r\n 6\r\n", "in doubt"},
    {"Content-Length: 5\x01\r\n", "in doubt"},
    {"Transfer-Encoding: chunked\r\n ,x\r\n", "in doubt"},
    {" A: b\r\n", "in doubt"},
    {"A: b\r\n \r\n", "in doubt"},
    {"A b\r\n", "in doubt"},
    {": b\r\n", "in doubt"},
    {"A(: b\r\n", "in doubt"},
    {"A: b\rc\r\n", "in doubt"},
  };
  for (const auto& [lines, expected] : table) {
    CAF_MESSAGE(lines);
    CAF_CHECK_EQUAL(with_fields(lines), expected);
  }
  CAF_CHECK_EQUAL(with_fields(std::string_view{"A: b\0c\r\n", 8}), "in doubt");
}

CAF_TEST(lone line feeds are told and what follows the head is none of it) {
  CAF_CHECK(!repair_response_head("HTTP/1.1 200 OK\r\nA: b\r\n\r\n").loose);
  const auto out = repair_response_head("HTTP/1.1 200 OK\nA: b\r\n\r\n");
  CAF_CHECK(out.ok);
  CAF_CHECK(out.loose);
  CAF_CHECK(repair_response_head("HTTP/1.1 200 OK\r\nA: b\n\r\n").loose);
  CAF_CHECK(!repair_response_head("HTTP/1.1 200 OK\r\n\r\nB: c\r\n").ok);
  CAF_CHECK(!repair_response_head("HTTP/1.1 200 OK\r\nA: b").ok);
}

CAF_TEST(trailers are repaired alike and may lack their last line) {
  auto out = repair_fields("A :b\r\n c\r\n\r\n");
  CAF_CHECK(out.ok);
  CAF_CHECK(!out.loose);
  CAF_CHECK_EQUAL(out.text, "A: b c\r\n");
  out = repair_fields("A: b\n");
  CAF_CHECK(out.ok);
  CAF_CHECK(out.loose);
  CAF_CHECK_EQUAL(out.text, "A: b\r\n");
  CAF_CHECK(!repair_fields("A: b\r\n\r\nC: d\r\n").ok);
  CAF_CHECK(!repair_fields("A: b").ok);
  CAF_CHECK(repair_fields("").ok);
}
