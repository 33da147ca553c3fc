#define CAF_SUITE events

#include "actors/events.hpp"
#include "tests/support/test.hpp"

#include <set>

using namespace aps;

CAF_TEST(every_kind_has_a_word_of_its_own) {
  std::set<std::string> words;
  for (size_t i = 0; i < event_kinds; ++i) {
    const auto word = to_string(static_cast<event_kind>(i));
    CAF_MESSAGE(word);
    CAF_CHECK_NOT_EQUAL(word, "unknown");
    CAF_CHECK_EQUAL(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"),
                    word.npos);
    CAF_CHECK(words.insert(word).second);
  }
  CAF_CHECK_EQUAL(to_string(static_cast<event_kind>(event_kinds)), "unknown");
  CAF_CHECK_EQUAL(to_string(static_cast<event_kind>(255)), "unknown");
}

// Subscribers of other processes have the numbers.
CAF_TEST(numbers_and_words_stay_what_they_are) {
  const std::pair<int, std::string_view> rows[] = {
    {0, "tunnel-added"},       {10, "connection-lost"},
    {21, "node-draining"},     {26, "connection-authenticated"},
    {30, "auth-failed"},       {36, "limit-reached"},
    {38, "connection-leased"}, {41, "exchange-finished"},
    {44, "target-down"},       {49, "session-undrained"},
    {53, "credential-revoked"},
  };
  for (const auto& [number, word] : rows)
    CAF_CHECK_EQUAL(to_string(static_cast<event_kind>(number)), word);
}

CAF_TEST(a_kind_is_of_a_request_or_of_a_life) {
  CAF_CHECK_EQUAL(per_request_kinds & life_cycle_kinds, 0u);
  CAF_CHECK_EQUAL(per_request_kinds | life_cycle_kinds, all_kinds);
  for (size_t i = 0; i < event_kinds; ++i)
    CAF_CHECK(all_kinds & set_of(static_cast<event_kind>(i)));
  CAF_CHECK(per_request_kinds & set_of(event_kind::exchange_finished));
  CAF_CHECK(life_cycle_kinds & set_of(event_kind::connection_lost));
}

CAF_TEST(actors_are_called_what_their_files_are_called) {
  CAF_CHECK_EQUAL(to_string(actor_kind::tunnel), "tunnel");
  CAF_CHECK_EQUAL(to_string(actor_kind::controller), "fallback_controller");
  CAF_CHECK_EQUAL(to_string(actor_kind::pool), "pool");
  CAF_CHECK_EQUAL(to_string(actor_kind::connection), "connection");
}
