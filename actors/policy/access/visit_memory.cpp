#include "actors/policy/access/visit_memory.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace aps {

namespace {

constexpr double per_second
  = 1 / std::chrono::duration<double>(visit_memory::refill).count();

} // namespace

// Neither has a line feed: addresses and users' names are visible characters.
std::string visit_memory::key_of(std::string_view address,
                                 std::string_view user) {
  std::string out;
  out.reserve(address.size() + 1 + user.size());
  return out.append(address).append(1, '\n').append(user);
}

void visit_memory::add(std::string_view address, std::string_view user,
                       std::string mark, time_point now) {
  auto key = key_of(address, user);
  if (const auto known = all_.find(key); known != all_.end()) {
    auto& here = *known->second;
    here.mark = std::move(mark);
    here.since = now;
    by_age_.splice(by_age_.end(), by_age_, known->second);
    return;
  }
  while (!by_age_.empty()
         && (by_age_.size() >= most || now - by_age_.front().since >= memory)) {
    all_.erase(by_age_.front().key);
    by_age_.pop_front();
  }
  by_age_.push_back({std::move(key), std::move(mark), now});
  all_.emplace(by_age_.back().key, std::prev(by_age_.end()));
}

bool visit_memory::passes(std::string_view address, std::string_view user,
                          std::string_view mark, time_point now) {
  const auto known = all_.find(key_of(address, user));
  if (known == all_.end() || now - known->second->since >= memory)
    return false;
  auto& here = *known->second;
  if (here.mark == mark)
    return here.guesses.used_at(now, per_second) + 1 <= burst;
  note_guess(here, mark, now);
  return false;
}

void visit_memory::note_guess(visit& of, std::string_view mark,
                              time_point now) {
  auto& latest = of.latest_guesses;
  if (std::find(latest.begin(), latest.end(), mark) != latest.end())
    return;
  latest[of.next_guess++ % latest.size()] = mark;
  of.guesses.take(1, now, burst, per_second);
}

} // namespace aps
