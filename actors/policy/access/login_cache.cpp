#include "actors/policy/access/login_cache.hpp"

#include "transports/seam/auth.hpp"

namespace aps {

std::string login_cache::mark_of(std::string_view question) const {
  return keyed_hash(key_, question);
}

std::optional<header_list> login_cache::find(const std::string& mark,
                                             duration lifetime,
                                             time_point now) const {
  const std::lock_guard guard{mutex_};
  const auto found = all_.find(mark);
  if (found == all_.end() || now - found->second->since >= lifetime)
    return std::nullopt;
  return found->second->fields;
}

void login_cache::add(std::string mark, header_list fields, time_point now) {
  const std::lock_guard guard{mutex_};
  if (const auto known = all_.find(mark); known != all_.end()) {
    const auto old = known->second;
    all_.erase(known);
    by_age_.erase(old);
  }
  by_age_.push_back({std::move(mark), std::move(fields), now});
  const auto fresh = std::prev(by_age_.end());
  all_.emplace(fresh->mark, fresh);
  if (by_age_.size() <= most)
    return;
  all_.erase(by_age_.front().mark);
  by_age_.pop_front();
}

size_t login_cache::size() const {
  const std::lock_guard guard{mutex_};
  return by_age_.size();
}

} // namespace aps
