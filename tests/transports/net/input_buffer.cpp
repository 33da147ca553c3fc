#define CAF_SUITE input_buffer

#include "tests/support/test.hpp"

#include "transports/net/input_buffer.hpp"
#include "transports/seam/slice.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

using namespace aps;

namespace {

/// Reads `text` as a socket would.
void read(input_buffer& to, std::string_view text) {
  const auto space = to.prepare();
  CAF_REQUIRE(space.size() >= text.size());
  std::memcpy(space.data(), text.data(), text.size());
  to.commit(text.size());
}

} // namespace

CAF_TEST(a block is used again when nobody looks at it) {
  input_buffer buffer;
  read(buffer, "abc");
  const auto* before = buffer.data().data();
  buffer.consume(3);
  read(buffer, "def");
  CAF_CHECK(buffer.data().data() == before);
}

CAF_TEST(bytes that a slice shares are never overwritten) {
  input_buffer buffer;
  std::vector<slice> slices;
  for (int i = 0; i < 1000; ++i) {
    const auto text = std::to_string(100000 + i) + std::string(100, 'x');
    read(buffer, text);
    slices.emplace_back(buffer.owner(), buffer.data());
    buffer.consume(text.size());
  }
  for (int i = 0; i < 1000; ++i)
    CAF_REQUIRE_EQUAL(slices[size_t(i)].view().substr(0, 6),
                      std::to_string(100000 + i));
}

CAF_TEST(what is not consumed stays in front) {
  input_buffer buffer;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const auto text = std::to_string(i) + ",";
    expected += text;
    read(buffer, text);
    buffer.consume(1);
    expected.erase(0, 1);
    CAF_REQUIRE_EQUAL(buffer.data(), expected);
  }
}

CAF_TEST(reads grow when a peer fills them and shrink when idle) {
  input_buffer buffer;
  CAF_CHECK_EQUAL(buffer.prepare().size(), input_buffer::small);
  buffer.commit(input_buffer::small);
  buffer.consume(input_buffer::small);
  CAF_CHECK_EQUAL(buffer.prepare().size(), input_buffer::large);
  buffer.shrink();
  CAF_CHECK_EQUAL(buffer.prepare().size(), input_buffer::small);
}

CAF_TEST(blocks that slices keep are used up to their tails) {
  // A stalled stream keeps its blocks, whatever the sizes of its pieces.
  for (size_t piece : {4'097u, 17'000u, 33'000u, 49'000u, 61'000u}) {
    input_buffer buffer;
    buffer.commit(buffer.prepare().size());
    buffer.consume(input_buffer::small);
    std::vector<slice> held;
    std::set<const void*> blocks;
    size_t bytes = 0;
    while (bytes < 1'000'000) {
      const auto size = std::min(piece, buffer.prepare().size());
      buffer.commit(size);
      held.emplace_back(buffer.owner(), buffer.data());
      blocks.insert(buffer.owner().get());
      buffer.consume(size);
      bytes += size;
    }
    CAF_MESSAGE(piece << " " << blocks.size() * input_buffer::large);
    CAF_CHECK_LESS(blocks.size() * input_buffer::large, bytes * 6 / 5);
  }
}

CAF_TEST(a read that does not fill what was offered is no bulk) {
  input_buffer buffer;
  buffer.commit(buffer.prepare().size() - 1);
  buffer.consume(buffer.size());
  CAF_CHECK_EQUAL(buffer.prepare().size(), input_buffer::small);
  // Nor is one that fills a limit of ours.
  buffer.commit(buffer.prepare(100).size());
  buffer.consume(buffer.size());
  CAF_CHECK_EQUAL(buffer.prepare().size(), input_buffer::small);
}

CAF_TEST(a limit bounds the read) {
  input_buffer buffer;
  CAF_CHECK_EQUAL(buffer.prepare(100).size(), 100u);
  CAF_CHECK_EQUAL(buffer.prepare(input_buffer::small + 1).size(),
                  input_buffer::small);
  CAF_CHECK_EQUAL(buffer.prepare(0).size(), input_buffer::small);
}

CAF_TEST(bytes read elsewhere stand behind those that are there) {
  input_buffer buffer;
  read(buffer, "abc");
  buffer.append("");
  buffer.append("def");
  CAF_CHECK_EQUAL(buffer.data(), "abcdef");
  const std::string big(200'000, 'x'); // more than any block
  buffer.append(big);
  CAF_CHECK_EQUAL(buffer.size(), 200'006u);
  CAF_CHECK(buffer.data() == "abcdef" + big);
}

CAF_TEST(a slice keeps its bytes while others are appended) {
  input_buffer buffer;
  read(buffer, "precious");
  const slice held{buffer.owner(), buffer.data()};
  buffer.consume(buffer.size());
  buffer.append(std::string(input_buffer::small, 'x'));
  CAF_CHECK_EQUAL(held.view(), "precious");
}

CAF_TEST(a block with bytes in it is not let go) {
  input_buffer buffer;
  buffer.commit(buffer.prepare().size());
  buffer.consume(buffer.size());
  read(buffer, "abc");
  const auto from = buffer.share_from();
  CAF_CHECK_EQUAL(from, input_buffer::large / max_kept_per_byte);
  buffer.shrink();
  CAF_CHECK_EQUAL(buffer.data(), "abc");
  CAF_CHECK_EQUAL(buffer.share_from(), from);
  buffer.consume(3);
  buffer.shrink();
  CAF_CHECK_EQUAL(buffer.share_from(), 0u);
  CAF_CHECK(!buffer.owner());
}

CAF_TEST(a small block stays with an idle connection) {
  input_buffer buffer;
  read(buffer, "abc");
  buffer.consume(3);
  const auto* const block = buffer.owner().get();
  buffer.shrink();
  CAF_CHECK(buffer.owner().get() == block);
}
