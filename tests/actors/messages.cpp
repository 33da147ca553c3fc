#define CAF_SUITE messages

#include "actors/messages.hpp"
#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST(a_request_that_its_last_carrier_forgot_gets_an_answer) {
  world w{get()};
  {
    job one{w.node};
    const job copy = one; // NOLINT: the copy is what this is about
    one = job{};
    w.unit.run_all();
    CAF_CHECK(!w.node->over());
  }
  w.unit.run_all();
  CAF_CHECK(w.node->over());
  CAF_CHECK(w.visitor_side->failure == outcome::not_sent);
}

CAF_TEST(a_request_that_was_sent_may_have_been_done) {
  world w{get()};
  w.connect();
  CAF_CHECK(!w.node->never_sent());
  { const job last{w.node}; }
  w.unit.run_all();
  CAF_CHECK(w.visitor_side->failure == outcome::started_unknown);
}

CAF_TEST(a_request_that_is_over_stays_as_it_ended) {
  world w{get()};
  w.unit.run_inside([&] { w.node->fail(outcome::no_endpoint, "nobody"); });
  w.unit.run_all();
  { const job last{w.node}; }
  w.unit.run_all();
  CAF_CHECK(w.visitor_side->failure == outcome::no_endpoint);
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
}

CAF_TEST(modes_of_the_fallback_have_words) {
  CAF_CHECK_EQUAL(word_of(fallback_mode{}), "auto");
  for (const auto transport : all_transports)
    CAF_CHECK_EQUAL(word_of(transport), to_string(transport));
}
