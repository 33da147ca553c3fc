#define CAF_SUITE frame_queue

#include "tests/support/test.hpp"

#include "transports/tunnel/frame_queue.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace aps;

namespace {

constexpr size_t no_limit = SIZE_MAX;

frame data(exchange_id id, uint64_t offset, size_t size) {
  return {id, data_frame{offset, slice::adopt(std::string(size, 'x')), false}};
}

frame ack(exchange_id id, uint64_t offset) {
  return {id, ack_frame{offset, 0, false}};
}

struct fixture {
  frame_queue queue;
  frame_batch batch;

  std::vector<exchange_id> pop(size_t max_bytes, size_t max_frames = no_limit) {
    queue.pop_batch(batch, max_bytes, max_frames);
    std::vector<exchange_id> result;
    for (const auto& what : batch)
      result.push_back(what.exchange);
    return result;
  }
};

using ids = std::vector<exchange_id>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(frame_queue_tests, fixture)

CAF_TEST(of many pongs only the last one waits) {
  queue.push({0, ping_frame{1}});
  for (uint64_t token = 1; token <= 100'000; ++token)
    queue.push({0, pong_frame{token}});
  CAF_CHECK_EQUAL(queue.bytes(), 64u);
  CAF_CHECK_EQUAL(queue.answer_bytes(), 32u);
  CAF_CHECK_EQUAL(pop(no_limit), (ids{0, 0}));
  CAF_CHECK_EQUAL(std::get<pong_frame>(batch.back().body).token, 100'000u);
  CAF_CHECK_EQUAL(queue.answer_bytes(), 0u);
}

CAF_TEST(what answers the peer is counted until it leaves) {
  queue.push(data(1, 0, 20'000));
  queue.push(ack(2, 0));
  queue.push({3, reset_frame{outcome::internal, std::string(100, 'x')}});
  queue.push({4, resumed_frame{}});
  CAF_CHECK_EQUAL(queue.answer_bytes(), 32u + 132u + 32u);
  queue.push(ack(1, 0)); // behind its data, dropped with it
  CAF_CHECK_EQUAL(queue.answer_bytes(), 32u + 132u + 32u + 32u);
  queue.drop(1);
  CAF_CHECK_EQUAL(queue.answer_bytes(), 32u + 132u + 32u);
  pop(no_limit);
  CAF_CHECK_EQUAL(queue.answer_bytes(), 0u);
  CAF_CHECK_EQUAL(queue.bytes(), 0u);
}

CAF_TEST(small frames leave in the order of arrival) {
  for (exchange_id id : {3, 1, 2, 1})
    queue.push(ack(id, 0));
  CAF_CHECK_EQUAL(pop(no_limit), (ids{3, 1, 2, 1}));
  CAF_CHECK(queue.empty());
  CAF_CHECK_EQUAL(queue.bytes(), 0u);
}

CAF_TEST(frames about the connection go first) {
  queue.push(ack(1, 0));
  queue.push(data(2, 0, 20'000));
  queue.push({0, ping_frame{1}});
  CAF_CHECK_EQUAL(pop(no_limit), (ids{0, 1, 2}));
}

CAF_TEST(small answers overtake bulk data) {
  for (uint64_t i = 0; i < 10; ++i)
    queue.push(data(1, i, 64 * 1024));
  pop(100'000);
  queue.push(ack(2, 0));
  queue.push(data(3, 0, 100));
  const auto next = pop(100'000);
  CAF_REQUIRE(next.size() >= 2);
  CAF_CHECK_EQUAL(next[0], 2u);
  CAF_CHECK_EQUAL(next[1], 3u);
}

CAF_TEST(bulk flows are served in turn) {
  for (exchange_id id : {1, 2, 3})
    for (uint64_t i = 0; i < 3; ++i)
      queue.push(data(id, i, 10'000));
  CAF_CHECK_EQUAL(pop(no_limit), (ids{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

CAF_TEST(the turn goes on where the last batch ended) {
  for (exchange_id id : {1, 2, 3})
    for (uint64_t i = 0; i < 2; ++i)
      queue.push(data(id, i, 10'000));
  CAF_CHECK_EQUAL(pop(15'000), (ids{1, 2}));
  CAF_CHECK_EQUAL(pop(15'000), (ids{3, 1}));
  CAF_CHECK_EQUAL(pop(15'000), (ids{2, 3}));
  CAF_CHECK(queue.empty());
}

CAF_TEST(small frames cannot starve bulk data) {
  queue.push(data(2, 0, 20'000));
  for (uint64_t i = 0; i < 10'000; ++i)
    queue.push(ack(1, i));
  const auto first = pop(64 * 1024);
  CAF_CHECK_EQUAL(first.front(), 1u);
  CAF_CHECK_EQUAL(std::count(first.begin(), first.end(), 2u), 1);
}

CAF_TEST(a flow waits for the small frames of its exchange) {
  for (uint64_t i = 0; i < 100; ++i)
    queue.push(ack(1, i));
  queue.push(data(1, 0, 10'000));
  queue.push(ack(1, 100));
  size_t seen = 0;
  while (!queue.empty()) {
    pop(200, 10);
    for (const auto& what : batch) {
      const bool is_data = std::holds_alternative<data_frame>(what.body);
      CAF_CHECK_EQUAL(is_data, seen == 100);
      ++seen;
    }
  }
  CAF_CHECK_EQUAL(seen, 102u);
}

CAF_TEST(a batch has at least one frame and keeps its limits) {
  queue.push(data(1, 0, 64 * 1024));
  queue.push(data(1, 1, 64 * 1024));
  CAF_CHECK_EQUAL(pop(1).size(), 1u);
  for (uint64_t i = 0; i < 50; ++i)
    queue.push(ack(2, i));
  CAF_CHECK_EQUAL(pop(no_limit, 20).size(), 20u);
}

CAF_TEST(a reset drops the bulk data of its exchange) {
  for (exchange_id id : {1, 2})
    for (uint64_t i = 0; i < 3; ++i)
      queue.push(data(id, i, 10'000));
  queue.push({1, reset_frame{outcome::visitor_gone, {}}});
  CAF_CHECK_EQUAL(pop(no_limit), (ids{1, 2, 2, 2}));
  CAF_CHECK_EQUAL(queue.bytes(), 0u);
}

CAF_TEST(order and byte count hold under random load) {
  std::mt19937 random{7};
  std::map<exchange_id, uint64_t> pushed;
  std::map<exchange_id, uint64_t> popped;
  size_t waiting = 0;
  auto take = [&] {
    pop(random() % 100'000, 1 + random() % 50);
    for (const auto& what : batch) {
      waiting -= what.weight();
      const auto* bulk = std::get_if<data_frame>(&what.body);
      const auto offset
        = bulk ? bulk->offset : std::get<ack_frame>(what.body).offset;
      CAF_REQUIRE_EQUAL(offset, popped[what.exchange]++);
    }
    CAF_REQUIRE_EQUAL(queue.bytes(), waiting);
  };
  for (int i = 0; i < 20'000; ++i) {
    const exchange_id id = random() % 20;
    const auto next = pushed[id]++;
    const auto size = random() % 3 == 0 ? 9'000 : random() % 5'000;
    auto what = random() % 2 ? data(id, next, size) : ack(id, next);
    waiting += what.weight();
    queue.push(std::move(what));
    if (random() % 8 == 0)
      take();
  }
  while (!queue.empty())
    take();
  CAF_CHECK(pushed == popped);
}

CAF_TEST_FIXTURE_SCOPE_END()
