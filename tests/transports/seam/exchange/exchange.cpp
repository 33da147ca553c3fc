#define CAF_SUITE exchange

#include "tests/transports/seam/exchange_world.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

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

namespace {

/// Heads that are sent until the exchange is given up, when each connection
/// ends with `why` and the agent never saw one.
size_t heads_until_given_up(link_error why) {
  world w{get()};
  size_t heads = 0;
  for (int i = 0; i < 20 && !w.visitor_side->failure; ++i) {
    w.connect();
    if (const auto* resume
        = std::get_if<resume_frame>(&w.to_agent->out.front().body)) {
      const resumed_frame unknown{resume->attempt, false, 0, false};
      w.unit.run_inside([&] { w.node->deliver(w.to_agent, {7, unknown}); });
      w.unit.run_all();
    }
    for (const auto& sent : w.to_agent->out)
      heads += std::holds_alternative<request_frame>(sent.body);
    w.node->detach(w.to_agent, why);
    w.unit.run_all();
  }
  CAF_CHECK(w.visitor_side->failure == outcome::attempts_exhausted);
  return heads;
}

} // namespace

CAF_TEST(a_head_that_ends_its_connections_is_not_sent_for_ever) {
  CAF_CHECK_EQUAL(heads_until_given_up(link_error::protocol),
                  exchange::max_misunderstandings);
  CAF_CHECK_EQUAL(heads_until_given_up(link_error::too_large),
                  exchange::max_misunderstandings);
  CAF_CHECK_EQUAL(heads_until_given_up(link_error::lost), exchange::max_heads);
}

namespace {

struct kept_record final : exchange_observer {
  void on_over(const exchange_record_ptr& record) override { last = record; }
  exchange_record_ptr last;
};

visitor_pass_ptr pass_with(std::shared_ptr<void> places) {
  auto out = std::make_shared<visitor_pass>();
  out->user = "alice";
  out->reason = "some rule";
  out->places = std::move(places);
  return out;
}

} // namespace

CAF_TEST(a_pass_is_given_back_at_the_end_on_every_path) {
  for (const int path : {0, 1, 2, 3}) {
    world w{get()};
    auto places = std::make_shared<int>(1);
    const std::weak_ptr<int> held{places};
    w.unit.run_inside(
      [&] { w.node->admit_with(pass_with(std::move(places))); });
    CAF_CHECK(!held.expired());
    if (path < 3) {
      w.connect();
      w.settle();
    }
    w.unit.run_inside([&] {
      switch (path) {
        case 0: w.agent->send_head(answer(204, true)); break;
        case 1: w.node->cancel(outcome::visitor_gone); break;
        case 2: w.node->fail(outcome::draining, {}); break;
        default: w.node->refuse(outcome::unauthorized, "no", {}); break;
      }
    });
    if (path < 3)
      w.settle();
    CAF_CHECK(w.node->over());
    CAF_CHECK(held.expired());
  }
}

CAF_TEST(a_refusal_says_to_the_visitor_what_is_its_business_alone) {
  world w{get()};
  const auto kept = std::make_shared<kept_record>();
  w.node->observe(kept, std::make_shared<exchange_record>());
  w.unit.run_inside([&] {
    w.node->refuse(outcome::unauthorized, "wrong password",
                   {{"WWW-Authenticate", "Basic"}});
  });
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_CHECK(w.visitor_side->failure == outcome::unauthorized);
  CAF_CHECK_EQUAL(w.visitor_side->detail, "");
  CAF_CHECK_EQUAL(w.visitor_side->refusal.size(), 1u);
  CAF_REQUIRE(kept->last);
  CAF_CHECK_EQUAL(kept->last->status, 401);
  CAF_CHECK_EQUAL(kept->last->detail, "wrong password");
  CAF_CHECK_EQUAL(kept->last->access, "wrong password");
}

CAF_TEST(a_record_names_the_rule_once_the_password_was_right) {
  world w{get()};
  const auto record = std::make_shared<exchange_record>();
  auto claimed = std::make_shared<visitor_pass>(*pass_with(nullptr));
  // Nobody looks into it here.
  claimed->claim = std::shared_ptr<const login_claim>{
    std::make_shared<int>(1), reinterpret_cast<const login_claim*>(&w)};
  w.unit.run_inside([&] { w.node->admit_with(claimed); });
  w.node->observe(std::make_shared<kept_record>(), record);
  CAF_CHECK_EQUAL(record->user, "alice");
  CAF_CHECK_EQUAL(record->access, "");
  w.unit.run_inside([&] { w.node->admit_with(pass_with(nullptr)); });
  CAF_CHECK_EQUAL(record->access, "some rule");
  w.unit.run_inside([&] { w.node->cancel(outcome::visitor_gone); });
}

CAF_TEST(of_an_upgrade_the_body_counts_and_what_comes_behind_does_not) {
  for (const bool switched : {false, true}) {
    CAF_MESSAGE(switched);
    auto upgrade = post();
    upgrade.upgrade = "tcp";
    world w{upgrade};
    auto pass = std::make_shared<visitor_pass>();
    pass->max_body_bytes = 4;
    w.unit.run_inside([&] { w.node->admit_with(pass); });
    w.connect();
    w.settle();
    w.unit.run_inside([&] {
      w.node->send_framing(slice::copy("4\r\n"));
      w.node->send_body(slice::copy("1234"));
      w.node->send_framing(slice::copy("\r\n"));
    });
    w.settle();
    CAF_CHECK(!w.node->over());
    CAF_CHECK_EQUAL(w.origin_side->body, "4\r\n1234\r\n");
    if (switched) {
      w.unit.run_inside([&] { w.agent->send_head(answer(101)); });
      w.settle();
    }
    w.unit.run_inside([&] { w.node->send_body(slice::copy("5")); });
    w.settle();
    CAF_CHECK_EQUAL(w.node->over(), !switched);
    if (switched)
      w.unit.run_inside([&] { w.node->cancel(outcome::visitor_gone); });
    else
      CAF_CHECK(w.visitor_side->failure == outcome::body_too_large);
  }
}

CAF_TEST(a_body_over_what_its_pass_allows_fails_whatever_was_announced) {
  for (const uint64_t most : {0, 4, 5}) {
    world w{post()};
    const auto record = std::make_shared<exchange_record>();
    w.node->observe(std::make_shared<kept_record>(), record);
    auto pass = std::make_shared<visitor_pass>();
    pass->max_body_bytes = most;
    w.unit.run_inside([&] { w.node->admit_with(pass); });
    w.connect();
    w.settle();
    w.unit.run_inside([&] {
      w.node->send_body(slice::copy("123"));
      w.node->send_body(slice::copy("45"));
    });
    w.settle();
    CAF_CHECK_EQUAL(w.node->over(), most == 4);
    CAF_CHECK_EQUAL(record->over_quota, most == 4);
    if (most == 4) {
      CAF_CHECK(w.visitor_side->failure == outcome::body_too_large);
      CAF_CHECK_EQUAL(w.origin_side->cancelled, 1);
      continue;
    }
    CAF_CHECK_EQUAL(w.origin_side->body, "12345");
    w.unit.run_inside([&] { w.node->cancel(outcome::visitor_gone); });
  }
}

namespace {

/// A stream whose target is connected.
struct stream_world : world {
  stream_world() : world{stream()} {
    connect();
    settle();
    unit.run_inside([&] { agent->send_head(answer(200)); });
    settle();
  }

  void target_ends() {
    unit.run_inside([&] { agent->send_end({}); });
  }
  void visitor_sends(const std::string& text) {
    unit.run_inside([&] { node->send_body(slice::copy(text)); });
  }
  void visitor_ends() {
    unit.run_inside([&] { node->send_end({}); });
  }
  void target_takes() {
    unit.run_inside([&] {
      agent->consumed(origin_side->body.size() - origin_side->consumed);
    });
    origin_side->consumed = origin_side->body.size();
  }
};

} // namespace

CAF_TEST(a_stream_whose_target_ended_goes_on) {
  stream_world w;
  w.target_ends();
  w.settle();
  CAF_CHECK_EQUAL(w.visitor_side->half_ends, 1);
  CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
  w.visitor_sends("more");
  w.settle();
  CAF_CHECK_EQUAL(w.origin_side->body, "more");
  w.visitor_ends();
  w.settle();
  CAF_CHECK_EQUAL(w.origin_side->body_ends, 1);
  CAF_CHECK(!w.node->over()); // the last bytes are not with the target
  w.target_takes();
  w.settle();
  CAF_CHECK(w.node->over());
  CAF_CHECK(w.agent->over());
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_CHECK(!w.visitor_side->failure);
  CAF_CHECK_EQUAL(w.origin_side->cancelled, 0);
}

CAF_TEST(a_stream_whose_visitor_ended_goes_on) {
  stream_world w;
  w.visitor_ends();
  w.settle();
  CAF_CHECK_EQUAL(w.origin_side->body_ends, 1);
  w.unit.run_inside([&] { w.agent->send_body(slice::copy("late")); });
  w.target_ends();
  w.settle();
  CAF_CHECK_EQUAL(w.visitor_side->body, "late");
  CAF_CHECK_EQUAL(w.visitor_side->half_ends, 1);
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_CHECK(w.agent->over());
}

CAF_TEST(ends_of_a_stream_survive_its_connections) {
  stream_world w;
  w.visitor_sends("all");
  w.visitor_ends();
  w.cut(); // neither the bytes nor the end arrived
  w.connect();
  w.settle();
  CAF_CHECK_EQUAL(w.origin_side->body, "all");
  CAF_CHECK_EQUAL(w.origin_side->body_ends, 1);
  w.target_takes();
  w.target_ends();
  w.cut(); // nor did the target's
  w.connect();
  w.settle();
  CAF_CHECK_EQUAL(w.executions, 1);
  CAF_CHECK_EQUAL(w.origin_side->body_ends, 1);
  CAF_CHECK_EQUAL(w.visitor_side->half_ends, 1);
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_CHECK(!w.visitor_side->failure);
}

CAF_TEST(a_stream_is_connected_by_one_agent_alone) {
  stream_world w;
  w.cut();
  w.session = {2};
  w.agent = nullptr;
  w.connect();
  w.settle();
  CAF_CHECK_EQUAL(w.executions, 1);
  CAF_CHECK(w.visitor_side->failure == outcome::cut);
}
