#include "actors/policy/access/credential_cache.hpp"

#include "transports/seam/auth.hpp"

namespace aps {

// A name has no zero byte, so no two pairs run together alike.
std::string credential_cache::mark_of(std::string_view user,
                                      std::string_view password) const {
  std::string text{user};
  text.append(1, '\0').append(password);
  return keyed_hash(key_, text);
}

bool credential_cache::knows(const std::string& mark, time_point now) const {
  const std::lock_guard guard{mutex_};
  const auto i = all_.find(mark);
  return i != all_.end() && now - i->second->since < lifetime;
}

bool credential_cache::remembers(const std::string& mark,
                                 time_point now) const {
  const std::lock_guard guard{mutex_};
  const auto i = all_.find(mark);
  return i != all_.end() && now - i->second->since < memory;
}

void credential_cache::add(std::string mark, time_point now) {
  const std::lock_guard guard{mutex_};
  if (const auto i = all_.find(mark); i != all_.end()) {
    const auto old = i->second;
    all_.erase(i);
    by_age_.erase(old);
  }
  while (!by_age_.empty()
         && (by_age_.size() >= most || now - by_age_.front().since >= memory)) {
    all_.erase(by_age_.front().mark);
    by_age_.pop_front();
  }
  by_age_.push_back({std::move(mark), now});
  all_.emplace(by_age_.back().mark, std::prev(by_age_.end()));
}

size_t credential_cache::size() const {
  const std::lock_guard guard{mutex_};
  return by_age_.size();
}

} // namespace aps
