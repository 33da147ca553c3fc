#define CAF_SUITE endpoint_choice

#include "actors/base/endpoint_choice.hpp"

#include "actors/base/endpoint_figures.hpp"
#include "tests/support/test.hpp"

#include <string>
#include <vector>

using namespace aps;

namespace {

struct fixture {
  endpoint_figures figures;
  endpoint_choice choice;

  fixture() { websocket().exists = true; }

  pool_figures& websocket() {
    return figures.pools[index_of(transport_kind::websocket)];
  }

  concern of(uint32_t live = 1, bool drained = false,
             bool unhealthy = false) const {
    return concern_of(live, drained, unhealthy, figures);
  }
};

// "2 0": the shares.
std::string shares(const std::vector<concern_counts>& lists, size_t each,
                   size_t limit) {
  std::string out;
  for (const auto share : shares_of_worst(lists, each, limit))
    out += (out.empty() ? "" : " ") + std::to_string(share);
  return out;
}

constexpr auto all = endpoint_choice::all;

// One is down, one in fallback, one well; nobody; one probes, one is well.
const std::vector<concern_counts> three{
  {1, 1, 0, 0, 1}, {}, {0, 0, 1, 0, 1}};

} // namespace

CAF_TEST_FIXTURE_SCOPE(choices, fixture)

CAF_TEST(concerns_are_ranked) {
  CAF_CHECK(of() == concern::none);
  websocket().weak = true;
  CAF_CHECK(of() == concern::pool);
  figures.state = breaker_state::probing;
  CAF_CHECK(of() == concern::recovering);
  figures.state = breaker_state::fallback;
  CAF_CHECK(of() == concern::impaired);
  CAF_CHECK(of(0) == concern::down);
}

CAF_TEST(who_is_drained_or_fails_is_impaired) {
  CAF_CHECK(of(1, true) == concern::impaired);
  CAF_CHECK(of(1, false, true) == concern::impaired);
  CAF_CHECK(of(0, true, true) == concern::down);
}

CAF_TEST(a_pool_with_a_queue_is_short_unless_it_is_gone) {
  websocket().waiting = 1;
  CAF_CHECK(of() == concern::pool);
  websocket().clear();
  CAF_CHECK(of() == concern::none);
  websocket().weak = true; // as one that never was
  CAF_CHECK(of() == concern::none);
}

CAF_TEST(names_are_searched) {
  CAF_CHECK(choice.admits("t", "a"));
  choice.names = search{"  V e "};
  CAF_CHECK(!choice.admits("t", "E"));
  CAF_CHECK(!choice.admits("v", "d"));
  CAF_CHECK(choice.admits("v", "E"));
  choice.names = search{"v"};
  CAF_CHECK(choice.admits("v", "d"));
  choice.tunnel = "t";
  CAF_CHECK(!choice.admits("v", "d"));
  choice.names = search{" "};
  choice.endpoint = "b";
  CAF_CHECK(choice.admits("t", "b"));
  CAF_CHECK(!choice.admits("t", "a"));
}

CAF_TEST(the_worst_of_all_have_a_share) {
  CAF_CHECK_EQUAL(shares(three, all, 0), "0 0 0");
  CAF_CHECK_EQUAL(shares(three, all, 1), "1 0 0");
  CAF_CHECK_EQUAL(shares(three, all, 3), "2 0 1");
  CAF_CHECK_EQUAL(shares(three, all, 4), "3 0 1");
  CAF_CHECK_EQUAL(shares(three, all, 100), "3 0 2");
  CAF_CHECK_EQUAL(shares(three, all, all), "3 0 2");
}

CAF_TEST(of_each_tunnel_so_many_count) {
  CAF_CHECK_EQUAL(shares(three, 1, all), "1 0 1");
  CAF_CHECK_EQUAL(shares(three, 2, 3), "2 0 1");
  CAF_CHECK_EQUAL(shares(three, 0, 3), "0 0 0");
}

CAF_TEST_FIXTURE_SCOPE_END()
