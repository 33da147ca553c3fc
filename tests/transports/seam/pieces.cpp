#define CAF_SUITE pieces

#include "transports/seam/pieces.hpp"

#include "tests/support/test.hpp"

#include <string>

using namespace aps;

CAF_TEST(pieces are taken from the front and at most in part) {
  pieces row;
  for (const auto* text : {"abc", "de"})
    row.push_back(slice::copy(text));
  CAF_CHECK_EQUAL(take_front(row, 2).view(), "ab");
  CAF_CHECK_EQUAL(take_front(row, 9).view(), "c"); // no more than one piece
  CAF_CHECK_EQUAL(take_front(row, 2).view(), "de");
  CAF_CHECK(row.empty());
}

CAF_TEST(what may wait for long keeps no block much larger than itself) {
  const auto block = slice::adopt(std::string(4000, 'x'));
  const auto piece = block.sub(0, 1000);
  CAF_CHECK(keepable(piece, 4000).data() == piece.data());
  CAF_CHECK(keepable(piece, 4001).data() != piece.data());
  CAF_CHECK_EQUAL(keepable(piece, 4001).view(), piece.view());
  const slice lent{nullptr, "lent"};
  CAF_CHECK(keepable(lent, 4).data() != lent.data());
}
