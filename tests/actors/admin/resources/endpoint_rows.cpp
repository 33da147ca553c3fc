#define CAF_SUITE endpoint_rows

#include "actors/admin/resources/endpoint_rows.hpp"

#include "tests/support/test.hpp"

#include <nlohmann/json.hpp>

#include <string>

using namespace aps;
using namespace aps::admin;

namespace {

tunnel_snapshot tunnel(std::string name, std::vector<std::string> endpoints) {
  tunnel_snapshot out;
  out.name = std::move(name);
  for (auto& one : endpoints)
    out.endpoints.emplace_back().name = std::move(one);
  return out;
}

} // namespace

CAF_TEST(a_tunnel_without_an_endpoint_has_a_row_of_its_own) {
  const node_snapshot now{{tunnel("t", {"a", "b", "c"}), tunnel("u", {}),
                           tunnel("v", {"d", "E"})}};
  std::string told;
  for (const auto& row : rows_of(now)) {
    if (row.first)
      told += (told.empty() ? "" : " ") + row.tunnel->name + ":";
    told += row.endpoint ? row.endpoint->name : "-";
    told += row.last ? "" : ",";
  }
  CAF_CHECK_EQUAL(told, "t:a,b,c u:- v:d,E");
}

CAF_TEST(a_summary_counts_by_concern) {
  tunnel_sums sums;
  sums.endpoints = 15;
  sums.by_concern = {1, 2, 3, 4, 5};
  sums.matching = {1, 0, 2, 0, 4};
  sums.pools[0].connections = 10;
  sums.pools[1].connections = 20;
  sums.pools.back().connections = 30;
  sums.in_flight = 8;
  const auto shown = show_summary(sums);
  const nlohmann::json expected{
    {"endpoints", 15},   {"matching", 7},        {"down", 1},
    {"impaired", 2},     {"recovering", 3},      {"with_short_pool", 4},
    {"connections", 60}, {"in_flight", 8}};
  CAF_CHECK_EQUAL(shown.dump(), expected.dump());
}
