#define CAF_SUITE outcome

#include "transports/seam/outcome.hpp"

#include "transports/seam/outcomes.hpp"

#include "tests/support/test.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace aps;

// Others match the words, and the numbers are on the wire: neither changes.
CAF_TEST(every_outcome_has_its_word_its_status_and_its_class) {
  struct row {
    unsigned number;
    const char* word;
    unsigned status;
    const char* group;
  };
  const row table[] = {
    {0, "ok", 200, "ok"},
    {1, "bad-request", 400, "node"},
    {2, "header-too-large", 431, "node"},
    {3, "body-too-large", 413, "node"},
    {4, "no-mapping", 404, "node"},
    {5, "not-implemented", 501, "node"},
    {6, "expectation-failed", 417, "node"},
    {7, "loop-detected", 508, "node"},
    {8, "unauthorized", 401, "node"},
    {9, "forbidden", 403, "node"},
    {70, "proxy-auth-required", 407, "node"},
    {71, "foreign-origin", 403, "node"},
    {10, "no-endpoint", 503, "unavailable"},
    {11, "no-connection", 503, "unavailable"},
    {12, "pool-exhausted", 503, "unavailable"},
    {13, "acquire-timeout", 503, "unavailable"},
    {14, "draining", 503, "unavailable"},
    {15, "overloaded", 503, "unavailable"},
    {16, "address-share", 429, "unavailable"},
    {17, "rate-limited", 429, "unavailable"},
    {18, "login-unavailable", 503, "unavailable"},
    {20, "not-sent", 502, "transport"},
    {21, "started-unknown", 502, "transport"},
    {22, "cut", 502, "transport"},
    {23, "transport-unavailable", 502, "transport"},
    {24, "attempts-exhausted", 502, "transport"},
    {30, "origin-unresolved", 502, "origin"},
    {31, "origin-refused", 502, "origin"},
    {32, "origin-unreachable", 502, "origin"},
    {33, "origin-tls", 502, "origin"},
    {34, "origin-protocol", 502, "origin"},
    {35, "origin-closed", 502, "origin"},
    {36, "origin-timeout", 504, "origin"},
    {37, "target-forbidden", 403, "origin"},
    {40, "first-byte-timeout", 504, "timeout"},
    {41, "body-timeout", 408, "timeout"},
    {42, "idle-timeout", 504, "timeout"},
    {43, "total-timeout", 504, "timeout"},
    {50, "visitor-gone", 499, "visitor"},
    {51, "visitor-stalled", 499, "visitor"},
    {60, "internal", 500, "internal"},
  };
  const auto all = all_outcomes();
  CAF_REQUIRE_EQUAL(all.size(), std::size(table));
  std::set<std::string> sentences;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& expected = table[i];
    CAF_MESSAGE(expected.word);
    CAF_CHECK_EQUAL(static_cast<unsigned>(all[i]), expected.number);
    CAF_CHECK_EQUAL(to_string(all[i]), expected.word);
    CAF_CHECK_EQUAL(status_of(all[i]), expected.status);
    CAF_CHECK_EQUAL(class_of(all[i]), expected.group);
    CAF_CHECK(outcome_from(expected.number) == all[i]);
    CAF_CHECK(render(all[i]).ends_with('.'));
    sentences.emplace(render(all[i]));
  }
  CAF_CHECK_EQUAL(sentences.size(), all.size());
}

CAF_TEST(an_unknown_number_is_an_internal_error) {
  for (const uint32_t number : {19u, 25u, 61u, 72u, 256u, UINT32_MAX})
    CAF_CHECK(outcome_from(number) == outcome::internal);
  // Whoever has a number that we do not know is in the class of its decade.
  CAF_CHECK_EQUAL(class_of(static_cast<outcome>(79)), "node");
  CAF_CHECK_EQUAL(class_of(static_cast<outcome>(19)), "unavailable");
  CAF_CHECK_EQUAL(class_of(static_cast<outcome>(29)), "transport");
  CAF_CHECK_EQUAL(class_of(static_cast<outcome>(39)), "origin");
  CAF_CHECK_EQUAL(class_of(static_cast<outcome>(49)), "timeout");
  CAF_CHECK_EQUAL(class_of(static_cast<outcome>(59)), "visitor");
}

CAF_TEST(reasons_of_links_have_words_of_their_own) {
  std::set<std::string> words;
  std::set<std::string> sentences;
  for (auto i = 0; i <= static_cast<int>(link_error::too_large); ++i) {
    words.emplace(to_string(static_cast<link_error>(i)));
    sentences.emplace(render(static_cast<link_error>(i)));
  }
  CAF_CHECK_EQUAL(words.size(), 10u);
  CAF_CHECK_EQUAL(sentences.size(), 10u);
  std::set<std::string> reasons;
  for (auto i = 0; i <= static_cast<int>(close_reason::stalled); ++i)
    reasons.emplace(to_string(static_cast<close_reason>(i)));
  CAF_CHECK_EQUAL(reasons.size(), 6u);
  for (const auto& known : {words, reasons})
    CAF_CHECK(!known.contains("unknown"));
}

CAF_TEST(a_detail_that_says_it_all_stands_alone) {
  CAF_CHECK_EQUAL(render(link_error::lost, ""), "connection lost");
  CAF_CHECK_EQUAL(render(link_error::lost, "connection lost"),
                  "connection lost");
  CAF_CHECK_EQUAL(render(link_error::none, "closed by an operator"),
                  "closed by an operator");
  CAF_CHECK_EQUAL(render(link_error::lost, "End of file"),
                  "connection lost: End of file");
}
