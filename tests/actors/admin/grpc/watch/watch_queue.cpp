#define CAF_SUITE watch_queue

#include "actors/admin/grpc/watch/watch_queue.hpp"
#include "actors/admin/grpc/event_message.hpp"
#include "tests/support/test.hpp"

#include <random>

using namespace aps::admin;

namespace {

uint64_t missed_in(const std::string& message) {
  aps::admin::v1::Event out;
  CAF_CHECK(out.ParseFromString(message));
  return out.missed().count();
}

// Messages of which so many fit.
std::string big(size_t of) {
  return std::string(watch_queue::room / of - watch_queue::cost_of_message,
                     'x');
}

} // namespace

CAF_TEST(messages_come_out_as_they_went_in) {
  watch_queue queue;
  queue.add("a");
  queue.add("b");
  CAF_CHECK_EQUAL(queue.bytes(), 2 * (1 + watch_queue::cost_of_message));
  CAF_CHECK_EQUAL(queue.take().message, "a");
  const auto last = queue.take();
  CAF_CHECK_EQUAL(last.message, "b");
  CAF_CHECK_EQUAL(last.events, 1u);
  CAF_CHECK(queue.empty());
  CAF_CHECK_EQUAL(queue.bytes(), 0u);
}

CAF_TEST(what_does_not_fit_is_counted_where_it_would_have_been) {
  watch_queue queue;
  for (int i = 0; i < 6; ++i)
    queue.add(big(4));
  CAF_CHECK_EQUAL(queue.take().message, big(4));
  queue.add("late");
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(queue.take().message, big(4));
  const auto gap = queue.take();
  CAF_CHECK_EQUAL(missed_in(gap.message), 2u);
  CAF_CHECK_EQUAL(gap.events, 2u);
  CAF_CHECK_EQUAL(queue.take().message, "late");
  CAF_CHECK(queue.empty());
}

CAF_TEST(gaps_beside_each_other_are_one) {
  watch_queue queue;
  queue.add_missed(0);
  CAF_CHECK(queue.empty());
  queue.add_missed(3);
  queue.add(std::string(watch_queue::room, 'x'));
  queue.add_missed(4);
  const auto gap = queue.take();
  CAF_CHECK_EQUAL(missed_in(gap.message), 8u);
  CAF_CHECK_EQUAL(gap.events, 1u); // the others were no credit of ours
  CAF_CHECK(queue.empty());
}

// Whatever comes and goes: nothing is lost without a word, and the bound holds.
CAF_TEST(every_event_is_written_or_missed) {
  std::mt19937 random{7};
  watch_queue queue;
  uint64_t in = 0;
  uint64_t out = 0;
  uint64_t over = 0;
  const auto take = [&] {
    const auto next = queue.take();
    over += next.events;
    out += next.message.front() == 'x' ? 1 : missed_in(next.message);
  };
  for (int i = 0; i < 200'000; ++i) {
    if (random() % 5 < 3 || queue.empty()) {
      queue.add(std::string(1 + random() % 3000, 'x'));
      ++in;
    } else {
      take();
    }
    if (queue.bytes() > watch_queue::room + watch_queue::cost_of_message)
      CAF_FAIL("more waits than may: " << queue.bytes());
  }
  while (!queue.empty())
    take();
  CAF_CHECK_EQUAL(in, out);
  CAF_CHECK_EQUAL(in, over);
}
