#define CAF_SUITE datagram_visit

#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

#include "transports/front/streams/datagram_visit.hpp"

using namespace aps;
using aps::test::sim_link;
using aps::test::test_owner;
using namespace std::chrono_literals;

namespace {

/// Keeps the exchange.
class keeper final : public front {
 public:
  route_decision admit(const visitor_request&) override { return denial{}; }
  void start(exchange_ptr what) override { kept = std::move(what); }
  void on_link(link_ptr) override {}
  exchange_id next_id() override { return 1; }

  exchange_ptr kept;
};

struct fixture {
  std::shared_ptr<keeper> door = std::make_shared<keeper>();
  http_front_context context{door, {}, nullptr};
  io_unit unit{0};
  std::vector<std::string> sent;
  std::shared_ptr<datagram_visit> visit;

  fixture() {
    auto head = std::make_shared<request_head>();
    head->scheme = "udp";
    head->authority = "a:1";
    head->last = false;
    visit = std::make_shared<datagram_visit>(
      nullptr, [this](std::string_view bytes) { sent.emplace_back(bytes); },
      10s);
    visit->start(context, unit, {head, {}, default_window});
  }

  // Session and exchange have each other until it is over.
  ~fixture() {
    door->kept->cancel(outcome::visitor_gone);
    unit.context().poll();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(datagram_visit_tests, fixture)

CAF_TEST(what there is no credit for is dropped) {
  const auto link = std::make_shared<sim_link>(unit);
  door->kept->attach(link, session_id{1}, std::make_shared<test_owner>());
  unit.context().poll();
  const auto sent = link->out.size();
  const auto now = unit.now();
  for (int i = 0; i < 10; ++i)
    visit->take(std::string(32 * 1024, 'x'), now);
  CAF_CHECK_EQUAL(link->out.size() - sent, 2u);
  CAF_CHECK(!door->kept->over());
}

CAF_TEST(a silent session ends and is forgotten) {
  const auto now = unit.now();
  visit->take("x", now);
  CAF_CHECK(!visit->is_over(now + 9s));
  CAF_CHECK(visit->is_over(now + 10s));
  CAF_CHECK(door->kept->over());
}

CAF_TEST(one that failed is not begun anew at once) {
  door->kept->fail(outcome::origin_unreachable, "no way");
  unit.context().poll();
  CAF_CHECK(door->kept->over());
  const auto now = unit.now();
  visit->take("x", now);
  CAF_CHECK(!visit->is_over(now));
  CAF_CHECK(visit->is_over(now + 2s));
}

CAF_TEST(answers come each for itself) {
  const auto link = std::make_shared<sim_link>(unit);
  auto& exchange = *door->kept;
  exchange.attach(link, session_id{1}, std::make_shared<test_owner>());
  auto head = std::make_shared<response_head>();
  head->status = 200;
  exchange.deliver(link, {1, response_frame{head}});
  exchange.deliver(link, {1, datagram_frame{0, slice::copy("a")}});
  exchange.deliver(link,
                   {1, datagram_frame{datagram_cost(1), slice::copy("b")}});
  unit.context().poll();
  CAF_CHECK(sent == (std::vector<std::string>{"a", "b"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
