#define CAF_SUITE shared_answers

#include "actors/admin/shared_answers.hpp"
#include "tests/actors/admin/asking.hpp"
#include "tests/support/test.hpp"

#include <utility>

using namespace aps;
using namespace aps::test;

namespace {

struct fixture : operator_desk {
  /// Asks for a document, which is made when the test says so.
  asked ask_for(const std::string& key) {
    auto reader = ask("/");
    answers->serve(key, reader.from, [this](const admin::request& first) {
      making.push_back(first);
    });
    return reader;
  }

  /// Finishes the document that was begun first.
  void make(const std::string& text) {
    const auto first = making.front();
    making.erase(making.begin());
    first.answer_bytes(200, "text/plain", text);
  }

  /// Whoever makes a document now gives up; others may begin meanwhile.
  void drop_all() { std::exchange(making, {}); }

  std::shared_ptr<admin::shared_answers> answers
    = std::make_shared<admin::shared_answers>();
  std::vector<admin::request> making;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(shared_answers_tests, fixture)

CAF_TEST(who_asks_meanwhile_shares_the_next_answer_and_not_this) {
  const auto first = ask_for("stats");
  const auto second = ask_for("stats");
  const auto third = ask_for("stats");
  CAF_CHECK_EQUAL(making.size(), 1u);
  make("one");
  run();
  CAF_CHECK_EQUAL(first.answer().body, "one");
  CAF_CHECK_EQUAL(second.answer().status, 0u); // "one" is older than they
  CAF_CHECK_EQUAL(making.size(), 1u);
  make("two");
  run();
  CAF_CHECK_EQUAL(second.answer().body, "two");
  CAF_CHECK_EQUAL(third.answer().body, "two");
  CAF_CHECK(making.empty());
}

CAF_TEST(documents_of_other_names_are_made_at_once) {
  const auto stats = ask_for("stats");
  const auto config = ask_for("config");
  CAF_CHECK_EQUAL(making.size(), 2u);
  make("s");
  make("c");
  run();
  CAF_CHECK_EQUAL(stats.answer().body, "s");
  CAF_CHECK_EQUAL(config.answer().body, "c");
}

CAF_TEST(a_document_that_was_made_is_made_anew) {
  const auto first = ask_for("stats");
  make("one");
  const auto second = ask_for("stats");
  CAF_CHECK_EQUAL(making.size(), 1u);
  make("two");
  run();
  CAF_CHECK_EQUAL(first.answer().body, "one");
  CAF_CHECK_EQUAL(second.answer().body, "two");
}

CAF_TEST(who_is_left_without_an_answer_is_told_to_ask_again) {
  const auto first = ask_for("stats");
  const auto second = ask_for("stats");
  const auto third = ask_for("stats");
  drop_all(); // nobody answers; the next round begins
  run();
  CAF_CHECK_EQUAL(making.size(), 1u);
  CAF_CHECK_EQUAL(first.answer().status, 0u);
  drop_all();
  run();
  // Of two who shared one answer, the one who asked for it is the maker's.
  CAF_CHECK_EQUAL(second.answer().status, 0u);
  CAF_CHECK_EQUAL(third.answer().status, 503u);
  CAF_CHECK(making.empty());
}

CAF_TEST(threads_are_kept_as_long_as_somebody_waits) {
  CAF_CHECK_EQUAL(units->users(), 0u);
  ask_for("stats");
  CAF_CHECK_EQUAL(units->users(), 1u);
  drop_all();
  CAF_CHECK_EQUAL(units->users(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
