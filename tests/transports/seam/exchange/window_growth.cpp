#define CAF_SUITE window_growth

#include "transports/seam/exchange/window_growth.hpp"

#include "transports/seam/exchange/exchange.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;

namespace {

constexpr uint32_t first = 64 * 1024;

slice text(size_t size) {
  return slice::adopt(std::string(size, 'x'));
}

// One direction over a way that holds bytes for `trip`, there and back, and
// lets `rate` of them pass in a millisecond.
struct direction {
  using milliseconds = std::chrono::milliseconds;

  direction(milliseconds trip, size_t rate, size_t bytes = most_window_growth,
            uint32_t most = max_grown_window)
      : trip(trip), rate(rate), budget(std::make_shared<byte_budget>(bytes)) {
    giving.begin(budget, most);
    taking.begin(budget, most);
  }

  // The sender uses its credit, the receiver passes on all but `behind` bytes.
  void round(size_t behind = 0) {
    const auto bytes = out.room();
    out.push(text(bytes));
    while (const auto next = out.next())
      in.accept(std::get<data_frame>(*next));
    const auto held_up = milliseconds(bytes / rate);
    unit.advance(std::max<duration>(trip, held_up));
    const auto due
      = giving.consume(in, in.received() - in.consumed() - behind, unit);
    CAF_REQUIRE(due);
    taking.cover(out, due->window);
    CAF_CHECK(out.ack(due->offset, due->window));
  }

  void rounds(int count, size_t behind = 0) {
    for (int i = 0; i < count; ++i)
      round(behind);
  }

  test::manual_unit unit;
  milliseconds trip;
  size_t rate;
  std::shared_ptr<byte_budget> budget;
  send_window out{first, first};
  receive_window in{first, first};
  window_growth giving;
  window_growth taking;
};

} // namespace

CAF_TEST(a window grows to what the way holds) {
  using std::chrono::milliseconds;
  struct row {
    milliseconds trip;
    size_t rate; // bytes in a millisecond
    uint32_t least, most;
  };
  const std::vector<row> table{
    {milliseconds(1), 1'000, first, first},
    {milliseconds(10), 6'000, first, first},
    {milliseconds(10), 10'000, 2 * first, 2 * first},
    {milliseconds(10), 100'000, 16 * first, 16 * first},
    {milliseconds(100), 2'500, 4 * first, 4 * first},
    {milliseconds(100), 20'000, 32 * first, 32 * first},
    {milliseconds(100), 1'000'000, max_grown_window, max_grown_window},
  };
  for (const auto& row : table) {
    direction it{row.trip, row.rate};
    it.rounds(60);
    CAF_MESSAGE(row.trip.count() << " ms, " << row.rate);
    CAF_CHECK_GREATER_OR_EQUAL(it.in.window(), row.least);
    CAF_CHECK_LESS_OR_EQUAL(it.in.window(), row.most);
    CAF_CHECK_EQUAL(it.out.room(), it.in.window());
    // What was tried in vain counts until it is through, with the sender
    // until the end.
    CAF_CHECK_LESS_OR_EQUAL(it.budget->taken(), 4 * it.in.window());
    it.giving.end();
    it.taking.end();
    CAF_CHECK_EQUAL(it.budget->taken(), 0u);
  }
}

CAF_TEST(a try in vain is not soon repeated) {
  direction it{std::chrono::milliseconds(1), 1'000};
  int larger = 0;
  for (int i = 0; i < 30; ++i) {
    it.round();
    larger += it.in.window() > first;
  }
  CAF_CHECK_GREATER(larger, 0);
  CAF_CHECK_LESS(larger, 6);
}

CAF_TEST(a window grows up to its bound) {
  direction it{std::chrono::milliseconds(100), 1'000'000, most_window_growth,
               5 * first};
  it.rounds(60);
  CAF_CHECK_EQUAL(it.in.window(), 5 * first);
}

CAF_TEST(a receiver that is behind has a window that stays) {
  direction it{std::chrono::milliseconds(100), 1'000'000};
  it.rounds(200, 1);
  CAF_CHECK_EQUAL(it.in.window(), first);
  CAF_CHECK_EQUAL(it.budget->taken(), 0u);
}

CAF_TEST(less than three windows of bytes say nothing) {
  direction it{std::chrono::milliseconds(100), 1'000'000};
  it.rounds(2);
  CAF_CHECK_EQUAL(it.budget->taken(), 0u);
}

CAF_TEST(windows grow by a quarter of what is left at most) {
  direction it{std::chrono::milliseconds(100), 1'000'000, 16 * first};
  it.rounds(
    200); // once and twice as much for each half; four times is not left
  CAF_CHECK_EQUAL(it.budget->taken(), 6 * first);
  CAF_CHECK_EQUAL(it.in.window(), 4 * first);
  CAF_CHECK_EQUAL(it.out.room(), 4 * first);
}

CAF_TEST(a sender whose window stays is never left without an ack) {
  direction it{std::chrono::seconds(100), 1'000'000};
  it.taking.end();
  for (int i = 0; i < 400; ++i) {
    it.round();
    CAF_CHECK_EQUAL(it.out.room(), first);
    it.trip = it.trip * 97 / 100; // faster and faster, for whatever reason
  }
  CAF_CHECK_GREATER(it.in.window(), 4 * first);
}

CAF_TEST(what is tried in vain goes back when it is through) {
  direction it{std::chrono::milliseconds(1), 1'000};
  it.taking.end(); // the receiver's half alone
  size_t most = 0;
  for (int i = 0; i < 42; ++i) {
    it.round();
    most = std::max(most, it.budget->taken());
    // It covers what the sender may still have by the larger window.
    CAF_CHECK_GREATER_OR_EQUAL(it.budget->taken() + first, it.in.window());
  }
  CAF_CHECK_EQUAL(most, first);
  CAF_CHECK_EQUAL(it.budget->taken(), 0u);
}

CAF_TEST(a sender that has no more bytes than credit asks for nothing) {
  send_window out{first, first};
  out.push(text(first - 1));
  size_t frames = 0;
  while (const auto next = out.next()) {
    CAF_CHECK(!std::get<data_frame>(*next).blocked);
    ++frames;
  }
  CAF_CHECK_GREATER(frames, 0u);
  CAF_CHECK(out.ack(first - 1, first));
  out.push(text(first));
  out.finish({});
  const auto last = out.next();
  CAF_CHECK(std::get<data_frame>(*last).last);
  CAF_CHECK(!std::get<data_frame>(*last).blocked);
}

CAF_TEST(a sender takes no more than its own budget lets it) {
  send_window out{first, first};
  window_growth none;
  none.cover(out, 2 * first);
  CAF_CHECK(out.ack(0, 2 * first));
  CAF_CHECK_EQUAL(out.room(), first);
  const auto budget = std::make_shared<byte_budget>(4 * first);
  window_growth some;
  some.begin(budget, UINT32_MAX);
  some.cover(out, UINT32_MAX); // as much as a quarter of what is left
  CAF_CHECK(out.ack(0, UINT32_MAX));
  CAF_CHECK_EQUAL(out.room(), 2 * first);
  CAF_CHECK_EQUAL(budget->taken(), first);
  for (const uint32_t less : {0u, 1u, first}) { // it may have all of it again
    some.cover(out, less);
    CAF_CHECK(out.ack(0, less));
    CAF_CHECK_EQUAL(budget->taken(), first);
  }
  some.cover(out, 2 * first);
  CAF_CHECK(out.ack(0, 2 * first));
  CAF_CHECK_EQUAL(out.room(), 2 * first);
  CAF_CHECK_EQUAL(budget->taken(), first);
}

CAF_TEST(both ends of an exchange grow and give back what they took) {
  const auto of_node = std::make_shared<byte_budget>(most_window_growth);
  const auto of_agent = std::make_shared<byte_budget>(most_window_growth);
  test::world it{test::get(), first};
  it.node->grow_with(of_node, max_grown_window);
  it.connect();
  it.settle();
  CAF_REQUIRE(it.agent);
  it.agent->grow_with(of_agent, max_grown_window);
  it.unit.run_inside([&] { it.agent->send_head(test::answer(200)); });
  for (int i = 0; i < 24; ++i) {
    it.unit.run_inside([&] { it.agent->send_body(text(it.agent->room())); });
    it.settle();
    it.unit.advance(std::chrono::milliseconds(100));
    it.unit.run_inside([&] {
      it.node->consumed(it.visitor_side->body.size());
      it.visitor_side->body.clear();
    });
    it.settle();
  }
  CAF_CHECK_GREATER_OR_EQUAL(it.agent->room(), 4 * 1024 * 1024u);
  CAF_CHECK_EQUAL(of_node->taken(), max_grown_window - first);
  // What the node may ask for in the head needs no budget.
  CAF_CHECK_EQUAL(of_agent->taken(), max_grown_window - max_response_window);
  it.unit.run_inside([&] { it.node->cancel(outcome::visitor_gone); });
  it.settle();
  it.unit.run_inside([&] { it.agent->cancel(); });
  CAF_CHECK_EQUAL(of_node->taken(), 0u);
  CAF_CHECK_EQUAL(of_agent->taken(), 0u);
}
