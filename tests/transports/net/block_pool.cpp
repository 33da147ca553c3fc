#define CAF_SUITE block_pool

#include "tests/support/test.hpp"

#include "transports/net/block_pool.hpp"

#include <cstring>
#include <set>
#include <thread>
#include <vector>

using namespace aps;

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

CAF_TEST(no more is kept than was said) {
  for (const size_t most : {0u, 1u, 3u}) {
    block_pool pool{most};
    std::vector<std::shared_ptr<char[]>> blocks;
    for (int i = 0; i < 5; ++i)
      blocks.push_back(pool.take());
    blocks.clear();
    CAF_CHECK_EQUAL(pool.kept(), most);
  }
}

CAF_TEST(the block given back last is used first) {
  block_pool pool{4};
  auto first = pool.take();
  auto second = pool.take();
  const auto* const last = first.get();
  second.reset();
  first.reset();
  CAF_CHECK(pool.take().get() == last);
}

CAF_TEST(the last owner gives a block back) {
  block_pool pool{4};
  auto block = pool.take();
  auto other = block;
  block.reset();
  CAF_CHECK_EQUAL(pool.kept(), 0u);
  other.reset();
  CAF_CHECK_EQUAL(pool.kept(), 1u);
}

CAF_TEST(nobody shares a block whatever the thread) {
  block_pool pool{8};
  std::vector<std::thread> threads;
  std::vector<int> spoilt(4);
  for (size_t n = 0; n < spoilt.size(); ++n)
    threads.emplace_back([&pool, &spoilt, n] {
      for (int round = 0; round < 300; ++round) {
        const auto one = pool.take();
        const auto two = pool.take();
        const auto mark = static_cast<char>('a' + n);
        std::memset(one.get(), mark, block_pool::block_size);
        std::memset(two.get(), mark, 64);
        spoilt[n] += one.get() == two.get() || one[0] != mark
                     || one[block_pool::block_size - 1] != mark;
      }
    });
  for (auto& thread : threads)
    thread.join();
  CAF_CHECK_EQUAL(spoilt, std::vector<int>(4));
  CAF_CHECK_LESS_OR_EQUAL(pool.kept(), 8u);
}
