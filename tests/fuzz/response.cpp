// What targets send, to a HEAD as well.
#include "tests/fuzz/messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aps;
  auto text = fuzz::text_of(data, size);
  fuzz::decisions choose{text};
  const size_t step = 2 + choose.next() % 62;
  const parse_limits narrow{256, 8, 64};
  const auto how = choose.next();
  fuzz::check<false>(text, step, how % 4 == 0 ? narrow : parse_limits{},
                     how % 3 == 0);
  return 0;
}
