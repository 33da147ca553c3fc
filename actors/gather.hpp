#pragma once

#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <memory>
#include <vector>

namespace aps {

/// Asks all of `whom` for their snapshot and calls `done` with the answers in
/// the order of `whom`; those who died or are silent for 2 s are left out.
template <class Answer, class Self, class Handle, class Done>
void gather(Self* self, const std::vector<Handle>& whom, Done done) {
  struct state {
    std::vector<std::pair<bool, Answer>> answers;
    size_t left;
    Done done;
    void arrive() {
      if (--left > 0)
        return;
      std::vector<Answer> all;
      for (auto& [there, answer] : answers)
        if (there)
          all.push_back(std::move(answer));
      done(std::move(all));
    }
  };
  auto shared = std::make_shared<state>(
    state{std::vector<std::pair<bool, Answer>>(whom.size()), whom.size(),
          std::move(done)});
  if (whom.empty()) {
    shared->left = 1;
    return shared->arrive();
  }
  for (size_t i = 0; i < whom.size(); ++i)
    compat::request(
      self, whom[i], std::chrono::seconds(2), get_snapshot{},
      [shared, i](Answer& answer) {
        shared->answers[i] = {true, std::move(answer)};
        shared->arrive();
      },
      [shared](const caf::error&) { shared->arrive(); });
}

} // namespace aps
