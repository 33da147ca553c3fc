#define CAF_SUITE foreign_text

#include "transports/seam/foreign_text.hpp"

#include "tests/support/test.hpp"

#include <random>

using namespace aps;

namespace {

struct row {
  std::string_view in;
  std::string_view out;
};

constexpr row rows[] = {
  {"", ""},
  {"east-1", "east-1"},
  {"Zürich 東京 😀", "Zürich 東京 😀"},
  {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
  {"\x1b[31m", "\\x1b[31m"},
  {"\x7f", "\\x7f"},
  {"\xc2\x9b""31m", "\\xc2\\x9b31m"},           // C1: CSI
  {"\xc2\x85", "\\xc2\\x85"},                   // C1: next line
  {"\x9b", "\\x9b"},                            // no UTF-8
  {"\xff\xfe", "\\xff\\xfe"},                   // no UTF-8
  {"\xc0\x8a", "\\xc0\\x8a"},                   // overlong newline
  {"\xe0\x80\x8a", "\\xe0\\x80\\x8a"},          // overlong newline
  {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          // surrogate
  {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // above U+10FFFF
  {"x\xe2\x80", "x\\xe2\\x80"},                 // cut short
  {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},          // line separator
  {"\xe2\x80\xae", "\\xe2\\x80\\xae"},          // right-to-left override
  {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},          // isolate
  {"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},          // zero width space
  {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},          // byte order mark
};

} // namespace

CAF_TEST(what_could_forge_a_line_is_escaped) {
  for (const auto& [in, out] : rows) {
    CAF_CHECK_EQUAL(foreign_text(in), out);
    CAF_CHECK_EQUAL(is_clean_text(in), in == out);
  }
  CAF_CHECK_EQUAL(foreign_text(std::string(2, '\0')), "\\x00\\x00");
}

CAF_TEST(a_long_text_is_cut_with_a_mark_and_never_inside_a_character) {
  CAF_CHECK_EQUAL(foreign_text(std::string(2000, 'a'), 10), "aaaaaaa...");
  CAF_CHECK_EQUAL(foreign_text(std::string(10, 'a'), 10), "aaaaaaaaaa");
  CAF_CHECK_EQUAL(foreign_text("äääääää", 10), "äää...");
  CAF_CHECK_EQUAL(foreign_text("\n\n\n\n", 10), "\\x0a...");
  CAF_CHECK_EQUAL(foreign_text("abc", 2), "..");
  CAF_CHECK_EQUAL(foreign_text("abc", 0), "");
}

CAF_TEST(the_result_is_bounded_clean_and_stays_as_it_is) {
  std::minstd_rand random{7};
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 40, '\0');
    for (auto& c : text)
      c = random() % 3 == 0 ? "\n\x1b\xc2\x9b\xe2\x80\xae\xf0"[random() % 8]
                            : static_cast<char>(random());
    const auto most = random() % 50;
    const auto shown = foreign_text(text, most);
    CAF_REQUIRE(shown.size() <= most);
    CAF_REQUIRE(is_clean_text(shown));
    CAF_REQUIRE_EQUAL(foreign_text(shown, most), shown);
  }
}

CAF_TEST(plain_text_is_judged_wherever_the_odd_byte_stands) {
  for (size_t size = 1; size <= 17; ++size)
    for (size_t at = 0; at < size; ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        const bool plain = byte >= 0x20 && byte < 0x7f;
        if (is_plain_text(text) != plain)
          CAF_FAIL("byte " << byte << " at " << at << " of " << size);
      }
  CAF_CHECK(is_plain_text(""));
}

CAF_TEST(a_name_is_short_and_clean) {
  CAF_CHECK(is_foreign_name("east-1"));
  CAF_CHECK(is_foreign_name("Büro 2"));
  CAF_CHECK(is_foreign_name(std::string(128, 'x')));
  CAF_CHECK(!is_foreign_name(std::string(129, 'x')));
  for (const auto* bad : {"", "a\nb", "a\x1b", "\xff", "\xc2\x9b"})
    CAF_CHECK(!is_foreign_name(bad));
}
