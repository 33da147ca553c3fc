#define CAF_SUITE compressor

#include "tests/support/test.hpp"
#include "tests/transports/front/compression/decoded.hpp"

#include "transports/front/compression/compressor.hpp"

using namespace aps;
using aps::test::decoded;

CAF_TEST(what was put in comes out whatever its pieces) {
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i)
    text += "line " + std::to_string(i * 7919 % 1000) + " of a text\n";
  for (const auto coding : config::content_codings)
    for (const size_t piece : {1000u, 65536u, 300'000u}) {
      const auto by = make_compressor(coding);
      CAF_REQUIRE(by);
      std::string out;
      for (size_t at = 0; at < text.size(); at += piece)
        CAF_REQUIRE(by->add(std::string_view{text}.substr(at, piece),
                            compressor::more::yes, out));
      CAF_REQUIRE(by->add({}, compressor::more::no, out));
      CAF_CHECK(out.size() < text.size() / 2);
      CAF_CHECK(decoded(coding, out) == text);
    }
}

CAF_TEST(each piece is readable as soon as it was put in) {
  for (const auto coding : config::content_codings) {
    const auto by = make_compressor(coding);
    std::string out;
    std::string so_far;
    for (const auto* piece : {"data: one\n\n", "data: two\n\n", "x"}) {
      CAF_REQUIRE(by->add(piece, compressor::more::yes, out));
      so_far += piece;
      CAF_CHECK_EQUAL(decoded(coding, out), so_far);
    }
  }
}

CAF_TEST(a known length changes nothing of what comes out) {
  for (const auto coding : config::content_codings)
    for (const size_t size : {1u, 300u, 5000u, 200'000u}) {
      const std::string text(size, 'a');
      const auto by = make_compressor(coding, size);
      CAF_REQUIRE(by);
      std::string out;
      CAF_REQUIRE(by->add(text, compressor::more::yes, out));
      CAF_REQUIRE(by->add({}, compressor::more::no, out));
      CAF_CHECK(decoded(coding, out) == text);
    }
}

CAF_TEST(an empty body is one) {
  for (const auto coding : config::content_codings) {
    const auto by = make_compressor(coding);
    std::string out;
    CAF_REQUIRE(by->add({}, compressor::more::no, out));
    CAF_CHECK_EQUAL(decoded(coding, out), "");
  }
}
