#define CAF_SUITE retry

#include "actors/policy/retry.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

config::retry rule_of(std::vector<uint16_t> statuses, bool connect = false,
                      uint32_t attempts = 2) {
  config::retry out;
  out.statuses = std::move(statuses);
  out.connect = connect;
  out.attempts = attempts;
  return out;
}

retry_view answered(uint16_t status) {
  return {.status = status, .repeatable = true, .whole = true, .others = true};
}

retry_view failed(outcome result) {
  return {.result = result, .repeatable = true, .whole = true, .others = true};
}

} // namespace

CAF_TEST(each answer and each failure has its verdict) {
  using enum retry_verdict;
  struct {
    config::retry rule;
    retry_view answer;
    retry_verdict verdict;
  } const rows[] = {
    // Statuses.
    {rule_of({502, 503, 504}), answered(200), unconcerned},
    {rule_of({502, 503, 504}), answered(500), unconcerned},
    {rule_of({502, 503, 504}), answered(502), again},
    {rule_of({502, 503, 504}), answered(503), again},
    {rule_of({502, 503, 504}), answered(504), again},
    {rule_of({503}), answered(502), unconcerned},
    {rule_of({}), answered(503), unconcerned},
    {rule_of({}, true), answered(502), unconcerned},
    // Failures stand for their status.
    {rule_of({502}), failed(outcome::origin_refused), again},
    {rule_of({502}), failed(outcome::origin_unresolved), again},
    {rule_of({502}), failed(outcome::origin_unreachable), again},
    {rule_of({502}), failed(outcome::origin_tls), again},
    {rule_of({502}), failed(outcome::origin_protocol), again},
    {rule_of({502}), failed(outcome::origin_closed), again},
    {rule_of({502}), failed(outcome::origin_timeout), unconcerned},
    {rule_of({504}), failed(outcome::origin_timeout), again},
    {rule_of({504}), failed(outcome::origin_refused), unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::target_forbidden), unconcerned},
    // No connection.
    {rule_of({}, true), failed(outcome::origin_refused), again},
    {rule_of({}, true), failed(outcome::origin_unresolved), again},
    {rule_of({}, true), failed(outcome::origin_unreachable), again},
    {rule_of({}, true), failed(outcome::origin_tls), again},
    {rule_of({}, true), failed(outcome::origin_timeout), again},
    {rule_of({}, true), failed(outcome::origin_closed), unconcerned},
    {rule_of({}, true), failed(outcome::origin_protocol), unconcerned},
    // What is no word of a target.
    {rule_of({502, 503, 504}), failed(outcome::cut), unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::started_unknown), unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::no_endpoint), unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::pool_exhausted), unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::first_byte_timeout),
     unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::visitor_gone), unconcerned},
    {rule_of({502, 503, 504}), failed(outcome::internal), unconcerned},
  };
  for (const auto& [rule, answer, verdict] : rows) {
    CAF_MESSAGE(to_string(answer.result) << " " << answer.status);
    CAF_CHECK_EQUAL(to_string(judge_answer(rule, answer)), to_string(verdict));
  }
}

CAF_TEST(what stands in the way is named in one order) {
  using enum retry_verdict;
  for (int bits = 0; bits < 32; ++bits) {
    auto answer = answered((bits & 1) != 0 ? 503 : 200);
    answer.repeatable = (bits & 2) != 0;
    answer.whole = (bits & 4) != 0;
    answer.asked = (bits & 8) != 0 ? 2 : 3;
    answer.others = (bits & 16) != 0;
    const auto expected = (bits & 1) == 0    ? unconcerned
                          : (bits & 6) != 6  ? unfit
                          : (bits & 8) == 0  ? exhausted
                          : (bits & 16) == 0 ? alone
                                             : again;
    CAF_MESSAGE(bits);
    CAF_CHECK_EQUAL(to_string(judge_answer(rule_of({503}, false, 3), answer)),
                    to_string(expected));
  }
}

CAF_TEST(a few may always be sent again) {
  retry_budget uut;
  for (uint32_t i = 0; i < retry_budget::always; ++i)
    CAF_CHECK(uut.take(20, start));
  CAF_CHECK(!uut.take(20, start));
  // Ten seconds later it begins anew.
  CAF_CHECK(!uut.take(20, start + 9s));
  CAF_CHECK(uut.take(20, start + 10s));
}

CAF_TEST(more are a share of the requests) {
  retry_budget uut;
  uint32_t taken = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto now = start + i * 5ms; // five seconds
    uut.note_request(now);
    taken += uut.take(20, now);
  }
  CAF_CHECK(taken >= 195 && taken <= 205);
  uint32_t none = 0;
  for (int i = 0; i < 100; ++i) {
    uut.note_request(start + 5s);
    none += uut.take(0, start + 5s);
  }
  CAF_CHECK_EQUAL(none, 0u);
}

CAF_TEST(a target that always fails gets little more than its requests) {
  retry_budget uut;
  uint32_t sent = 0;
  constexpr int requests = 60'000; // in a minute
  for (int i = 0; i < requests; ++i) {
    const auto now = start + i * 1ms;
    uut.note_request(now);
    sent += 1 + uut.take(20, now);
  }
  CAF_CHECK(sent <= requests * 121 / 100);
}

CAF_TEST(a budget is idle when its window has passed) {
  retry_budget uut;
  CAF_CHECK(uut.is_idle(start));
  uut.note_request(start);
  CAF_CHECK(!uut.is_idle(start + 9s));
  CAF_CHECK(uut.is_idle(start + 10s));
  CAF_CHECK(uut.take(20, start + 10s));
  CAF_CHECK(!uut.is_idle(start + 11s));
}
