#define CAF_SUITE quota_ledger

#include "actors/policy/access/quota_ledger.hpp"

#include "tests/support/test.hpp"

#include <algorithm>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

struct fixture {
  std::shared_ptr<quota_ledger> uut = std::make_shared<quota_ledger>();

  // The rule that refuses; "" = none does. What is held stays in `held`.
  std::string take(const std::vector<quota_use>& uses, time_point now = start) {
    auto answer = uut->take(uses, now);
    if (auto* refused = std::get_if<quota_refusal>(&answer)) {
      last = *refused;
      return refused->rule;
    }
    held.push_back(std::get<std::shared_ptr<void>>(answer));
    return {};
  }

  quota_refusal last;
  std::vector<std::shared_ptr<void>> held;
};

config::quota rate(uint32_t requests, double period = 1, uint32_t burst = 0) {
  config::quota out;
  out.requests = requests;
  out.period = config::seconds{period};
  out.burst = burst;
  return out;
}

config::quota places(uint32_t count) {
  config::quota out;
  out.concurrent_requests = count;
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(quota_ledger_tests, fixture)

CAF_TEST(a bucket empties and fills again) {
  const auto limits = rate(2);
  const std::vector<quota_use> use{{"k", "r", &limits}};
  CAF_CHECK_EQUAL(take(use), "");
  CAF_CHECK_EQUAL(take(use), "");
  CAF_CHECK_EQUAL(take(use), "r");
  CAF_CHECK_EQUAL(last.kind, limit::request_rate);
  CAF_CHECK(last.wait > 490ms && last.wait < 510ms);
  CAF_CHECK_EQUAL(take(use, start + 400ms), "r");
  CAF_CHECK_EQUAL(take(use, start + 500ms), "");
  CAF_CHECK_EQUAL(take(use, start + 500ms), "r");
  CAF_CHECK_EQUAL(take(use, start + 10s), "");
  CAF_CHECK_EQUAL(take(use, start + 10s), "");
  CAF_CHECK_EQUAL(take(use, start + 10s), "r");
}

CAF_TEST(burst and period are as configured) {
  const auto limits = rate(6, 60, 3);
  const std::vector<quota_use> use{{"k", "r", &limits}};
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(take(use), "");
  CAF_CHECK_EQUAL(take(use), "r");
  CAF_CHECK(last.wait > 9900ms && last.wait < 10100ms);
  CAF_CHECK_EQUAL(take(use, start + 10s + 1ms), "");
}

CAF_TEST(places come back with the last copy of their guard) {
  const auto limits = places(2);
  const std::vector<quota_use> use{{"k", "r", &limits}};
  CAF_CHECK_EQUAL(take(use), "");
  CAF_CHECK_EQUAL(take(use), "");
  CAF_CHECK_EQUAL(take(use), "r");
  CAF_CHECK_EQUAL(last.kind, limit::concurrent_requests);
  auto copy = held.front();
  held.erase(held.begin());
  CAF_CHECK_EQUAL(take(use), "r");
  copy = nullptr;
  CAF_CHECK_EQUAL(take(use), "");
}

CAF_TEST(a request counts towards all or none) {
  const auto many = rate(100);
  const auto one = rate(1);
  CAF_CHECK_EQUAL(take({{"a", "a", &many}, {"b", "b", &one}}), "");
  for (int i = 0; i < 200; ++i)
    CAF_CHECK_EQUAL(take({{"a", "a", &many}, {"b", "b", &one}}), "b");
  for (int i = 0; i < 99; ++i)
    CAF_CHECK_EQUAL(take({{"a", "a", &many}}), "");
  CAF_CHECK_EQUAL(take({{"a", "a", &many}}), "a");
}

CAF_TEST(keys have counts of their own) {
  const auto limits = rate(1);
  CAF_CHECK_EQUAL(take({{"a", "r", &limits}}), "");
  CAF_CHECK_EQUAL(take({{"b", "r", &limits}}), "");
  CAF_CHECK_EQUAL(take({{"a", "r", &limits}}), "r");
}

CAF_TEST(rules have counts of their own) {
  const auto limits = rate(1);
  CAF_CHECK_EQUAL(take({{"a", "r", &limits}, {"a", "q", &limits}}), "");
  CAF_CHECK_EQUAL(take({{"a", "r", &limits}}), "r");
  CAF_CHECK_EQUAL(take({{"a", "q", &limits}}), "q");
  CAF_CHECK_EQUAL(take({{"r", "a", &limits}}), "");
  CAF_CHECK_EQUAL(take({{"", "r", &limits}}), "");
}

CAF_TEST(none of those that are asked for together makes room for another) {
  const auto one = rate(1);
  CAF_CHECK_EQUAL(take({{"oldest", "r", &one}}), "");
  for (size_t i = 1; i < quota_ledger::most; ++i)
    CAF_REQUIRE_EQUAL(take({{std::to_string(i), "r", &one}}), "");
  const auto later = start + 1s;
  CAF_CHECK_EQUAL(take({{"new", "r", &one}, {"oldest", "r", &one}}, later), "");
  CAF_CHECK_EQUAL(uut->size(), quota_ledger::most);
  CAF_CHECK_EQUAL(take({{"oldest", "r", &one}}, later), "r");
  CAF_CHECK_EQUAL(take({{"new", "r", &one}}, later), "r");
  CAF_CHECK_EQUAL(take({{"2", "r", &one}}), "r");
}

CAF_TEST(who is refused is not forgotten for it) {
  const auto one = rate(1);
  CAF_CHECK_EQUAL(take({{"greedy", "r", &one}}), "");
  for (size_t i = 1; i < quota_ledger::most + 100; ++i) {
    CAF_REQUIRE_EQUAL(take({{std::to_string(i), "r", &one}}), "");
    if (i % 1000 == 0)
      CAF_REQUIRE_EQUAL(take({{"greedy", "r", &one}}), "r");
  }
}

CAF_TEST(some that stay under way keep no others) {
  const auto both = [] {
    auto out = rate(1);
    out.concurrent_requests = 1;
    return out;
  }();
  std::vector<std::shared_ptr<void>> stay;
  for (int i = 0; i < 100; ++i) {
    CAF_CHECK_EQUAL(take({{"stays" + std::to_string(i), "r", &both}}), "");
    stay.push_back(std::move(held.back()));
    held.clear();
  }
  size_t largest = 0;
  for (size_t i = 0; i < 4 * quota_ledger::most; ++i) {
    CAF_REQUIRE_EQUAL(take({{std::to_string(i), "r", &both}}), "");
    held.clear();
    largest = std::max(largest, uut->size());
  }
  // While 16 at a time are passed over, one more comes each time.
  CAF_CHECK_LESS_OR_EQUAL(largest, quota_ledger::most + 100 / 16 + 1);
  CAF_CHECK_EQUAL(uut->size(), quota_ledger::most);
  CAF_CHECK_EQUAL(take({{"stays0", "r", &both}}, start + 1h), "r");
}

CAF_TEST(looking counts nothing) {
  const auto limits = rate(1);
  const std::vector<quota_use> use{{"k", "r", &limits}};
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(std::holds_alternative<std::monostate>(uut->look(use, start)));
  CAF_CHECK_EQUAL(uut->size(), 0u);
  CAF_CHECK_EQUAL(take(use), "");
  CAF_CHECK(std::holds_alternative<quota_refusal>(uut->look(use, start)));
}

CAF_TEST(many addresses take no more than their share of memory) {
  const auto one = rate(1);
  const auto place = places(1);
  CAF_CHECK_EQUAL(take({{"held", "r", &place}}), "");
  const auto kept = std::exchange(held, {});
  for (size_t i = 0; i < quota_ledger::most + 1000; ++i) {
    CAF_REQUIRE_EQUAL(take({{std::to_string(i), "r", &one}}), "");
    held.clear();
  }
  CAF_CHECK_EQUAL(uut->size(), quota_ledger::most);
  // Those that are in use are not forgotten, and the newest neither.
  CAF_CHECK_EQUAL(take({{"held", "r", &place}}), "r");
  CAF_CHECK_EQUAL(take({{std::to_string(quota_ledger::most), "r", &one}}), "r");
  CAF_CHECK_EQUAL(take({{"0", "r", &one}}), "");
}

CAF_TEST(a use that was counted before counts where others do) {
  const auto limits = rate(3, 100);
  const std::vector<quota_use> again{{"k", "r", &limits}};
  const std::vector<quota_use> other{{"k", "r", &limits}};
  CAF_CHECK_EQUAL(take(again), "");
  CAF_CHECK_EQUAL(take(other), "");
  CAF_CHECK_EQUAL(take(again), "");
  CAF_CHECK_EQUAL(take(other), "r");
  // Also once it was forgotten.
  for (size_t i = 0; i < quota_ledger::most; ++i)
    take({{std::to_string(i), "r", &limits}});
  CAF_CHECK_EQUAL(take(again), "");
  CAF_CHECK_EQUAL(take(other), "");
  CAF_CHECK_EQUAL(take(again), "");
  CAF_CHECK_EQUAL(take(other), "r");
}

CAF_TEST_FIXTURE_SCOPE_END()
