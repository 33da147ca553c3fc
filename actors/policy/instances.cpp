#include "actors/policy/instances.hpp"

#include <algorithm>

namespace aps {

instance_register::instance& instance_register::named(const std::string& name) {
  const auto i = std::find_if(
    instances_.begin(), instances_.end(),
    [&](const instance& one) { return one.name == name; });
  if (i != instances_.end())
    return *i;
  if (instances_.size() >= max_instances)
    instances_.erase(instances_.begin());
  return instances_.emplace_back(instance{name, {}, false});
}

instance_register::verdict instance_register::admit(const std::string& name,
                                                    const life& life,
                                                    const live_check& is_live) {
  auto& known = named(name);
  auto& lives = known.lives;
  const auto other_lives = [&](const auto& wanted) {
    return std::any_of(lives.begin(), lives.end(), [&](const entry& one) {
      return one.owner.session != life.session && is_live(one.owner.session)
             && wanted(one);
    });
  };
  const auto any = other_lives([](const entry&) { return true; });
  verdict out;
  for (auto& one : lives) {
    if (one.owner.session != life.session)
      continue;
    out.twin = one.replaced && any;
    known.shared = known.shared || out.twin;
    one.replaced = false;
    return out;
  }
  known.shared = known.shared && any;
  if (lives.size() >= max_lives)
    lives.erase(lives.begin());
  if (!known.shared) {
    out.welcome = !other_lives(
      [&](const entry& one) { return one.owner.started_ms > life.started_ms; });
    for (auto& one : lives)
      if (out.welcome && !one.replaced
          && one.owner.started_ms <= life.started_ms) {
        one.replaced = true;
        out.replaced.push_back(one.owner.session);
      }
  }
  lives.push_back({life, !out.welcome});
  return out;
}

} // namespace aps
