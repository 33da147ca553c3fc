#define CAF_SUITE hostile_peers

#include "tests/transports/seam/exchange_world.hpp"

#include "transports/seam/exchange/head_excess.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

// Positions, windows and frames that no honest peer sends: they end their own
// exchange with a word about it, and nothing else.

namespace {

constexpr uint64_t far_away = uint64_t{1} << 62;

/// A request with a body of which `sent` bytes are on their way to an agent
/// that took the head.
world uploading(size_t sent) {
  world w{post()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] { w.node->send_body(slice::adopt(std::string(sent, 'u'))); });
  return w;
}

/// An answer of which `sent` bytes are on their way to the node.
world downloading(size_t sent) {
  world w{get()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] {
    w.agent->send_head(answer(200));
    w.agent->send_body(slice::adopt(std::string(sent, 'd')));
  });
  return w;
}

/// A frame of the agent, whatever the real one would say.
void from_agent(world& w, frame::kind body) {
  w.unit.run_inside([&] { w.node->deliver(w.to_agent, {7, std::move(body)}); });
  w.unit.run_all();
}

void from_node(world& w, frame::kind body) {
  w.unit.run_inside([&] { w.agent->deliver(w.to_node, {7, std::move(body)}); });
  w.unit.run_all();
}

/// The reset that the agent sent, or null.
const reset_frame* reset_of(const world& w) {
  for (const auto& what : w.to_node->out)
    if (const auto* reset = std::get_if<reset_frame>(&what.body))
      return reset;
  return nullptr;
}

void check_violation(const world& w) {
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_REQUIRE(w.visitor_side->failure.has_value());
  CAF_CHECK(*w.visitor_side->failure == outcome::internal);
  CAF_CHECK(!w.visitor_side->detail.empty());
  CAF_CHECK(w.node->over());
}

void check_failed(const world& w) {
  const auto* reset = reset_of(w);
  CAF_REQUIRE(reset != nullptr);
  CAF_CHECK(reset->code == outcome::internal);
  CAF_CHECK(!reset->message.empty());
}

data_frame data(uint64_t offset, size_t size, bool last = false) {
  return {offset, slice::adopt(std::string(size, 'x')), last};
}

} // namespace

// -- towards the node ---------------------------------------------------------

CAF_TEST(an_ack_of_request_bytes_never_sent_ends_the_exchange) {
  for (const uint64_t offset : {uint64_t{101}, far_away, UINT64_MAX}) {
    auto w = uploading(100);
    from_agent(w, ack_frame{offset, 1000, false});
    check_violation(w);
  }
}

CAF_TEST(an_ack_of_what_was_sent_is_no_violation) {
  auto w = uploading(100);
  from_agent(w, ack_frame{100, 1000, false});
  CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
}

CAF_TEST(an_agent_cannot_make_the_node_keep_more_than_its_own_bound) {
  auto w = uploading(0);
  from_agent(w, ack_frame{0, UINT32_MAX, false});
  CAF_CHECK_EQUAL(w.node->room(), max_window);
}

CAF_TEST(an_agent_that_resumes_where_nothing_is_ends_the_exchange) {
  // Below what it acknowledged, above what it was sent.
  for (const uint64_t position : {uint64_t{0}, uint64_t{59}, uint64_t{101},
                                  far_away, UINT64_MAX}) {
    auto w = uploading(100);
    from_agent(w, ack_frame{60, 1000, false});
    w.cut();
    w.connect();
    const auto& resume = std::get<resume_frame>(w.to_agent->out.front().body);
    from_agent(w, resumed_frame{resume.attempt, true, position, false});
    check_violation(w);
  }
}

CAF_TEST(an_agent_that_resumes_at_what_it_has_goes_on) {
  for (const uint64_t position : {60, 75, 100}) {
    auto w = uploading(100);
    from_agent(w, ack_frame{60, 1000, false});
    w.cut();
    w.connect();
    const auto& resume = std::get<resume_frame>(w.to_agent->out.front().body);
    from_agent(w, resumed_frame{resume.attempt, true, position, false});
    CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
  }
}

CAF_TEST(answer_bytes_at_wrong_places_end_the_exchange) {
  const std::vector<data_frame> wrong{data(1, 10),        data(far_away, 10),
                                      data(UINT64_MAX, 1), data(0, 4097),
                                      data(UINT64_MAX - 4, 10)};
  for (const auto& body : wrong) {
    world w{get()}; // with a window of 4096 bytes
    w.connect();
    w.settle();
    from_agent(w, response_frame{answer(200)});
    from_agent(w, body);
    check_violation(w);
    CAF_CHECK(w.visitor_side->body.empty());
  }
}

CAF_TEST(frames_out_of_their_order_end_the_exchange) {
  const std::vector<std::vector<frame::kind>> wrong{
    {data(0, 1)},                                  // before the head
    {end_frame{0, {}}},                            // before the head
    {response_frame{answer(103)}, data(0, 1)},     // before the final head
    {response_frame{answer(200)}, response_frame{answer(200)}},
    {response_frame{answer(200)}, response_frame{answer(103)}},
    {response_frame{answer(200)}, end_frame{1, {}}},
    {response_frame{answer(200)}, data(0, 5), end_frame{4, {}}},
    {request_frame{1, 0, std::make_shared<request_head>()}},
    {resume_frame{1, 0, 0}},
  };
  for (const auto& frames : wrong) {
    world w{get()};
    w.connect();
    w.settle();
    for (const auto& body : frames)
      from_agent(w, body);
    check_violation(w);
  }
}

CAF_TEST(what_comes_after_the_end_reaches_nobody) {
  world w{get()};
  w.connect();
  w.settle();
  from_agent(w, response_frame{answer(200)});
  from_agent(w, data(0, 5, true));
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  for (const frame::kind& late :
       {frame::kind{end_frame{5, {}}}, frame::kind{response_frame{answer(200)}},
        frame::kind{data(5, 5)}, frame::kind{reset_frame{}}})
    from_agent(w, late);
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
  CAF_CHECK(!w.visitor_side->failure);
  CAF_CHECK_EQUAL(w.visitor_side->body.size(), 5u);
}

CAF_TEST(interim_heads_are_counted_by_both_sides) {
  for (const size_t each : {size_t{0}, max_interim_bytes}) {
    auto interim = std::make_shared<response_head>();
    interim->status = 103;
    interim->headers = {{"Link", std::string(each, 'x')}};
    const auto most = each == 0 ? max_interim_heads : 1;
    world honest{get()};
    honest.connect();
    honest.settle();
    for (size_t i = 0; i < (each == 0 ? most : 0); ++i)
      from_agent(honest, response_frame{interim});
    CAF_CHECK_EQUAL(honest.visitor_side->ends, 0);
    world w{get()};
    w.connect();
    w.settle();
    for (size_t i = 0; i <= most; ++i)
      from_agent(w, response_frame{interim});
    check_violation(w);
    world at_agent{get()};
    at_agent.connect();
    at_agent.settle();
    at_agent.unit.run_inside([&] {
      for (size_t i = 0; i <= most; ++i)
        at_agent.agent->send_head(interim);
    });
    const auto* reset = reset_of(at_agent);
    CAF_REQUIRE(reset != nullptr);
    CAF_CHECK(reset->code == outcome::origin_protocol);
  }
}

CAF_TEST(the_text_of_a_reset_is_cut_and_clean) {
  world w{get()};
  w.connect();
  w.settle();
  from_agent(w, reset_frame{outcome::origin_closed,
                            "\x1b[2J" + std::string(3 << 20, 'A')});
  CAF_CHECK(w.visitor_side->detail.size() <= 1024);
  CAF_CHECK_EQUAL(w.visitor_side->detail.find('\x1b'), std::string::npos);
}

CAF_TEST(a_head_that_no_frame_takes_costs_its_own_request) {
  auto head = get();
  head.headers.resize(max_head_fields + 1);
  world w{head};
  w.connect();
  w.unit.run_all();
  CAF_CHECK(w.visitor_side->failure == outcome::header_too_large);
  CAF_CHECK(w.to_agent->out.empty());
  auto fits = get();
  fits.headers.resize(max_head_fields);
  CAF_CHECK(head_excess(fits).empty());
  fits.headers[0].value.resize(max_head_bytes + 1);
  CAF_CHECK(!head_excess(fits).empty());
}

// -- towards the agent --------------------------------------------------------

CAF_TEST(an_ack_of_answer_bytes_never_sent_fails_the_exchange) {
  for (const uint64_t offset : {uint64_t{101}, far_away, UINT64_MAX}) {
    auto w = downloading(100);
    from_node(w, ack_frame{offset, 1000, false});
    check_failed(w);
  }
}

CAF_TEST(a_node_that_resumes_where_nothing_is_fails_the_exchange) {
  struct row {
    uint64_t received;
    uint32_t heads;
  };
  for (const auto& claim :
       {row{0, 1}, row{59, 1}, row{101, 1}, row{far_away, 1},
        row{UINT64_MAX, 1}, row{100, 2}, row{100, UINT32_MAX}}) {
    auto w = downloading(100);
    from_node(w, ack_frame{60, 1000, false});
    w.cut();
    w.to_node = std::make_shared<sim_link>(w.unit);
    w.unit.run_inside([&] {
      w.agent->resume(w.to_node, w.agent_owner, {2, claim.received, claim.heads});
    });
    check_failed(w);
    for (const auto& what : w.to_node->out)
      CAF_CHECK(!std::holds_alternative<data_frame>(what.body));
  }
}

CAF_TEST(a_node_that_resumes_at_what_it_has_gets_the_rest) {
  for (const uint64_t received : {60, 75, 100}) {
    auto w = downloading(100);
    from_node(w, ack_frame{60, 1000, false});
    w.cut();
    w.to_node = std::make_shared<sim_link>(w.unit);
    w.unit.run_inside([&] {
      w.agent->resume(w.to_node, w.agent_owner, {2, received, 1});
    });
    CAF_CHECK(reset_of(w) == nullptr);
  }
}

CAF_TEST(request_bytes_at_wrong_places_fail_the_exchange) {
  const std::vector<frame::kind> wrong{data(1, 10),
                                       data(far_away, 10),
                                       data(UINT64_MAX, 1),
                                       data(0, default_window + 1),
                                       end_frame{1, {}},
                                       end_frame{UINT64_MAX, {}},
                                       response_frame{answer(200)},
                                       resumed_frame{1, true, 0, false}};
  for (const auto& body : wrong) {
    world w{post()};
    w.connect();
    w.settle();
    from_node(w, body);
    check_failed(w);
    CAF_CHECK(w.origin_side->body.empty());
    CAF_CHECK_EQUAL(w.origin_side->body_ends, 0);
  }
}

CAF_TEST(a_request_ends_once) {
  world w{post()};
  w.connect();
  w.settle();
  from_node(w, data(0, 5, true));
  from_node(w, end_frame{5, {}}); // said again, as after a resume
  CAF_CHECK_EQUAL(w.origin_side->body_ends, 1);
  CAF_CHECK(reset_of(w) == nullptr);
  from_node(w, end_frame{4, {}});
  check_failed(w);
  CAF_CHECK_EQUAL(w.origin_side->body_ends, 1);
}

CAF_TEST(a_node_cannot_make_the_agent_keep_more_than_its_own_bound) {
  world w{get(), UINT32_MAX};
  w.connect();
  w.settle();
  CAF_CHECK_EQUAL(w.agent->room(), max_response_window);
  from_node(w, ack_frame{0, UINT32_MAX, false});
  CAF_CHECK_EQUAL(w.agent->room(), max_response_window);
}

CAF_TEST(frames_of_a_former_link_do_not_reach_a_served_exchange) {
  const std::vector<frame::kind> late{
    reset_frame{outcome::visitor_gone, {}}, ack_frame{0, 0, true},
    ack_frame{100, 1000, false},            data(0, 5),
    data(1, 5),                             end_frame{0, {}}};
  for (const auto& body : late) {
    world w{post()};
    w.connect();
    w.settle();
    w.unit.run_inside([&] {
      w.agent->send_head(answer(200));
      w.agent->send_body(slice::adopt(std::string(100, 'd')));
    });
    const auto former = w.to_node;
    w.to_node = std::make_shared<sim_link>(w.unit);
    w.unit.run_inside([&] {
      w.agent->resume(w.to_node, w.agent_owner, {2, 0, 0});
      w.agent->deliver(former, {7, body});
    });
    w.unit.run_all();
    CAF_CHECK(!w.agent->over());
    CAF_CHECK(reset_of(w) == nullptr);
    CAF_CHECK_EQUAL(w.origin_side->cancelled, 0);
    CAF_CHECK(w.origin_side->body.empty());
    CAF_CHECK_EQUAL(w.origin_side->body_ends, 0);
    // Nothing was let go of: a later resume still finds it.
    w.to_node = std::make_shared<sim_link>(w.unit);
    w.unit.run_inside([&] {
      w.agent->resume(w.to_node, w.agent_owner, {3, 0, 0});
    });
    CAF_CHECK(reset_of(w) == nullptr);
  }
}

CAF_TEST(frames_of_a_former_link_do_not_reach_the_node) {
  for (const frame::kind& late :
       {frame::kind{reset_frame{outcome::internal, {}}},
        frame::kind{response_frame{answer(500)}},
        frame::kind{ack_frame{100, 1, false}}}) {
    auto w = uploading(100);
    const auto former = w.to_agent;
    w.cut();
    w.connect();
    w.unit.run_inside([&] { w.node->deliver(former, {7, late}); });
    w.unit.run_all();
    CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
    CAF_CHECK(w.visitor_side->heads.empty());
    const auto& resume = std::get<resume_frame>(w.to_agent->out.front().body);
    from_agent(w, resumed_frame{resume.attempt, true, 0, false});
    CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
  }
}
