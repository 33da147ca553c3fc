#define CAF_SUITE transport_choice

#include "actors/policy/transport_choice.hpp"

#include "tests/support/test.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace aps;

namespace {

constexpr std::array order{transport_kind::grpc, transport_kind::websocket,
                           transport_kind::poll};

/// What was seen, what carries and what is healthy, each a letter of "gwp".
struct endpoint {
  std::string_view seen;
  std::string_view carries;
  std::string_view healthy = "";

  std::array<transport_view, 3> views() const {
    std::array<transport_view, 3> out;
    for (size_t i = 0; i < out.size(); ++i) {
      const auto letter = std::string_view{"gwp"}[i];
      out[i] = {order[i], seen.find(letter) != seen.npos,
                carries.find(letter) != carries.npos,
                healthy.find(letter) != healthy.npos};
    }
    return out;
  }
};

std::string chosen(const endpoint& among, const transport_terms& terms) {
  const auto views = among.views();
  const auto i = choose_transport(views, terms);
  return i == no_transport ? "-" : std::string(1, "gwp"[i]);
}

struct choice_row {
  endpoint among;
  std::string_view closed;   ///< the breaker says primary
  std::string_view open;     ///< it does not
  std::string_view disabled; ///< no fallback, whatever it says
};

const choice_row rows[] = {
  {{"", ""}, "-", "-", "-"},
  {{"g", "g"}, "g", "g", "g"},
  {{"g", ""}, "-", "-", "-"},
  // Without a primary there is nothing to fall back from.
  {{"w", "w"}, "w", "w", "w"},
  {{"p", "p"}, "p", "p", "p"},
  {{"wp", "wp"}, "w", "w", "w"},
  {{"wp", "p"}, "p", "p", "p"},
  {{"gw", "gw"}, "g", "w", "g"},
  {{"gw", "g"}, "g", "g", "g"},
  {{"gw", "w"}, "w", "w", "-"},
  {{"gw", ""}, "-", "-", "-"},
  {{"gp", "gp"}, "g", "p", "g"},
  {{"gp", "p"}, "p", "p", "-"},
  {{"gwp", "gwp"}, "g", "w", "g"},
  {{"gwp", "gp"}, "g", "p", "g"},
  {{"gwp", "wp"}, "w", "w", "-"},
  {{"gwp", "p"}, "p", "p", "-"},
};

} // namespace

CAF_TEST(the_first_that_can_carries_and_an_open_breaker_puts_grpc_last) {
  for (const auto& row : rows) {
    CAF_MESSAGE(row.among.seen << " seen, " << row.among.carries << " live");
    CAF_CHECK_EQUAL(chosen(row.among, {}), row.closed);
    CAF_CHECK_EQUAL(chosen(row.among, {.use_primary = false}), row.open);
    for (const bool primary : {true, false})
      CAF_CHECK_EQUAL(chosen(row.among, {.fallback_enabled = false,
                                         .use_primary = primary}),
                      row.disabled);
  }
}

CAF_TEST(a_choice_by_hand_comes_first_when_it_lives) {
  for (const auto& row : rows)
    for (const auto wanted : {transport_kind::grpc, transport_kind::websocket})
      for (const bool primary : {true, false})
        for (const bool fallback : {true, false}) {
          transport_terms terms{wanted, fallback, primary};
          const auto letter
            = std::string(wanted == transport_kind::grpc ? "g" : "w");
          const auto lives
            = row.among.carries.find(letter) != std::string_view::npos;
          auto without = terms;
          without.by_hand.reset();
          CAF_CHECK_EQUAL(chosen(row.among, terms),
                          lives ? letter : chosen(row.among, without));
        }
}

CAF_TEST(targets_that_rest_are_for_want_of_others) {
  struct row {
    endpoint among;
    bool primary;
    std::string_view expected;
  };
  const row healthy_rows[] = {
    {{"gw", "gw", "gw"}, true, "g"},
    {{"gw", "gw", "w"}, true, "w"},  // the agent over gRPC rests
    {{"gw", "gw", "g"}, false, "g"}, // a healthy one beats the breaker
    {{"gw", "gw", ""}, true, "g"},   // all rest: as if none did
    {{"gw", "gw", ""}, false, "w"},
    {{"gwp", "gwp", "p"}, true, "p"},
    {{"gw", "", ""}, true, "-"},
  };
  for (const auto& row : healthy_rows) {
    CAF_CHECK_EQUAL(chosen(row.among, {.use_primary = row.primary,
                                       .mind_targets = true}),
                    row.expected);
    // Who does not mind targets does not look at them.
    auto blind = row.among;
    blind.healthy = "";
    CAF_CHECK_EQUAL(chosen(row.among, {.use_primary = row.primary}),
                    chosen(blind, {.use_primary = row.primary}));
  }
}

CAF_TEST(an_endpoint_is_hybrid_with_its_primary_and_another_one) {
  const std::pair<std::string_view, bool> table[] = {
    {"", false}, {"g", false}, {"w", false},  {"p", false},
    {"wp", false}, {"gw", true}, {"gp", true}, {"gwp", true},
  };
  for (const auto& [seen, expected] : table) {
    const auto views = endpoint{seen, ""}.views();
    CAF_CHECK_EQUAL(is_hybrid(views), expected);
  }
  CAF_CHECK(!is_hybrid({}));
  CAF_CHECK_EQUAL(choose_transport({}, {}), no_transport);
}
