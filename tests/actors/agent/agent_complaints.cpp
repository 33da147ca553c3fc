#define CAF_SUITE agent_complaints

#include "actors/agent/agent_complaints.hpp"

#include "tests/support/test.hpp"

using namespace aps;

CAF_TEST(what passes by itself is not hopeless) {
  for (const auto others_refused : {false, true})
    for (const auto why :
         {refusal::pool_full, refusal::draining, refusal::replaced})
      CAF_CHECK(!is_hopeless(why, others_refused));
}

CAF_TEST(what somebody has to change is hopeless) {
  for (const auto others_refused : {false, true})
    for (const auto why :
         {refusal::bad_proof, refusal::not_here, refusal::version})
      CAF_CHECK(is_hopeless(why, others_refused));
}

CAF_TEST(a transport that is off is hopeless with all others) {
  CAF_CHECK(!is_hopeless(refusal::disabled, false));
  CAF_CHECK(is_hopeless(refusal::disabled, true));
}

CAF_TEST(who can help itself is told how) {
  CAF_CHECK_EQUAL(advice_for(refusal::bad_proof),
                  "; check -tunnel and -password");
  CAF_CHECK(advice_for(refusal::replaced).find("-instance")
            != std::string_view::npos);
  CAF_CHECK_EQUAL(advice_for(refusal::draining), "");
}

CAF_TEST(a peer that takes no agents rests for longer) {
  peer_finding found;
  const auto stranger = pause_before(found);
  found.takes_no_agents = true;
  CAF_CHECK(pause_before(found) > stranger);
  CAF_CHECK(stranger > duration::zero());
}

CAF_TEST(a line about one transport says which) {
  CAF_CHECK_EQUAL(ending_of(transport_kind::websocket), " (WebSocket)");
}
