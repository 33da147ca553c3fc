#define CAF_SUITE transports

#include "actors/base/transports.hpp"

#include "tests/support/test.hpp"

#include <set>
#include <string>

using namespace aps;

CAF_TEST(each_transport_is_found_by_its_name) {
  for (const auto& row : transport_table) {
    CAF_CHECK_EQUAL(row.name, to_string(row.kind));
    CAF_CHECK(transport_named(row.name) == &row);
    CAF_CHECK(&row_of(row.kind) == &row);
  }
  CAF_CHECK(!transport_named(""));
  CAF_CHECK(!transport_named("tcp"));
}

CAF_TEST(no_two_share_what_tells_them_apart) {
  std::set<std::string> told;
  for (const auto& row : transport_table) {
    told.insert("title " + std::string(row.title));
    told.insert("prefix " + std::string(row.prefix));
    told.insert("word " + std::string(row.word));
    told.insert("log " + std::string(to_string(log_of(row.kind))));
  }
  CAF_CHECK_EQUAL(told.size(), 4 * transport_kinds);
}

CAF_TEST(a_mode_by_hand_is_a_transport) {
  CAF_CHECK(!mode_named(automatic_mode));
  for (const auto& row : transport_table)
    CAF_CHECK(mode_named(row.name) == row.kind);
}
