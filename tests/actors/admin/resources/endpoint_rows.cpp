#define CAF_SUITE endpoint_rows

#include "actors/admin/resources/endpoint_rows.hpp"

#include "tests/support/test.hpp"

#include <string>

using namespace aps;
using namespace aps::admin;

namespace {

pool_snapshot pool(uint32_t usable, uint32_t min_size) {
  pool_snapshot out;
  out.usable = usable;
  out.min_size = min_size;
  return out;
}

endpoint_snapshot endpoint(std::string name, std::string state = "primary",
                           uint32_t live = 1) {
  endpoint_snapshot out;
  out.name = std::move(name);
  out.live = live;
  out.controller.state = std::move(state);
  out.controller.pools = {pool(1, 1)};
  return out;
}

tunnel_snapshot tunnel(std::string name, std::vector<endpoint_snapshot> all) {
  tunnel_snapshot out;
  out.name = std::move(name);
  out.endpoints = std::move(all);
  return out;
}

// "t:a,b u:-": the rows, "-" for a tunnel without one.
std::string told(const node_snapshot& now, const endpoint_choice& choice = {}) {
  std::string out;
  for (const auto& row : rows_of(now, choice)) {
    if (row.first)
      out += (out.empty() ? "" : " ") + row.tunnel->name + ":";
    out += row.endpoint ? row.endpoint->name : "-";
    out += row.last ? "" : ",";
  }
  return out;
}

struct fixture {
  node_snapshot now{{tunnel("t", {endpoint("a"), endpoint("b", "fallback"),
                                  endpoint("c", "primary", 0)}),
                     tunnel("u", {}),
                     tunnel("v", {endpoint("d"), endpoint("E", "probing")})}};
  endpoint_choice choice;
};

} // namespace

CAF_TEST(concerns_are_ranked) {
  auto one = endpoint("a");
  CAF_CHECK(concern_of(one) == concern::none);
  one.controller.pools = {pool(1, 1), pool(1, 2)};
  CAF_CHECK(concern_of(one) == concern::pool);
  one.controller.state = "probing";
  CAF_CHECK(concern_of(one) == concern::recovering);
  one.drained = true;
  CAF_CHECK(concern_of(one) == concern::impaired);
  one.live = 0;
  CAF_CHECK(concern_of(one) == concern::down);
  auto failing = endpoint("a");
  failing.unhealthy.emplace_back();
  CAF_CHECK(concern_of(failing) == concern::impaired);
}

CAF_TEST_FIXTURE_SCOPE(rows, fixture)

CAF_TEST(all_are_listed_in_their_order) {
  CAF_CHECK_EQUAL(told(now), "t:a,b,c u:- v:d,E");
}

CAF_TEST(the_worst_of_each_tunnel_are_left) {
  choice.each = 1;
  CAF_CHECK_EQUAL(told(now, choice), "t:c u:- v:E");
  choice.each = 0;
  CAF_CHECK_EQUAL(told(now, choice), "t:- u:- v:-");
}

CAF_TEST(the_worst_of_all_are_left) {
  choice.limit = 1;
  CAF_CHECK_EQUAL(told(now, choice), "t:c u:- v:-");
  choice.limit = 3;
  CAF_CHECK_EQUAL(told(now, choice), "t:c,b u:- v:E");
  choice.limit = 4;
  CAF_CHECK_EQUAL(told(now, choice), "t:c,b,a u:- v:E");
  choice.limit = 100;
  CAF_CHECK_EQUAL(told(now, choice), "t:c,b,a u:- v:E,d");
}

CAF_TEST(names_are_searched) {
  choice.names = search{"  V e "};
  CAF_CHECK_EQUAL(told(now, choice), "t:- u:- v:E");
  choice.names = search{"v"};
  CAF_CHECK_EQUAL(told(now, choice), "t:- u:- v:d,E");
  choice.tunnel = "t";
  CAF_CHECK_EQUAL(told(now, choice), "t:- u:- v:-");
  choice.names = search{" "};
  choice.endpoint = "b";
  CAF_CHECK_EQUAL(told(now, choice), "t:b u:- v:-");
}

CAF_TEST_FIXTURE_SCOPE_END()
