// What visitors send: read in any pieces it is the same request, or none; and
// written again it is read again.
#include "tests/fuzz/messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aps;
  auto text = fuzz::text_of(data, size);
  fuzz::decisions choose{text};
  const size_t step = 2 + choose.next() % 62;
  const parse_limits narrow{256, 8, 64};
  const auto limits = choose.next() % 4 == 0 ? narrow : parse_limits{};
  fuzz::check<true>(text, step, limits);
  return 0;
}
