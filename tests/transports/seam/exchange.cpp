#define CAF_SUITE exchange

#include "transports/seam/exchange.hpp"

#include "tests/support/sim.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

std::string random_text(std::mt19937& random, size_t size) {
  std::string out(size, '\0');
  for (auto& c : out)
    c = char(random());
  return out;
}

// Reads an answer as slowly as it likes.
struct test_visitor final : visitor {
  void on_head(const response_head_ptr& head) override {
    heads.push_back(head->status);
  }
  void on_data(slice bytes) override { body += bytes.view(); }
  void on_end(const header_list& with) override {
    ++ends;
    trailers = with;
  }
  void on_failed(outcome how, const std::string&) override {
    ++ends;
    failure = how;
  }
  void on_writable() override {}

  std::vector<int> heads;
  std::string body;
  size_t consumed = 0;
  header_list trailers;
  std::optional<outcome> failure;
  int ends = 0;
};

struct test_origin final : origin {
  void on_body(slice bytes) override { body += bytes.view(); }
  void on_body_end(const header_list&) override { ++body_ends; }
  void on_cancelled() override { ++cancelled; }
  void on_writable() override {}

  std::string body;
  size_t consumed = 0;
  int body_ends = 0;
  int cancelled = 0;
};

struct test_owner final : exchange_owner {
  void on_finished(executor&, exchange_id, outcome how) override {
    finished.push_back(how);
  }
  std::vector<outcome> finished;
};

// Node and agent ends of one exchange and the connection between them; the
// agent's table is this struct.
struct world {
  explicit world(request_head head, uint32_t window = 4096) {
    visitor_side = std::make_shared<test_visitor>();
    auto shared = std::make_shared<const request_head>(std::move(head));
    node = std::make_shared<exchange>(unit, 7, shared, exchange_facts{},
                                      visitor_side, window);
    origin_side = std::make_shared<test_origin>();
  }

  void connect() {
    to_agent = std::make_shared<sim_link>(unit);
    to_node = std::make_shared<sim_link>(unit);
    unit.run_inside([&] { node->attach(to_agent, session, node_owner); });
  }

  void cut() {
    node->detach(to_agent);
    if (agent)
      agent->detach(to_node);
    unit.run_all();
    to_agent->end(link_error::lost);
    to_node->end(link_error::lost);
  }

  bool deliver_to_agent() {
    if (to_agent->out.empty())
      return false;
    auto what = std::move(to_agent->out.front());
    to_agent->out.pop_front();
    unit.run_inside([&] { at_agent(std::move(what)); });
    unit.run_all();
    return true;
  }

  bool deliver_to_node() {
    if (to_node->out.empty())
      return false;
    auto what = std::move(to_node->out.front());
    to_node->out.pop_front();
    unit.run_inside([&] { node->deliver(to_agent, std::move(what)); });
    unit.run_all();
    return true;
  }

  void settle() {
    while (deliver_to_agent() || deliver_to_node()) {
    }
  }

  void at_agent(frame what) {
    if (auto* head = std::get_if<request_frame>(&what.body)) {
      ++executions;
      agent = std::make_shared<served_exchange>(unit, what.exchange,
                                                head->head, head->window);
      agent->set_origin(origin_side);
      agent->attach(to_node, agent_owner);
    } else if (auto* position = std::get_if<resume_frame>(&what.body)) {
      if (agent)
        agent->resume(to_node, agent_owner, *position);
      else
        to_node->send({what.exchange,
                       resumed_frame{position->attempt, false, 0, false}});
    } else if (agent) {
      agent->deliver(to_node, std::move(what));
    }
  }

  manual_unit unit;
  session_id session{1};
  std::shared_ptr<test_visitor> visitor_side;
  std::shared_ptr<test_origin> origin_side;
  std::shared_ptr<test_owner> node_owner = std::make_shared<test_owner>();
  std::shared_ptr<test_owner> agent_owner = std::make_shared<test_owner>();
  exchange_ptr node;
  served_exchange_ptr agent;
  std::shared_ptr<sim_link> to_agent;
  std::shared_ptr<sim_link> to_node;
  int executions = 0;
};

request_head get(std::string method = "GET") {
  request_head head;
  head.method = std::move(method);
  return head;
}

request_head post() {
  auto head = get("POST");
  head.last = false;
  return head;
}

response_head_ptr answer(uint16_t status, bool last = false) {
  auto head = std::make_shared<response_head>();
  head->status = status;
  head->last = last;
  return head;
}

} // namespace

CAF_TEST(a_small_exchange_goes_there_and_back) {
  world w{get()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] {
    w.agent->send_head(answer(200));
    w.agent->send_body(slice::copy("hello"));
    w.agent->send_end({{"X-T", "1"}});
  });
  w.settle();
  CAF_CHECK_EQUAL(w.visitor_side->body, "hello");
  CAF_CHECK_EQUAL(w.visitor_side->trailers.size(), 1u);
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_CHECK(w.node->over());
  CAF_CHECK(w.agent->over());
  CAF_CHECK_EQUAL(w.node_owner->finished.size(), 1u);
  CAF_CHECK_EQUAL(w.agent_owner->finished.size(), 1u);
  CAF_CHECK_EQUAL(w.origin_side->cancelled, 0);
}

CAF_TEST(a_visitor_that_leaves_cancels_the_origin) {
  world w{get()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] { w.node->cancel(outcome::visitor_gone); });
  w.settle();
  CAF_CHECK_EQUAL(w.origin_side->cancelled, 1);
  CAF_CHECK(w.agent->over());
  CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
}

// The end may come in a frame after the last byte, and a visitor that knows
// the length does not wait for it.
CAF_TEST(a_visitor_that_leaves_with_the_whole_answer_was_served) {
  for (const size_t missing : {0, 1}) {
    world w{get()};
    w.connect();
    w.settle();
    w.unit.run_inside([&] {
      auto head = std::make_shared<response_head>();
      head->content_length = 5;
      w.agent->send_head(head);
      w.agent->send_body(slice::copy("whole"));
    });
    w.settle();
    CAF_CHECK_EQUAL(w.visitor_side->body, "whole");
    w.unit.run_inside([&] {
      w.node->consumed(5 - missing);
      w.node->cancel(outcome::visitor_gone);
    });
    w.settle();
    CAF_REQUIRE_EQUAL(w.node_owner->finished.size(), 1u);
    CAF_CHECK(w.node_owner->finished.front()
              == (missing ? outcome::visitor_gone : outcome::ok));
    CAF_CHECK(w.agent->over());
  }
}

namespace {

struct test_observer final : exchange_observer {
  void on_over(const exchange_record_ptr& what) override { over = what; }
  exchange_record_ptr over;
};

} // namespace

CAF_TEST(a_record_that_is_used_again_remembers_nothing) {
  const auto observer = std::make_shared<test_observer>();
  const auto record = std::make_shared<exchange_record>();
  {
    world w{get()};
    w.node->observe(observer, record);
    w.unit.run_inside(
      [&] { w.node->fail(outcome::no_endpoint, "nobody is there"); });
    w.unit.run_all();
    CAF_REQUIRE(observer->over == record);
    record->keep_facts();
  }
  CAF_CHECK(record->over);
  CAF_CHECK_EQUAL(record->detail, "nobody is there");
  CAF_CHECK_EQUAL(record->status, 503);
  CAF_CHECK_EQUAL(record->method, "GET");
  CAF_REQUIRE(record->facts);
  record->reuse();
  CAF_CHECK(!record->over && !record->facts && record->detail.empty());
  CAF_CHECK(record->attempts.empty() && record->method.empty());
  CAF_CHECK_EQUAL(record->status, 0);
  CAF_CHECK(record->ended == time_point{});
  world w{get()};
  w.node->observe(observer, record);
  w.connect();
  w.settle();
  CAF_CHECK_EQUAL(record->attempts.size(), 1u);
  CAF_CHECK_EQUAL(record->moves, 0u);
}

CAF_TEST(an_origin_that_fails_tells_the_visitor_why) {
  world w{get()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] { w.agent->fail(outcome::origin_refused, "no"); });
  w.settle();
  CAF_CHECK(w.visitor_side->failure == outcome::origin_refused);
  CAF_CHECK(w.agent->over());
}

CAF_TEST(an_unsent_head_is_sent_again_and_executed_once) {
  world w{post()};
  w.connect();
  w.cut(); // the head never arrived
  w.connect();
  w.settle();
  CAF_CHECK_EQUAL(w.executions, 1);
  CAF_CHECK_EQUAL(w.node->moves(), 1u);
}

CAF_TEST(another_session_gets_only_what_may_run_twice) {
  world idempotent{get()};
  idempotent.connect();
  idempotent.settle();
  idempotent.cut();
  idempotent.session = {2};
  idempotent.agent = nullptr;
  idempotent.connect();
  idempotent.settle();
  CAF_CHECK_EQUAL(idempotent.executions, 2);

  world once{post()};
  once.connect();
  once.settle();
  once.cut();
  once.session = {2};
  once.connect();
  CAF_CHECK(once.visitor_side->failure == outcome::started_unknown);
  CAF_CHECK_EQUAL(once.executions, 1);
}

CAF_TEST(a_given_up_exchange_is_never_started_again) {
  world w{post()};
  w.connect();
  w.settle();
  w.cut();
  w.unit.run_inside([&] { w.agent->cancel(); });
  w.connect();
  w.settle();
  CAF_CHECK(w.visitor_side->failure == outcome::started_unknown);
  CAF_CHECK_EQUAL(w.executions, 1);
}

CAF_TEST(frames_of_former_links_are_dropped) {
  world w{get()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] {
    w.agent->send_head(answer(200));
    w.agent->send_body(slice::copy("abc"));
  });
  const auto old_link = w.to_agent;
  const auto late = w.to_node->out;
  w.cut();
  w.connect();
  w.settle();
  for (const auto& what : late)
    w.unit.run_inside([&] { w.node->deliver(old_link, what); });
  CAF_CHECK_EQUAL(w.visitor_side->body, "abc");
  CAF_CHECK_EQUAL(w.visitor_side->heads.size(), 1u);
}

// Both bodies at once, over connections that die at random places; slow
// readers on both ends. Whatever happens: executed once, every byte once.
CAF_TEST(bodies_survive_any_number_of_cuts) {
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    std::mt19937 random{seed};
    world w{post(), 1024};
    const auto question = random_text(random, random() % 20000);
    const auto reply = random_text(random, random() % 20000);
    size_t asked = 0;
    size_t replied = 0;
    bool head = false;
    bool ended = false;
    bool question_ended = false;
    w.connect();
    for (int step = 0; step < 200000 && w.visitor_side->ends == 0; ++step) {
      switch (random() % 12) {
        case 0: case 1: case 2:
          w.deliver_to_agent();
          break;
        case 3: case 4: case 5:
          w.deliver_to_node();
          break;
        case 6:
          w.unit.run_inside([&] {
            const auto part = std::min(w.node->room(), question.size() - asked);
            w.node->send_body(slice::copy(question.substr(asked, part)));
            asked += part;
            if (asked == question.size() && !question_ended) {
              question_ended = true;
              w.node->send_end({});
            }
          });
          break;
        case 7: case 8:
          if (w.agent)
            w.unit.run_inside([&] {
              if (!head)
                w.agent->send_head(answer(103));
              if (!std::exchange(head, true))
                w.agent->send_head(answer(200));
              const auto part = std::min(w.agent->room(),
                                         reply.size() - replied);
              w.agent->send_body(slice::copy(reply.substr(replied, part)));
              replied += part;
              if (replied == reply.size()
                  && w.origin_side->body.size() == question.size() && !ended) {
                ended = true;
                w.agent->send_end({});
              }
            });
          break;
        case 9:
          w.unit.run_inside([&] {
            auto& side = *w.visitor_side;
            w.node->consumed(side.body.size() - side.consumed);
            side.consumed = side.body.size();
          });
          break;
        case 10:
          if (w.agent)
            w.unit.run_inside([&] {
              auto& side = *w.origin_side;
              w.agent->consumed(side.body.size() - side.consumed);
              side.consumed = side.body.size();
            });
          break;
        default:
          if (random() % 10 == 0) {
            w.cut();
            w.connect();
          }
      }
    }
    if (w.visitor_side->ends != 1 || w.visitor_side->failure)
      CAF_MESSAGE("seed " << seed);
    CAF_CHECK(!w.visitor_side->failure);
    CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
    CAF_CHECK_EQUAL(w.visitor_side->heads.size(), 2u);
    CAF_CHECK(w.visitor_side->body == reply);
    CAF_CHECK(w.origin_side->body == question);
    CAF_CHECK_EQUAL(w.executions, 1);
  }
}

CAF_TEST(a_record_keeps_no_more_of_long_texts_than_it_says) {
  const std::string longest(70'000, 'x');
  auto head = get();
  head.method = longest;
  manual_unit unit;
  const auto visitor_side = std::make_shared<test_visitor>();
  const auto node = std::make_shared<exchange>(
    unit, 7, std::make_shared<const request_head>(head),
    exchange_facts{longest, longest, nullptr, "http", longest, longest},
    visitor_side);
  const auto observer = std::make_shared<test_observer>();
  const auto record = std::make_shared<exchange_record>();
  node->observe(observer, record);
  unit.run_inside([&] { node->fail(outcome::no_endpoint, longest); });
  unit.run_all();
  CAF_REQUIRE(observer->over == record);
  record->keep_facts();
  const auto& facts = *record->facts;
  const std::pair<const std::string&, size_t> rows[]{
    {facts.visitor_address, kept::address},
    {facts.request_id, kept::request_id},
    {facts.host, kept::host},
    {facts.path, kept::path},
    {record->method, kept::method},
    {record->detail, kept::detail}};
  for (const auto& [text, most] : rows) {
    CAF_CHECK_EQUAL(text.size(), most);
    CAF_CHECK_LESS(text.capacity(), 2 * most);
  }
}
