#define CAF_SUITE proxy_header

#include "tests/support/test.hpp"

#include "transports/net/proxy/proxy_header.hpp"

#include <string>
#include <vector>

using namespace aps;
using namespace std::string_literals;

namespace {

const std::string begin = "\r\n\r\n\0\r\nQUIT\n"s;

/// A header of version 2.
std::string v2(int command, int family, const std::string& block,
               int length = -1) {
  const auto size = length < 0 ? static_cast<int>(block.size()) : length;
  return begin + static_cast<char>(command) + static_cast<char>(family)
         + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff)
         + block;
}

const std::string ends4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x67\x01\xbb"s;
const std::string ends6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s
                          + std::string(15, '\0') + "\x01"s
                          + "\x12\x67\x01\xbb"s;
const std::string mapped6 = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x01"s
                            + std::string(10, '\0')
                            + "\xff\xff\xc6\x33\x64\x02"s + "\x12\x67\x01\xbb"s;

std::string tlv(char type, const std::string& value) {
  return std::string{type} + static_cast<char>(value.size() >> 8)
         + static_cast<char>(value.size() & 0xff) + value;
}

/// What a header says: both ends, "own" for those of the connection, "more"
/// for one that is not complete, or why it is none.
std::string said(const std::string& bytes) {
  const auto found = read_proxy_header(bytes);
  if (!found.problem.empty())
    return std::string{found.problem};
  if (!found.complete())
    return "more";
  return found.ends ? to_text(*found.ends) : "own";
}

const std::string both4 = "192.0.2.1:4711 198.51.100.2:443";
const std::string both6 = "[2001:db8::1]:4711 [::1]:443";

constexpr auto none = "no PROXY header";
constexpr auto words = "a line of version 1 with another number of words";
constexpr auto no_address = "an address that is none of its family";
constexpr auto no_port = "a port that is none";
constexpr auto no_family = "neither TCP4, TCP6 nor UNKNOWN";
constexpr auto no_end = "a line of version 1 without an end";
constexpr auto bare = "a line of version 1 that ends with a line feed alone";
constexpr auto inner = "a line of version 1 with a carriage return in it";
constexpr auto no_tlvs = "TLVs that are not whole";
constexpr auto no_stream = "a family or protocol that is no stream of ours";
constexpr auto too_short = "a block that is too short for its addresses";
constexpr auto too_long = "a header of more than 4096 bytes";

struct header_row {
  std::string bytes;
  std::string expected;
};

void check_rows(const std::vector<header_row>& rows) {
  for (const auto& [bytes, expected] : rows) {
    CAF_MESSAGE(bytes);
    CAF_CHECK_EQUAL(said(bytes), expected);
  }
}

} // namespace

CAF_TEST(headers of version 1 say what they say and nothing else) {
  const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n";
  check_rows({
    {line, both4},
    {line + "GET / HTTP/1.1\r\n\r\n", both4},
    {"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n", both6},
    {"PROXY TCP6 2001:DB8:0:0::1 ::1 4711 443\r\n", both6},
    {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 4711 443\r\n", both4},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 0 65535\r\n",
     "192.0.2.1:0 198.51.100.2:65535"},
    {"PROXY UNKNOWN\r\n", "own"},
    {"PROXY UNKNOWN \r\n", "own"},
    {"PROXY UNKNOWN ffff::1 ::2 1 2\r\n", "own"},
    {"PROXY UNKNOWN whatever there may be\r\n", "own"},
    // Not all of it.
    {"", "more"},
    {"P", "more"},
    {"PROXY", "more"},
    {"PROXY ", "more"},
    {"PROXY TCP4 192.0.2.1", "more"},
    {line.substr(0, line.size() - 1), "more"},
    // Another thing.
    {"GET / HTTP/1.1\r\n", none},
    {"PROXZ", none},
    {"proxy TCP4 192.0.2.1 198.51.100.2 4711 443\r\n", none},
    {" PROXY", none},
    {"\x16\x03\x01", none},
    {"PROXY\r\n", none},
    {"PROXY \r\n", no_family},
    {"PROXY  TCP4 192.0.2.1 198.51.100.2 4711 443\r\n", no_family},
    {"PROXY tcp4 192.0.2.1 198.51.100.2 4711 443\r\n", no_family},
    {"PROXY TCP 192.0.2.1 198.51.100.2 4711 443\r\n", no_family},
    {"PROXY UDP4 192.0.2.1 198.51.100.2 4711 443\r\n", no_family},
    {"PROXY UNKNOWNX\r\n", no_family},
    // Words.
    {"PROXY TCP4\r\n", words},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711\r\n", words},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443 1\r\n", words},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443 \r\n", words},
    {"PROXY TCP4 192.0.2.1  198.51.100.2 4711 443\r\n", words},
    {"PROXY TCP4\t192.0.2.1 198.51.100.2 4711 443\r\n", no_family},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711\t443\r\n", words},
    // Addresses.
    {"PROXY TCP4 192.0.2 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP4 192.0.2.256 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP4 192.0.2.01 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP4 0xc0.0.2.1 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP4 3221225985 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP4 2001:db8::1 ::1 4711 443\r\n", no_address},
    {"PROXY TCP4 192.0.2.1 ::1 4711 443\r\n", no_address},
    {"PROXY TCP6 192.0.2.1 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP6 fe80::1%lo ::1 4711 443\r\n", no_address},
    {"PROXY TCP6 [::1] ::1 4711 443\r\n", no_address},
    {"PROXY TCP6 ::1::2 ::1 4711 443\r\n", no_address},
    {"PROXY TCP4 localhost 198.51.100.2 4711 443\r\n", no_address},
    {"PROXY TCP4 192.0.2.1\0 198.51.100.2 4711 443\r\n"s, no_address},
    // Ports.
    {"PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n", no_port},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n", no_port},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n", no_port},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 04711 443\r\n", no_port},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 00 443\r\n", no_port},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443x\r\n", no_port},
    {"PROXY TCP4 192.0.2.1 198.51.100.2 0x10 443\r\n", no_port},
    // Ends of lines.
    {"PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\n", bare},
    {"PROXY UNKNOWN\n", bare},
    {"PROXY UNKNOWN\r\r\n", inner},
    {"PROXY UNKNOWN \r GET / HTTP/1.1\r\n", inner},
    {"PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "own"}, // 107 bytes
    {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", no_end},
    {"PROXY UNKNOWN " + std::string(92, 'x'), "more"},
    {"PROXY UNKNOWN " + std::string(93, 'x'), no_end},
    {"PROXY UNKNOWN " + std::string(5000, 'x'), no_end},
  });
}

CAF_TEST(headers of version 2 say what they say and nothing else) {
  check_rows({
    {v2(0x21, 0x11, ends4), both4},
    {v2(0x21, 0x11, ends4) + "GET /", both4},
    {v2(0x21, 0x21, ends6), both6},
    {v2(0x21, 0x21, mapped6), both4},
    {v2(0x21, 0x00, ""), "own"},
    {v2(0x21, 0x00, "anything at all"), "own"},
    {v2(0x21, 0x31, std::string(216, 'u')), "own"},
    {v2(0x20, 0x00, ""), "own"},
    {v2(0x20, 0x11, ends4), "own"},
    {v2(0x20, 0x11, "short"), "own"},
    {v2(0x20, 0xff, "whatever"), "own"},
    // TLVs.
    {v2(0x21, 0x11, ends4 + tlv(0x04, "")), both4},
    {v2(0x21, 0x11, ends4 + tlv(0x01, "h2") + tlv(0x05, "id")), both4},
    {v2(0x21, 0x21, ends6 + tlv('\xee', std::string(300, 't'))), both6},
    {v2(0x21, 0x11, ends4 + "\x04"), no_tlvs},
    {v2(0x21, 0x11, ends4 + "\x04\0"s), no_tlvs},
    {v2(0x21, 0x11, ends4 + "\x04\0\x01"s), no_tlvs},
    {v2(0x21, 0x11, ends4 + tlv(0x04, "ab") + "\x04\xff\xff"), no_tlvs},
    {v2(0x21, 0x31, std::string(216, 'u') + "x"), no_tlvs},
    // Not all of it.
    {begin.substr(0, 1), "more"},
    {begin.substr(0, 11), "more"},
    {begin, "more"},
    {begin + "\x21", "more"},
    {begin + "\x21\x11\0"s, "more"},
    {v2(0x21, 0x11, "", 12), "more"},
    {v2(0x21, 0x11, ends4.substr(0, 11), 12), "more"},
    {v2(0x21, 0x11, ends4, 4080), "more"}, // 4096 in all
    // Too much, too little.
    {v2(0x21, 0x11, ends4, 4081), too_long},
    {v2(0x21, 0x11, ends4, 65535), too_long},
    {v2(0x20, 0x00, "", 65535), too_long},
    {v2(0x21, 0x11, ends4.substr(0, 11)), too_short},
    {v2(0x21, 0x11, ""), too_short},
    {v2(0x21, 0x21, ends6.substr(0, 35)), too_short},
    {v2(0x21, 0x21, ends4), too_short},
    {v2(0x21, 0x31, std::string(215, 'u')), too_short},
    // Another thing.
    {"\r\n\r\n\0\r\nQUIT\r"s, none},
    {"\r\n\r\nGET /", none},
    {v2(0x11, 0x11, ends4), "another version than 1 and 2"},
    {v2(0x31, 0x11, ends4), "another version than 1 and 2"},
    {v2(0x22, 0x11, ends4), "neither LOCAL nor PROXY"},
    {v2(0x2f, 0x11, ends4), "neither LOCAL nor PROXY"},
    {v2(0x21, 0x12, ends4), no_stream},
    {v2(0x21, 0x22, ends6), no_stream},
    {v2(0x21, 0x32, std::string(216, 'u')), no_stream},
    {v2(0x21, 0x10, ends4), no_stream},
    {v2(0x21, 0x01, ""), no_stream},
    {v2(0x21, 0x41, ends4), no_stream},
    {v2(0x21, 0xff, ends4), no_stream},
  });
}

CAF_TEST(a header is as long as it is whatever comes behind it) {
  for (const auto& header :
       {"PROXY UNKNOWN\r\n"s, "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n"s,
        v2(0x20, 0, ""), v2(0x21, 0x11, ends4 + tlv(1, "h2"))}) {
    for (size_t have = 0; have < header.size(); ++have)
      CAF_CHECK_EQUAL(said(header.substr(0, have)), "more");
    CAF_CHECK_EQUAL(read_proxy_header(header).size, header.size());
    CAF_CHECK_EQUAL(read_proxy_header(header + header).size, header.size());
    CAF_CHECK_EQUAL(read_proxy_header(header + "\r\n").size, header.size());
  }
}

CAF_TEST(what is written says the same when it is read) {
  for (const auto* text :
       {"192.0.2.1:4711 198.51.100.2:443", "[2001:db8::1]:4711 [::1]:443",
        "192.0.2.1:0 198.51.100.2:0", "[::1]:65535 [2001:db8::2]:1"}) {
    const auto ends = parse_proxied_ends(text);
    CAF_REQUIRE(ends);
    CAF_CHECK_EQUAL(to_text(*ends), text);
    CAF_CHECK_EQUAL(said(proxy_header_v1(ends)), text);
    CAF_CHECK_EQUAL(said(proxy_header_v2(ends)), text);
  }
  CAF_CHECK_EQUAL(proxy_header_v1(parse_proxied_ends(both4)),
                  "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n");
  CAF_CHECK(proxy_header_v2(parse_proxied_ends(both4))
            == v2(0x21, 0x11, ends4));
  CAF_CHECK(proxy_header_v2(parse_proxied_ends(both6))
            == v2(0x21, 0x21, ends6));
  CAF_CHECK_EQUAL(proxy_header_v1({}), "PROXY UNKNOWN\r\n");
  CAF_CHECK(proxy_header_v2({}) == v2(0x20, 0x00, ""));
}

CAF_TEST(ends of two families are written in the wider one) {
  const auto ends = parse_proxied_ends("192.0.2.1:1 [2001:db8::1]:2");
  CAF_REQUIRE(ends);
  CAF_CHECK_EQUAL(proxy_header_v1(ends),
                  "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n");
  CAF_CHECK_EQUAL(said(proxy_header_v2(ends)), "192.0.2.1:1 [2001:db8::1]:2");
}

CAF_TEST(text that names no two ends is none) {
  for (const auto* text :
       {"", " ", "192.0.2.1:1", "192.0.2.1:1 ", "192.0.2.1 192.0.2.2",
        "192.0.2.1:1  192.0.2.2:2", "192.0.2.1:1 192.0.2.2:2 ",
        "192.0.2.1:x 192.0.2.2:2", "192.0.2.1:65536 192.0.2.2:2", "::1:1 ::1:2",
        "[192.0.2.1]:1 192.0.2.2:2", "unknown:0 192.0.2.2:2", "[::1]1 [::1]:2",
        "[]:1 [::1]:2", "192.0.2.1:1 192.0.2.2:2\r\nGET / HTTP/1.1"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!parse_proxied_ends(text));
  }
}
