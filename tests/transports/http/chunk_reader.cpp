#define CAF_SUITE http_chunk_reader

#include "tests/support/test.hpp"

#include "transports/http/chunk_reader.hpp"

#include <string>

using namespace aps;
using result = chunk_reader::result;

namespace {

constexpr size_t no_budget = SIZE_MAX;

result next(chunk_reader& uut, std::string_view bytes, size_t& taken,
            size_t budget = no_budget) {
  return uut.next(bytes, budget, taken);
}

/// What a fresh reader says to one line.
result first(std::string_view line, size_t max_line = 64) {
  chunk_reader uut{max_line};
  size_t taken = 0;
  const auto found = uut.next(line, no_budget, taken);
  CAF_CHECK_EQUAL(taken, found == result::size ? line.find('\n') + 1 : 0);
  return found;
}

} // namespace

CAF_TEST(a body comes apart into sizes payload and framing) {
  chunk_reader uut{64};
  std::string_view rest = "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n";
  const auto step = [&](size_t expected) {
    size_t taken = 0;
    const auto found = next(uut, rest, taken);
    CAF_CHECK_EQUAL(taken, expected);
    rest.remove_prefix(taken);
    return found;
  };
  CAF_CHECK(step(3) == result::size);
  CAF_CHECK_EQUAL(uut.size(), 3u);
  CAF_CHECK(step(3) == result::payload);
  CAF_CHECK(step(2) == result::framing);
  CAF_CHECK(step(7) == result::size);
  CAF_CHECK_EQUAL(uut.size(), 10u);
  CAF_CHECK(step(10) == result::payload);
  CAF_CHECK(step(2) == result::framing);
  CAF_CHECK(!uut.in_trailers());
  CAF_CHECK(step(3) == result::size);
  CAF_CHECK_EQUAL(uut.size(), 0u);
  CAF_CHECK(uut.in_trailers());
  // What follows is not a chunk, whatever it looks like.
  rest = "5\r\n";
  CAF_CHECK(step(0) == result::need_more);
  uut.reset();
  CAF_CHECK(step(3) == result::size);
}

CAF_TEST(a size is hexadecimal digits and what may stand behind them) {
  for (const char* line : {"1\r\n", "00a\r\n", "fF\r\n", "1 \r\n", "1\t\r\n",
                           "1;\r\n", "1 ; a=\"b\"\r\n", "7fffffffffffffff\r\n",
                           "1;\t~\r\n"})
    CAF_CHECK(first(line) == result::size);
  for (const char* line : {"\r\n", "\n", "1\n", " 1\r\n", "-1\r\n", "+1\r\n",
                           "0x1\r\n", "g\r\n", "1 1\r\n", "1\r\r\n",
                           "1;\x01\r\n", "1;\x1f\r\n", "1;\x7f\r\n",
                           "8000000000000000\r\n", "10000000000000000\r\n"})
    CAF_CHECK(first(line) == result::malformed);
  CAF_CHECK(first(";a\r\n") == result::malformed);
}

CAF_TEST(a line is awaited up to its limit) {
  CAF_CHECK(first("") == result::need_more);
  CAF_CHECK(first("1") == result::need_more);
  CAF_CHECK(first("1\r") == result::need_more);
  CAF_CHECK(first("1;aaa\r", 8) == result::need_more);
  CAF_CHECK(first("1;aaaa\r", 8) == result::need_more);
  CAF_CHECK(first("1;aaaa\r\n", 8) == result::size);
  CAF_CHECK(first("1;aaaaa\r", 8) == result::too_large);
  CAF_CHECK(first("1;aaaaa\r\n", 8) == result::too_large);
}

CAF_TEST(payload comes as it is there and as the budget allows) {
  chunk_reader uut{64};
  size_t taken = 0;
  CAF_CHECK(next(uut, "5\r\n", taken) == result::size);
  CAF_CHECK(next(uut, "ab", taken) == result::payload);
  CAF_CHECK_EQUAL(taken, 2u);
  CAF_CHECK(next(uut, "cde\r\n", taken, 0) == result::need_more);
  CAF_CHECK_EQUAL(taken, 0u);
  CAF_CHECK(next(uut, "cde\r\n", taken, 2) == result::payload);
  CAF_CHECK_EQUAL(taken, 2u);
  CAF_CHECK(next(uut, "e\r\n", taken) == result::payload);
  CAF_CHECK_EQUAL(taken, 1u);
  CAF_CHECK(next(uut, "\r\n", taken) == result::framing);
}

CAF_TEST(behind a chunk stands its line end and nothing else) {
  const auto behind = [](std::string_view bytes) {
    chunk_reader uut{64};
    size_t taken = 0;
    CAF_CHECK(next(uut, "1\r\n", taken) == result::size);
    CAF_CHECK(next(uut, "x", taken) == result::payload);
    return next(uut, bytes, taken);
  };
  CAF_CHECK(behind("") == result::need_more);
  CAF_CHECK(behind("\r") == result::need_more);
  CAF_CHECK(behind("\r\n") == result::framing);
  for (const char* wrong : {"\n", "x", "\rx", "x\n", "\r\r\n"})
    CAF_CHECK(behind(wrong) == result::malformed);
}
