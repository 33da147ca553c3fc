#define CAF_SUITE served_exchange

#include "tests/transports/seam/exchange_world.hpp"

#include "transports/seam/wire_bounds.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

struct listening_origin final : origin {
  void on_body(slice bytes) override { body += bytes.view(); }
  void on_body_end(const header_list& with) override {
    ++ends;
    trailers = with;
  }
  void on_cancelled() override { ++cancelled; }
  void on_writable() override { ++writable; }

  std::string body;
  header_list trailers;
  int ends = 0;
  int cancelled = 0;
  int writable = 0;
};

/// The agent's end of an exchange; what it sends stays in `link->out`.
struct agent_end {
  explicit agent_end(request_head head = get(), uint32_t window = 100) {
    served = std::make_shared<served_exchange>(
      unit, 7, std::make_shared<const request_head>(std::move(head)), window,
      1000);
    target = std::make_shared<listening_origin>();
    served->set_origin(target);
    run([&] { served->attach(link, owner); });
  }

  template <class Work>
  void run(Work work) {
    unit.run_inside(work);
    unit.run_all();
  }

  void arrive(frame::kind body) {
    run([&] { served->deliver(link, {7, std::move(body)}); });
  }

  /// What was sent since the last look; each has to be a `Frame`.
  template <class Frame>
  std::vector<Frame> take() {
    std::vector<Frame> out;
    for (auto& sent : link->out)
      out.push_back(std::get<Frame>(sent.body));
    link->out.clear();
    return out;
  }

  /// The words of the only frame, a reset.
  std::string failure(outcome how) {
    const auto sent = take<reset_frame>();
    CAF_REQUIRE_EQUAL(sent.size(), 1u);
    CAF_CHECK(sent[0].code == how);
    return sent[0].message;
  }

  /// Answers with "0123456789", and the node has the head and six bytes.
  void answer_ten() {
    run([&] {
      served->send_head(answer(200));
      served->send_body(slice::copy("0123456789"));
      served->send_end({});
    });
    arrive(ack_frame{6, 100, false});
    link->out.clear();
  }

  /// Another link, on which the node goes on.
  void resume(resume_frame from) {
    run([&] { served->detach(link); });
    link = std::make_shared<sim_link>(unit);
    run([&] { served->resume(link, owner, from); });
  }

  manual_unit unit;
  std::shared_ptr<sim_link> link = std::make_shared<sim_link>(unit);
  std::shared_ptr<test_owner> owner = std::make_shared<test_owner>();
  std::shared_ptr<listening_origin> target;
  served_exchange_ptr served;
};

response_head_ptr interim(size_t value_bytes = 0) {
  auto head = std::make_shared<response_head>();
  head->status = 103;
  if (value_bytes > 0)
    head->headers = {{"a", std::string(value_bytes - 1, 'x')}};
  return head;
}

} // namespace

// -- the request --------------------------------------------------------------

CAF_TEST(a_request_with_a_body_is_given_credit_at_once_and_another_none) {
  CAF_CHECK(agent_end{get()}.link->out.empty());
  agent_end uut{post()};
  const auto acks = uut.take<ack_frame>();
  CAF_REQUIRE_EQUAL(acks.size(), 1u);
  CAF_CHECK_EQUAL(acks[0].offset, 0u);
  CAF_CHECK_EQUAL(acks[0].window, 1000u);
}

CAF_TEST(a_body_reaches_the_target_and_its_end_once) {
  agent_end uut{post()};
  uut.arrive(data_frame{0, slice::copy("ab"), false});
  uut.arrive(data_frame{2, slice{}, false});
  CAF_CHECK_EQUAL(uut.target->ends, 0);
  uut.arrive(data_frame{2, slice::copy("c"), true});
  CAF_CHECK_EQUAL(uut.target->body, "abc");
  CAF_CHECK_EQUAL(uut.target->ends, 1);
  // A node that resumed says both again.
  uut.arrive(data_frame{2, slice::copy("c"), true});
  uut.arrive(end_frame{3, {}});
  CAF_CHECK_EQUAL(uut.target->body, "abc");
  CAF_CHECK_EQUAL(uut.target->ends, 1);
}

CAF_TEST(an_end_may_bring_trailers_and_stands_at_its_place) {
  agent_end uut{post()};
  uut.arrive(data_frame{0, slice::copy("ab"), false});
  uut.link->out.clear();
  uut.arrive(end_frame{2, {{"A", "b"}}});
  CAF_CHECK_EQUAL(uut.target->ends, 1);
  CAF_CHECK_EQUAL(uut.target->trailers.size(), 1u);
  CAF_CHECK(uut.link->out.empty());
  for (const uint64_t wrong : {1, 3}) {
    agent_end other{post()};
    other.arrive(data_frame{0, slice::copy("ab"), false});
    other.link->out.clear();
    other.arrive(end_frame{wrong, {}});
    CAF_CHECK_EQUAL(other.target->ends, 0);
    CAF_CHECK(!other.failure(outcome::internal).empty());
  }
}

CAF_TEST(credit_is_renewed_for_what_the_target_took) {
  agent_end uut{post()};
  uut.arrive(data_frame{0, slice::adopt(std::string(900, 'x')), false});
  uut.link->out.clear();
  uut.run([&] { uut.served->consumed(249); });
  CAF_CHECK(uut.link->out.empty());
  uut.run([&] { uut.served->consumed(1); });
  const auto acks = uut.take<ack_frame>();
  CAF_REQUIRE_EQUAL(acks.size(), 1u);
  CAF_CHECK_EQUAL(acks[0].offset, 250u);
  uut.run([&] { uut.served->cancel(); });
  uut.run([&] { uut.served->consumed(600); });
  CAF_CHECK(uut.link->out.empty());
}

// -- the answer ---------------------------------------------------------------

CAF_TEST(the_body_waits_for_a_final_or_interim_head_and_for_credit) {
  agent_end uut;
  uut.run([&] { uut.served->send_body(slice::copy("early")); });
  CAF_CHECK(uut.link->out.empty());
  uut.run([&] { uut.served->send_head(answer(200)); });
  CAF_REQUIRE_EQUAL(uut.link->out.size(), 1u);
  uut.run([&] {
    uut.served->send_body(slice::adopt(std::string(95, 'x')));
  });
  CAF_CHECK_EQUAL(uut.served->room(), 0u);
  CAF_CHECK_EQUAL(uut.target->writable, 0);
  uut.arrive(ack_frame{40, 100, false});
  CAF_CHECK_EQUAL(uut.served->room(), 40u);
  CAF_CHECK_EQUAL(uut.target->writable, 1);
  uut.arrive(ack_frame{50, 100, false}); // there was room already
  CAF_CHECK_EQUAL(uut.target->writable, 1);
}

CAF_TEST(nobody_is_asked_for_more_when_all_was_said) {
  agent_end uut;
  uut.run([&] {
    uut.served->send_head(answer(200));
    uut.served->send_body(slice::adopt(std::string(100, 'x')));
    uut.served->send_end({});
  });
  uut.arrive(ack_frame{50, 100, false});
  CAF_CHECK_EQUAL(uut.target->writable, 0);
}

CAF_TEST(an_answer_without_body_has_its_end_in_the_head) {
  agent_end uut;
  uut.run([&] {
    uut.served->send_head(answer(204, true));
    uut.served->send_body(slice::copy("dropped"));
    uut.served->send_end({{"A", "b"}});
  });
  CAF_CHECK_EQUAL(uut.take<response_frame>().size(), 1u);
  // An interim head is no end, whatever it says.
  agent_end other;
  other.run([&] {
    other.served->send_head(answer(100, true));
    other.link->out.clear();
    other.served->send_head(answer(200));
    other.served->send_body(slice::copy("abc"));
  });
  CAF_CHECK_EQUAL(other.link->out.size(), 2u);
}

CAF_TEST(what_follows_the_end_of_an_answer_is_dropped) {
  agent_end uut;
  uut.run([&] {
    uut.served->send_head(answer(200));
    uut.served->send_end({});
    uut.link->out.clear();
    uut.served->send_body(slice::copy("late"));
    uut.served->send_end({});
  });
  CAF_CHECK(uut.link->out.empty());
}

CAF_TEST(interim_answers_are_bounded) {
  agent_end uut;
  for (size_t i = 0; i < max_interim_heads; ++i)
    uut.run([&] { uut.served->send_head(interim()); });
  CAF_CHECK_EQUAL(uut.take<response_frame>().size(), max_interim_heads);
  uut.run([&] { uut.served->send_head(interim()); });
  uut.failure(outcome::origin_protocol);
  agent_end heavy;
  for (int i = 0; i < 2; ++i)
    heavy.run([&] { heavy.served->send_head(interim(max_interim_bytes / 2)); });
  CAF_CHECK_EQUAL(heavy.take<response_frame>().size(), 2u);
  heavy.run([&] { heavy.served->send_head(interim(1)); });
  heavy.failure(outcome::origin_protocol);
}

CAF_TEST(what_cannot_travel_is_the_failure_of_the_target) {
  const header_list many(max_head_fields + 1, {"a", "b"});
  auto head = std::make_shared<response_head>();
  head->headers = many;
  agent_end uut;
  uut.run([&] { uut.served->send_head(head); });
  CAF_CHECK(uut.failure(outcome::origin_protocol).starts_with("answer with"));
  agent_end other;
  other.run([&] {
    other.served->send_head(answer(200));
    other.link->out.clear();
    other.served->send_end(many);
  });
  CAF_CHECK(other.failure(outcome::origin_protocol)
              .starts_with("trailers with"));
}

CAF_TEST(after_a_failure_nothing_else_is_said) {
  agent_end uut;
  uut.run([&] { uut.served->fail(outcome::origin_refused, "why"); });
  CAF_CHECK_EQUAL(uut.failure(outcome::origin_refused), "why");
  uut.run([&] {
    uut.served->send_head(answer(200));
    uut.served->send_body(slice::copy("abc"));
    uut.served->send_end({});
    uut.served->fail(outcome::origin_closed, "again");
  });
  CAF_CHECK(uut.link->out.empty());
}

CAF_TEST(an_ack_of_what_was_never_sent_is_a_failure) {
  agent_end uut;
  uut.arrive(ack_frame{1, 100, false});
  CAF_CHECK(!uut.failure(outcome::internal).empty());
}

// -- the end ------------------------------------------------------------------

CAF_TEST(the_target_is_stopped_unless_both_directions_are_through) {
  // An answer that the node has, to a request that is complete.
  agent_end uut;
  uut.answer_ten();
  uut.arrive(ack_frame{10, 100, true});
  CAF_CHECK(uut.served->over());
  CAF_CHECK_EQUAL(uut.target->cancelled, 0);
  CAF_CHECK(uut.owner->finished == std::vector{outcome::ok});
  // The body of the request is not complete.
  agent_end early{post()};
  early.answer_ten();
  early.arrive(ack_frame{10, 100, true});
  CAF_CHECK_EQUAL(early.target->cancelled, 1);
  // It is.
  agent_end late{post()};
  late.answer_ten();
  late.arrive(end_frame{0, {}});
  late.arrive(ack_frame{10, 100, true});
  CAF_CHECK_EQUAL(late.target->cancelled, 0);
  // The node gives up.
  agent_end reset;
  reset.answer_ten();
  reset.arrive(reset_frame{outcome::visitor_gone, ""});
  CAF_CHECK_EQUAL(reset.target->cancelled, 1);
  CAF_CHECK(reset.owner->finished == std::vector{outcome::visitor_gone});
  // The node ends what is not complete.
  agent_end half;
  half.run([&] { half.served->send_head(answer(200)); });
  half.arrive(ack_frame{0, 100, true});
  CAF_CHECK_EQUAL(half.target->cancelled, 1);
}

CAF_TEST(whoever_lost_the_connection_hears_no_more_of_it) {
  agent_end uut;
  const auto other = std::make_shared<sim_link>(uut.unit);
  uut.run([&] { uut.served->detach(other); });
  uut.run([&] { uut.served->send_head(answer(200)); });
  CAF_CHECK_EQUAL(uut.take<response_frame>().size(), 1u);
  uut.run([&] { uut.served->detach(uut.link); });
  uut.run([&] { uut.served->send_body(slice::copy("abc")); });
  uut.arrive(reset_frame{outcome::cut, ""}); // late, of the former link
  CAF_CHECK(!uut.served->over());
  uut.run([&] { uut.served->cancel(); });
  uut.run([&] { uut.served->cancel(); });
  CAF_CHECK(uut.served->over());
  CAF_CHECK_EQUAL(uut.target->cancelled, 1);
  CAF_CHECK(uut.link->out.empty());
  CAF_CHECK(uut.owner->finished.empty());
  // Nobody attaches to what is over.
  uut.run([&] { uut.served->attach(uut.link, uut.owner); });
  uut.run([&] { uut.served->cancel(); });
  CAF_CHECK(uut.owner->finished.empty());
}

// -- going on -----------------------------------------------------------------

CAF_TEST(a_node_goes_on_where_it_was) {
  agent_end uut{post()};
  uut.arrive(data_frame{0, slice::copy("abc"), false});
  uut.answer_ten();
  uut.resume({3, 8, 1});
  CAF_REQUIRE_EQUAL(uut.link->out.size(), 3u);
  const auto& resumed = std::get<resumed_frame>(uut.link->out[0].body);
  CAF_CHECK_EQUAL(resumed.attempt, 3u);
  CAF_CHECK(resumed.known);
  CAF_CHECK_EQUAL(resumed.received, 3u);
  CAF_CHECK(!resumed.ended);
  CAF_CHECK(std::holds_alternative<ack_frame>(uut.link->out[1].body));
  const auto& data = std::get<data_frame>(uut.link->out[2].body);
  CAF_CHECK_EQUAL(data.offset, 8u);
  CAF_CHECK_EQUAL(data.payload.view(), "89");
  CAF_CHECK(data.last);
  CAF_CHECK_EQUAL(uut.link->out[0].exchange, 7u);
}

CAF_TEST(heads_that_the_node_lacks_come_again) {
  agent_end uut;
  uut.run([&] {
    uut.served->send_head(interim());
    uut.served->send_head(answer(200));
    uut.served->send_body(slice::copy("abc"));
  });
  uut.resume({1, 0, 1});
  CAF_REQUIRE_EQUAL(uut.link->out.size(), 4u);
  CAF_CHECK_EQUAL(
    std::get<response_frame>(uut.link->out[2].body).head->status, 200);
  CAF_CHECK(std::holds_alternative<data_frame>(uut.link->out[3].body));
}

CAF_TEST(a_position_that_is_gone_or_never_was_is_a_failure) {
  for (const resume_frame& wrong :
       {resume_frame{1, 5, 1}, resume_frame{1, 11, 1}, resume_frame{1, 8, 2}}) {
    agent_end uut;
    uut.answer_ten();
    uut.resume(wrong);
    CAF_CHECK(uut.failure(outcome::internal).starts_with("resume at"));
  }
}

CAF_TEST(a_failure_is_all_that_is_left_to_go_on_with) {
  agent_end uut;
  uut.answer_ten();
  uut.run([&] { uut.served->fail(outcome::origin_closed, "why"); });
  uut.link->out.clear();
  uut.resume({2, 8, 1});
  CAF_REQUIRE_EQUAL(uut.link->out.size(), 3u);
  CAF_CHECK(std::holds_alternative<resumed_frame>(uut.link->out[0].body));
  const auto& reset = std::get<reset_frame>(uut.link->out[2].body);
  CAF_CHECK(reset.code == outcome::origin_closed);
  CAF_CHECK_EQUAL(reset.message, "why");
}

CAF_TEST(what_was_given_up_is_not_begun_again) {
  agent_end uut;
  uut.run([&] { uut.served->cancel(); });
  uut.owner->finished.clear();
  uut.resume({1, 0, 0});
  uut.failure(outcome::started_unknown);
  CAF_CHECK(uut.owner->finished == std::vector{outcome::cut});
  CAF_CHECK_EQUAL(uut.target->cancelled, 1);
}
