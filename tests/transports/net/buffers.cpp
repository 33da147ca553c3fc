#define CAF_SUITE buffers

#include "tests/support/test.hpp"

#include "transports/net/block_pool.hpp"
#include "transports/net/input_buffer.hpp"
#include "transports/net/output_queue.hpp"
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

CAF_TEST(blocks that were given back are used again) {
  block_pool pool{2};
  auto first = pool.take();
  auto second = pool.take();
  auto third = pool.take();
  const auto* const address = third.get();
  std::memset(third.get(), 'x', block_pool::block_size);
  third.reset();
  CAF_CHECK_EQUAL(pool.kept(), 1u);
  third = pool.take();
  CAF_CHECK(third.get() == address);
  CAF_CHECK_EQUAL(pool.kept(), 0u);
  first.reset();
  second.reset();
  third.reset();
  CAF_CHECK_EQUAL(pool.kept(), 2u);
}

CAF_TEST(output keeps its order in one gather write) {
  output_queue queue;
  const auto big = slice::adopt(std::string(10000, 'b'));
  queue.text() += "head";
  queue.payload(slice::copy("small"));
  queue.payload(big);
  queue.text() += "tail";
  std::string out;
  for (const auto& part : queue.start())
    out.append(static_cast<const char*>(part.data()), part.size());
  CAF_CHECK_EQUAL(out, "headsmall" + std::string(10000, 'b') + "tail");
  queue.text() += "next";
  CAF_CHECK_EQUAL(queue.finish(), 10005u);
  CAF_CHECK_EQUAL(queue.start_flat(), "next");
}
