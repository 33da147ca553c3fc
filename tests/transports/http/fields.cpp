#define CAF_SUITE http_fields

#include "tests/support/test.hpp"

#include "transports/http/fields.hpp"

#include <string>
#include <vector>

using namespace aps;

namespace {

std::string names_of(const header_list& headers) {
  std::string out;
  for (const auto& field : headers)
    out += field.name + " ";
  return out;
}

} // namespace

CAF_TEST(fields of one hop are known by their names) {
  for (const char* name : {"Connection", "keep-alive", "TRANSFER-ENCODING",
                           "Content-Length", "Upgrade", "TE", "te",
                           "Proxy-Authorization", "proxy-connection",
                           "Proxy-X"})
    CAF_CHECK(is_hop_by_hop(name));
  for (const char* name : {"", "t", "Host", "Trailer", "ab", "Expires",
                           "User-Agent", "Content-Range1", "Proxy", "Proxyx1",
                           "X-Proxy-Thing", "prozy-x"})
    CAF_CHECK(!is_hop_by_hop(name));
}

CAF_TEST(trailers say nothing about framing routing or who asks) {
  for (const char* name : {"Grpc-Status", "X-Checksum", "ETag", "Server-Timing",
                           "X-Hosts"})
    CAF_CHECK(allowed_in_trailers(name));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding",
                           "Set-Cookie", "Authorization", "Content-Encoding",
                           "Content-Range", "content-type", "Proxy-X", "Vary",
                           "X-Forwarded-For", "X-Host", "Proxy", "Aps-Outcome",
                           "TE"})
    CAF_CHECK(!allowed_in_trailers(name));
  header_list trailers{{"A", "1"}, {"Host", "x"}, {"B", "2"}};
  remove_forbidden_trailers(trailers);
  CAF_CHECK_EQUAL(names_of(trailers), "A B ");
}

CAF_TEST(a token has no separators and no controls) {
  for (const char* text : {"a", "Z", "0", "9", "!#$%&'*+-.^_`|~"})
    CAF_CHECK(is_token(text));
  for (const char* text : {"", " ", "a b", "a:", "a\t", "\"a\"", "(a)", "a/b",
                           "a,b", "\x7f", "\xc3\xa4", "[", "]", "{", "}", "@",
                           "<", ">", "=", "?", ";", "\\"})
    CAF_CHECK(!is_token(text));
}

CAF_TEST(a value has no controls but tabs) {
  for (const char* text : {"", " ", "a\tb", "~", "\xff", "\x80", "a b"})
    CAF_CHECK(is_field_value(text));
  for (const auto& text :
       {std::string("\r"), std::string("a\n"), std::string(1, '\0'),
        std::string("\x1f"), std::string("\x7f"), std::string("\x08"),
        std::string("\x0a")})
    CAF_CHECK(!is_field_value(text));
}

CAF_TEST(a field that would break the message apart is left out) {
  std::string out;
  append_field(out, "A", "b");
  append_field(out, "A b", "c");
  append_field(out, "", "c");
  append_field(out, "C", "d\r\nE: f");
  append_field(out, "G", "");
  CAF_CHECK_EQUAL(out, "A: b\r\nG: \r\n");
}

CAF_TEST(blanks go at both ends only) {
  CAF_CHECK_EQUAL(trimmed(""), "");
  CAF_CHECK_EQUAL(trimmed(" \t "), "");
  CAF_CHECK_EQUAL(trimmed("a"), "a");
  CAF_CHECK_EQUAL(trimmed("\t a b \t"), "a b");
  CAF_CHECK_EQUAL(trimmed("\r"), "\r");
}

CAF_TEST(elements of a list are what stands between the commas) {
  std::vector<std::string> found;
  for_each_element(" a ,, b\t,c d, ", [&](std::string_view element) {
    found.emplace_back(element);
  });
  CAF_CHECK(found == std::vector<std::string>({"a", "b", "c d"}));
}

CAF_TEST(any field of the name may list an element) {
  const header_list headers{{"Connection", "close"}, {"X", "Upgrade"},
                            {"connection", "a, UPGRADE ,b"}};
  CAF_CHECK(lists(headers, "Connection", "upgrade"));
  CAF_CHECK(lists(headers, "connection", "Close"));
  CAF_CHECK(lists(headers, "connection", "a"));
  CAF_CHECK(!lists(headers, "connection", "upgrad"));
  CAF_CHECK(!lists(headers, "x", "a"));
  CAF_CHECK(!lists({}, "x", "a"));
}

CAF_TEST(what Connection names goes but for what nobody sane names) {
  header_list headers{{"Host", "h"},       {"Connection", "X-Hop, host, close"},
                      {"x-hop", "1"},      {"Connection", "Keep-Alive, Y"},
                      {"Keep-Alive", "1"}, {"y", "2"},
                      {"Close", "stays"},  {"Te", "trailers"},
                      {"Z", "3"}};
  remove_hop_by_hop(headers);
  CAF_CHECK_EQUAL(names_of(headers), "Host Close Z ");
}
