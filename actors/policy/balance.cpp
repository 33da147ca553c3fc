#include "actors/policy/balance.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

using config::balance;

// The lowest of `cost`; equal ones take turns.
template <class Cost>
size_t cheapest(std::span<const choice_view> choices, uint64_t turn,
                Cost cost) {
  size_t best = no_member;
  double lowest = 0;
  for (size_t i = 0; i < choices.size(); ++i) {
    const auto at = (turn + i) % choices.size();
    if (!choices[at].usable)
      continue;
    const auto here = cost(choices[at]);
    if (best == no_member || here < lowest) {
      best = at;
      lowest = here;
    }
  }
  return best;
}

// The members of each session seen as one choice.
std::vector<choice_view> sessions_of(std::span<const member_view> members,
                                     uint32_t max_leases) {
  std::vector<choice_view> out;
  for (const auto& member : members) {
    if (!member.has_room(max_leases))
      continue;
    auto i = std::find_if(out.begin(), out.end(), [&](const auto& one) {
      return one.key == member.session;
    });
    if (i == out.end()) {
      out.push_back({member.session, member.leases, member.rtt,
                     member.penalty, true});
      continue;
    }
    i->load += member.leases;
    i->latency = std::min(i->latency, member.rtt);
    i->penalty = std::min(i->penalty, member.penalty);
  }
  // The order of members changes; that of turns must not.
  std::sort(out.begin(), out.end(),
            [](const auto& x, const auto& y) { return x.key < y.key; });
  return out;
}

bool of_one_agent(std::span<const member_view> members) {
  assert(!members.empty());
  return std::all_of(members.begin(), members.end(), [&](const auto& one) {
    return one.session == members.front().session;
  });
}

/// Compares connections of one agent. Exchanges on one connection share its
/// messages, which costs less than a message each; so the busier one is better
/// while both are about as quick and have little to do.
class company_rule {
 public:
  explicit company_rule(uint32_t max_leases) noexcept
      : company_(std::clamp(max_leases / 4, 1u, max_company)) {}

  bool prefers(const member_view& x, const member_view& y) const noexcept {
    const auto a = cost_of(x);
    const auto b = cost_of(y);
    const bool alike
      = companies_of(x) == companies_of(y) && a <= b * noise && b <= a * noise;
    return alike ? x.leases > y.leases : a < b;
  }

 private:
  static constexpr uint32_t max_company = 16;
  static constexpr double noise = 1.25;

  uint32_t companies_of(const member_view& member) const noexcept {
    return member.leases / company_;
  }
  double cost_of(const member_view& member) const noexcept {
    return aps::cost_of(companies_of(member), member.rtt, member.penalty);
  }

  const uint32_t company_;
};

template <class Predicate>
size_t best_of(std::span<const member_view> members, company_rule rule,
               Predicate may) {
  size_t best = no_member;
  for (size_t i = 0; i < members.size(); ++i)
    if (may(members[i])
        && (best == no_member || rule.prefers(members[i], members[best])))
      best = i;
  return best;
}

} // namespace

size_t choose_one(balance balance, std::span<const choice_view> choices,
                  uint64_t turn, uint64_t random, uint64_t visitor) {
  switch (balance) {
    case balance::least_loaded:
      return cheapest(choices, turn, [](const choice_view& one) {
        return cost_of(one.load, one.latency, one.penalty);
      });
    case balance::latency:
      return cheapest(choices, turn, [](const choice_view& one) {
        return weighed_latency(one.latency) * one.penalty;
      });
    case balance::round_robin:
      return cheapest(choices, turn, [](const choice_view&) { return 0.0; });
    case balance::random:
      return cheapest(choices, random, [](const choice_view&) { return 0.0; });
    case balance::sticky:
      // Rendezvous hashing: who leaves takes only its own visitors along.
      return cheapest(choices, 0, [visitor](const choice_view& one) {
        return -static_cast<double>(mix(one.key ^ visitor) >> 11);
      });
  }
  return no_member;
}

size_t choose_member(std::span<const member_view> members, uint32_t max_leases,
                     request_view request, uint64_t turn, uint64_t random) {
  if (members.empty())
    return no_member;
  if (request.balance == balance::least_loaded && of_one_agent(members))
    return choose_in_session(members, max_leases, members.front().session,
                             false);
  const auto sessions = sessions_of(members, max_leases);
  const auto chosen
    = choose_one(request.balance, sessions, turn, random, request.visitor);
  if (chosen == no_member)
    return no_member;
  return choose_in_session(members, max_leases, sessions[chosen].key, false);
}

size_t choose_in_session(std::span<const member_view> members,
                         uint32_t max_leases, uint64_t session,
                         bool beyond_cap) {
  const company_rule rule{max_leases};
  const auto best = best_of(members, rule, [&](const member_view& member) {
    return member.session == session && member.has_room(max_leases);
  });
  if (best != no_member || !beyond_cap)
    return best;
  return best_of(members, rule, [&](const member_view& member) {
    return member.session == session && !member.draining;
  });
}

// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators").
uint64_t mix(uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// FNV-1a.
uint64_t hash_of(std::string_view text) noexcept {
  uint64_t out = 0xcbf29ce484222325u;
  for (const auto c : text)
    out = (out ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return mix(out);
}

} // namespace aps
