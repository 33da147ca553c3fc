#pragma once

#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace aps {

/// So many are asked at once: neither the one who asks nor those who answer
/// keep others waiting, however many there are.
inline constexpr size_t gather_portion = 64;

/// Asks all of `whom` for their snapshot and calls `done` with the answers in
/// the order of `whom`; those who died are left out, and with `patience` also
/// who is silent for that long. CAF keeps a timer for each question with a
/// limit, so only the outermost of nested questions has one. `question` makes
/// the message for the one at a position of `whom`.
template <class Answer, class Self, class Handle, class Done, class Question>
void gather_by(Self* self, std::vector<Handle> whom, Question question,
               Done done,
               std::optional<std::chrono::milliseconds> patience
               = std::nullopt) {
  struct state : std::enable_shared_from_this<state> {
    Self* self;
    std::vector<Handle> whom;
    std::vector<std::optional<Answer>> answers;
    Question question;
    Done done;
    std::optional<std::chrono::milliseconds> patience;
    size_t asked = 0;
    size_t left = 0; ///< of the portion under way
    bool over = false;

    state(Self* asker, std::vector<Handle>&& all, Question&& words,
          Done&& then, std::optional<std::chrono::milliseconds> limit)
        : self(asker), whom(std::move(all)), answers(whom.size()),
          question(std::move(words)), done(std::move(then)), patience(limit) {}

    void ask_next() {
      const auto end = std::min(whom.size(), asked + gather_portion);
      if (asked == end)
        return finish();
      left = end - asked;
      const auto portion = end;
      if (patience)
        compat::run_delayed(self, *patience,
                            [me = this->shared_from_this(), portion] {
                              if (me->asked == portion && me->left > 0)
                                me->ask_next();
                            });
      for (auto i = std::exchange(asked, end); i < end; ++i)
        compat::request(
          self, whom[i], question(i),
          [me = this->shared_from_this(), i, portion](Answer& answer) {
            me->answers[i] = std::move(answer);
            me->arrive(portion);
          },
          [me = this->shared_from_this(), portion](const caf::error&) {
            me->arrive(portion);
          });
    }

    // Late answers of an earlier portion count for nothing any more.
    void arrive(size_t portion) {
      if (portion == asked && left > 0 && --left == 0)
        ask_next();
    }

    void finish() {
      if (std::exchange(over, true))
        return;
      std::vector<Answer> all;
      all.reserve(answers.size());
      for (auto& answer : answers)
        if (answer)
          all.push_back(std::move(*answer));
      done(std::move(all));
    }
  };
  std::make_shared<state>(self, std::move(whom), std::move(question),
                          std::move(done), patience)
    ->ask_next();
}

/// The same with one question for all.
template <class Answer, class Self, class Handle, class Done>
void gather(Self* self, std::vector<Handle> whom, Done done,
            std::optional<std::chrono::milliseconds> patience = std::nullopt) {
  gather_by<Answer>(
    self, std::move(whom), [](size_t) { return get_snapshot{}; },
    std::move(done), patience);
}

} // namespace aps
