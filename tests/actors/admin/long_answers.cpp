#define CAF_SUITE long_answers

#include "actors/admin/long_text.hpp"
#include "actors/watch/metrics.hpp"
#include "tests/support/test.hpp"

#include <caf/telemetry/collector/prometheus.hpp>

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

using namespace aps;

namespace {

using admin::long_text;

/// All of it, and how many steps it took.
std::pair<std::string, size_t> rendered(long_text what) {
  std::string text;
  size_t steps = 0;
  for (; what.more(); ++steps)
    what.step(text);
  return {text, steps};
}

} // namespace

CAF_TEST(a_long_list_takes_a_step_per_portion) {
  long_text uut;
  uut.text("[");
  uut.pieces(1000, [between = admin::separator{}](size_t i,
                                                  std::string& to) mutable {
    between(to);
    to += std::to_string(i);
  });
  uut.text("]");
  const auto [text, steps] = rendered(uut);
  const auto parsed = nlohmann::json::parse(text);
  CAF_CHECK_EQUAL(parsed.size(), 1000u);
  CAF_CHECK_EQUAL(parsed.back().get<int>(), 999);
  CAF_CHECK_GREATER_OR_EQUAL(steps, 1000 / long_text::portion);
  CAF_CHECK_LESS_OR_EQUAL(steps, 1000 / long_text::portion + 2);
}

CAF_TEST(short_texts_and_empty_lists_are_no_steps_of_their_own) {
  long_text uut;
  uut.text("{\"a\":[");
  uut.pieces(0, [](size_t, std::string& to) { to += "never"; });
  uut.text("],\"b\":[]}");
  const auto [text, steps] = rendered(uut);
  CAF_CHECK_EQUAL(text, "{\"a\":[],\"b\":[]}");
  CAF_CHECK_EQUAL(steps, 1u);
}

CAF_TEST(an_object_stays_open_for_more_members) {
  CAF_CHECK_EQUAL(admin::opened(nlohmann::json::object()), "{");
  CAF_CHECK_EQUAL(admin::opened({{"a", 1}}), "{\"a\":1,");
}

CAF_TEST(metrics_in_steps_are_the_metrics_at_once) {
  caf::telemetry::metric_registry registry;
  constexpr std::array bounds{.1, 1.};
  for (int i = 0; i < 700; ++i) {
    const auto label = std::to_string(i);
    const caf::string_view value{label.data(), label.size()};
    registry.counter_instance("aps", "first", {{"n", value}}, "A.", "1", true)
      ->inc(i);
    registry.gauge_instance("aps", "second", {{"n", value}}, "B.")->value(i);
    registry.histogram_family<double>("aps", "third", {"n"}, bounds, "C.")
      ->get_or_add({{"n", value}})
      ->observe(i);
  }
  std::string text;
  metrics_text uut{registry};
  size_t steps = 1;
  while (uut.step(text))
    ++steps;
  CAF_CHECK_EQUAL(steps, 2100 / metrics_text::portion + 1);
  caf::telemetry::collector::prometheus whole;
  const auto expected = whole.collect_from(registry);
  // But for the time of the look, which ends each of CAF's lines.
  const auto lines = [](std::string_view from, bool timed) {
    std::vector<std::string> out;
    while (!from.empty()) {
      auto line = from.substr(0, from.find('\n'));
      from.remove_prefix(line.size() + 1);
      out.emplace_back(line.starts_with('#') || !timed
                         ? line
                         : line.substr(0, line.rfind(' ')));
    }
    return out;
  };
  CAF_CHECK(lines(text, false)
            == lines({expected.data(), expected.size()}, true));
}

CAF_TEST(what_joins_a_family_meanwhile_does_not_tear_it_apart) {
  caf::telemetry::metric_registry registry;
  const auto add = [&](const char* family, int i) {
    const auto label = std::to_string(i);
    registry.gauge_instance("aps", {family, strlen(family)},
                            {{"n", {label.data(), label.size()}}}, "A.");
  };
  for (int i = 0; i < 400; ++i)
    add("first", i);
  for (int i = 0; i < 400; ++i)
    add("second", i);
  std::string text;
  metrics_text uut{registry};
  CAF_CHECK(uut.step(text));
  add("first", 400);
  add("second", 400);
  while (uut.step(text)) {
  }
  const auto count = [&](std::string_view what) {
    size_t out = 0;
    for (auto at = text.find(what); at != text.npos;
         at = text.find(what, at + 1))
      ++out;
    return out;
  };
  CAF_CHECK_EQUAL(count("# TYPE aps_first"), 1u);
  CAF_CHECK_EQUAL(count("# TYPE aps_second"), 1u);
  CAF_CHECK_EQUAL(count("aps_first{"), 400u);
  CAF_CHECK_EQUAL(count("aps_second{"), 401u);
}
