#define CAF_SUITE exchange_retry

#include "tests/transports/seam/exchange_world.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

struct known_owner final : exchange_owner {
  void on_finished(executor&, exchange_id, outcome how) override {
    finished.push_back(how);
  }
  carrier_ptr who() const override { return by; }

  std::vector<outcome> finished;
  carrier_ptr by = std::make_shared<const carrier>();
};

/// Wants another answer as often as it is told.
struct test_retrier final : exchange_retrier {
  bool wants_again(const exchange& of, const carrier&, outcome result,
                   uint16_t status) override {
    seen.push_back(result == outcome::ok ? std::to_string(status)
                                         : std::string(to_string(result)));
    whole.push_back(of.is_whole());
    return of.is_whole() && wanted-- > 0;
  }
  void ask_again(const exchange_ptr&) override { ++asked; }

  int wanted = 1;
  int asked = 0;
  std::vector<std::string> seen;
  std::vector<bool> whole;
};

/// One exchange and two agents, one after the other.
struct fixture {
  explicit fixture(request_head head = get()) : w(std::move(head)) {
    w.node->retry_with(retrier);
    attach(first, session_id{1}, first_owner, 0);
  }

  void attach(const std::shared_ptr<sim_link>& link, const session_id& session,
              const std::shared_ptr<known_owner>& owner, uint32_t round) {
    w.unit.run_inside([&] { w.node->attach(link, session, owner, round); });
    w.unit.run_all();
  }

  void say(const std::shared_ptr<sim_link>& link, frame::kind kind) {
    w.unit.run_inside([&] { w.node->deliver(link, {7, std::move(kind)}); });
    w.unit.run_all();
  }

  template <class Frame>
  static size_t count(const std::shared_ptr<sim_link>& link) {
    return static_cast<size_t>(
      std::count_if(link->out.begin(), link->out.end(), [](const auto& each) {
        return std::holds_alternative<Frame>(each.body);
      }));
  }

  world w;
  std::shared_ptr<test_retrier> retrier = std::make_shared<test_retrier>();
  std::shared_ptr<known_owner> first_owner = std::make_shared<known_owner>();
  std::shared_ptr<known_owner> second_owner = std::make_shared<known_owner>();
  std::shared_ptr<sim_link> first = std::make_shared<sim_link>(w.unit);
  std::shared_ptr<sim_link> second = std::make_shared<sim_link>(w.unit);
};

} // namespace

CAF_TEST(a dropped answer leaves no trace but another round) {
  fixture it;
  it.say(it.first, response_frame{answer(503)});
  CAF_CHECK(it.w.visitor_side->heads.empty());
  CAF_CHECK_EQUAL(it.retrier->asked, 1);
  CAF_CHECK_EQUAL(it.w.node->round(), 1u);
  CAF_CHECK(it.first_owner->finished == std::vector<outcome>{outcome::ok});
  // The answer has more to say, which nobody wants.
  CAF_CHECK_EQUAL(it.count<reset_frame>(it.first), 1u);
  it.say(it.first, data_frame{0, slice::copy("late")});
  it.attach(it.second, session_id{2}, it.second_owner, 1);
  CAF_CHECK_EQUAL(it.count<request_frame>(it.second), 1u);
  it.say(it.second, response_frame{answer(200, true)});
  CAF_CHECK_EQUAL(it.w.visitor_side->heads, std::vector<int>{200});
  CAF_CHECK_EQUAL(it.w.visitor_side->ends, 1);
  CAF_CHECK_EQUAL(it.w.visitor_side->body, "");
  CAF_CHECK(it.retrier->seen == (std::vector<std::string>{"503", "200"}));
}

CAF_TEST(an answer that was complete is acknowledged) {
  fixture it;
  it.say(it.first, response_frame{answer(502, true)});
  CAF_CHECK_EQUAL(it.count<reset_frame>(it.first), 0u);
  CAF_CHECK_EQUAL(it.count<ack_frame>(it.first), 1u);
  CAF_CHECK_EQUAL(it.retrier->asked, 1);
}

CAF_TEST(a failure can be dropped as well) {
  fixture it;
  it.say(it.first, reset_frame{outcome::origin_refused, "nobody"});
  CAF_CHECK_EQUAL(it.w.visitor_side->ends, 0);
  CAF_CHECK(it.first_owner->finished
            == std::vector<outcome>{outcome::origin_refused});
  CAF_CHECK(it.retrier->seen == std::vector<std::string>{"origin-refused"});
  it.attach(it.second, session_id{2}, it.second_owner, 1);
  it.say(it.second, reset_frame{outcome::origin_refused, "nobody either"});
  CAF_CHECK(it.w.visitor_side->failure == outcome::origin_refused);
  CAF_CHECK_EQUAL(it.w.visitor_side->detail, "nobody either");
}

CAF_TEST(who is not wanted passes its answer on) {
  fixture it;
  it.retrier->wanted = 0;
  it.say(it.first, response_frame{answer(503, true)});
  CAF_CHECK_EQUAL(it.w.visitor_side->heads, std::vector<int>{503});
  CAF_CHECK_EQUAL(it.w.node->round(), 0u);
}

CAF_TEST(nothing is dropped behind an interim head) {
  fixture it;
  it.say(it.first, response_frame{answer(103)});
  it.say(it.first, response_frame{answer(503, true)});
  CAF_CHECK_EQUAL(it.w.visitor_side->heads, (std::vector<int>{103, 503}));
  CAF_CHECK(it.retrier->whole == std::vector<bool>{false});
}

CAF_TEST(a body that nobody took is sent again and one that was is not ) {
  for (const bool taken : {false, true}) {
    fixture it{post()};
    it.w.unit.run_inside([&] {
      it.w.node->send_body(slice::copy("body"));
      it.w.node->send_end({});
    });
    it.w.unit.run_all();
    if (taken)
      it.say(it.first, ack_frame{4, 65536, false});
    it.say(it.first, response_frame{answer(503, true)});
    CAF_CHECK_EQUAL(it.retrier->asked, taken ? 0 : 1);
    if (taken)
      continue;
    it.attach(it.second, session_id{2}, it.second_owner, 1);
    std::string body;
    for (const auto& each : it.second->out)
      if (const auto* data = std::get_if<data_frame>(&each.body))
        body += data->payload.view();
    CAF_CHECK_EQUAL(body, "body");
  }
}

CAF_TEST(who comes from a former round is too late) {
  fixture it;
  it.say(it.first, response_frame{answer(503, true)});
  const auto late = std::make_shared<known_owner>();
  const auto link = std::make_shared<sim_link>(it.w.unit);
  it.attach(link, session_id{1}, late, 0);
  CAF_CHECK_EQUAL(it.count<request_frame>(link), 0u);
  CAF_CHECK(late->finished == std::vector<outcome>{outcome::visitor_gone});
  it.attach(it.second, session_id{2}, it.second_owner, 1);
  CAF_CHECK_EQUAL(it.count<request_frame>(it.second), 1u);
}

CAF_TEST(a visitor that leaves between two rounds is forgotten) {
  fixture it;
  it.say(it.first, response_frame{answer(503, true)});
  it.w.unit.run_inside([&] { it.w.node->cancel(outcome::visitor_gone); });
  it.attach(it.second, session_id{2}, it.second_owner, 1);
  CAF_CHECK_EQUAL(it.count<request_frame>(it.second), 0u);
  CAF_CHECK(it.second_owner->finished
            == std::vector<outcome>{outcome::visitor_gone});
}

namespace {

struct test_tap final : body_tap {
  void on_body(const slice& bytes) override { body += bytes.view(); }
  void on_body_end(const header_list& trailers) override {
    ++ends;
    fields += trailers.size();
  }
  std::string body;
  int ends = 0;
  size_t fields = 0;
};

} // namespace

CAF_TEST(a tap gets all of a body whenever it comes) {
  for (const int before : {0, 1, 2}) {
    world w{post()};
    const auto tap = std::make_shared<test_tap>();
    w.unit.run_inside([&] {
      if (before > 0)
        w.node->send_body(slice::copy("first "));
      if (before > 1)
        w.node->send_end({{"X-T", "1"}});
      w.node->tap_with(tap);
      if (before < 1)
        w.node->send_body(slice::copy("first "));
      if (before < 2) {
        w.node->send_body(slice::copy("second"));
        w.node->send_end({{"X-T", "1"}});
      }
    });
    CAF_CHECK_EQUAL(tap->body, before < 2 ? "first second" : "first ");
    CAF_CHECK_EQUAL(tap->ends, 1);
    CAF_CHECK_EQUAL(tap->fields, 1u);
    CAF_CHECK_EQUAL(tap.use_count(), 1);
  }
}
