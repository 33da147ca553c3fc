#include "transports/net/gate.hpp"

#include "transports/net/descriptors.hpp"
#include "transports/seam/peer_address.hpp"

#include <algorithm>
#include <cassert>
#include <ctime>
#include <utility>

namespace aps {

namespace {

// Looking for idle connections means looking at all of them, so some are
// remembered, and a search that found none is not repeated at once.
constexpr size_t idle_batch = 64;
constexpr std::chrono::milliseconds idle_pause{100};

// Whoever is here for less may have asked already, only nobody looked yet.
constexpr int64_t silent_time = 250'000'000; // ns
constexpr int most_at_once = 4;

int64_t coarse_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string_view describe(limit kind) {
  switch (kind) {
    case limit::unauthenticated:
      return "connections that prove nothing; the oldest was closed";
    case limit::poll_links:
      return "polling links that prove nothing; the oldest was closed";
    case limit::address_connections:
      return "connections of one address";
    case limit::descriptors:
      return "no descriptors but the reserve for agents and operators";
    default:
      return "connections in total";
  }
}

// The gates of this process.
struct all_gates {
  std::mutex mutex;
  std::vector<gate*> list; // that of operators last
};

all_gates& gates() {
  static all_gates instance;
  return instance;
}

} // namespace

// -- place --------------------------------------------------------------------

place::place(std::shared_ptr<gate> at, executor& unit, std::string peer)
    : gate_(std::move(at)), unit_(unit), peer_(std::move(peer)) {}

place::~place() {
  gate_->on_end(*this);
}

void place::set(standing now) {
  if (now == standing::idle)
    since_.store(coarse_now(), std::memory_order_relaxed);
  // Nobody else writes it: no read-modify-write.
  const auto before = standing_.load(std::memory_order_relaxed);
  standing_.store(now, std::memory_order_relaxed);
  const bool visitor = before == standing::idle || before == standing::busy;
  const bool stays = now == standing::idle || now == standing::busy;
  if (before != now && !(visitor && stays))
    gate_->update(*this, now);
}

// -- gate ---------------------------------------------------------------------

gate::gate(const connection_limits& limits, std::shared_ptr<front> to,
           bool operators)
    : limits_(limits), trusted_(limits.trusted), to_(std::move(to)),
      operators_(operators) {
  std::lock_guard guard{gates().mutex};
  auto& list = gates().list;
  list.insert(operators ? list.end() : list.begin(), this);
}

gate::~gate() {
  std::lock_guard guard{gates().mutex};
  std::erase(gates().list, this);
}

size_t gate::connections() const {
  std::lock_guard guard{mutex_};
  return connections_;
}

size_t gate::unproven() const {
  std::lock_guard guard{mutex_};
  return unproven_count_;
}

detail::gate_house& gate::house_of(std::string_view ip) {
  auto name = peer_group(ip);
  auto& found = houses_[name];
  found.name = std::move(name);
  return found;
}

gate::entry gate::enter(executor& unit, const std::string& ip,
                        std::string peer, int fd) {
  auto fresh = std::make_shared<place>(shared_from_this(), unit,
                                       std::move(peer));
  const bool trusted = trusted_.contains(ip);
  victims gone;
  std::optional<no_room> refusal;
  {
    std::lock_guard guard{mutex_};
    auto& house = house_of(ip);
    vacant_.push_back(house.name); // unless somebody moves in
    if (!operators_ && in_descriptor_reserve(fd)
        && !free_one(nullptr, limit::descriptors, gone)) {
      fresh->reserved_ = true; // an agent, perhaps
      if (deep_in_descriptor_reserve(fd))
        refusal = no_room{limit::descriptors, false};
    }
    if (!refusal && !trusted && house.connections >= limits_.per_address
        && !free_one(&house, limit::address_connections, gone))
      refusal = no_room{limit::address_connections, true};
    if (!refusal && connections_ >= limits_.total
        && !free_one(nullptr, limit::connections, gone))
      refusal = no_room{limit::connections, true};
    if (!refusal) {
      limit_unproven(house, trusted, limit::unauthenticated, gone);
      settle(*fresh, house, true);
    }
    tidy();
  }
  evict(gone);
  if (!refusal)
    return {std::move(fresh), std::nullopt};
  to_->on_limit(refusal->kind, fresh->peer(), describe(refusal->kind));
  return {nullptr, refusal};
}

place_ptr gate::enter_link(executor& unit, std::string peer) {
  auto fresh = std::make_shared<place>(shared_from_this(), unit,
                                       std::move(peer));
  const auto ip = address_of(fresh->peer());
  const bool trusted = trusted_.contains(ip);
  victims gone;
  {
    std::lock_guard guard{mutex_};
    auto& house = house_of(ip);
    limit_unproven(house, trusted, limit::poll_links, gone);
    fresh->standing_ = standing::proving;
    settle(*fresh, house, false);
    tidy();
  }
  evict(gone);
  return fresh;
}

void gate::settle(place& place, detail::gate_house& house, bool counts) {
  assert(!place.house_);
  place.house_ = &house;
  place.counts_ = counts;
  place.unproven_ = true;
  place.since_ = coarse_now();
  house.connections += counts;
  connections_ += counts;
  ++house.unproven;
  ++unproven_count_;
  unproven_.push_back(place);
}

void gate::make_room() {
  victims gone;
  {
    std::lock_guard guard{gates().mutex};
    for (auto* one : gates().list)
      if (one->free_descriptor(gone))
        break;
  }
  if (gone.empty())
    to_->on_limit(limit::descriptors, {}, describe(limit::descriptors));
  evict(gone);
}

// An operator who came just now has asked already, most likely.
bool gate::free_descriptor(victims& out) {
  std::lock_guard guard{mutex_};
  const auto* oldest = operators_ ? oldest_unproven(nullptr, true) : nullptr;
  return (!oldest || is_of_age(*oldest))
         && free_one(nullptr, limit::descriptors, out);
}

// Whoever proves nothing gives way to the next such peer, of its own address
// if that has too many, so that no address shuts out others.
void gate::limit_unproven(const detail::gate_house& house, bool trusted,
                          limit kind, victims& out) {
  // More than one at a time, as those that were spared come of age later.
  for (int i = 0; i < most_at_once; ++i) {
    place* oldest = nullptr;
    if (!trusted && house.unproven >= limits_.unauthenticated_per_address)
      oldest = oldest_unproven(&house, false);
    else if (unproven_count_ >= limits_.unauthenticated)
      oldest = oldest_unproven(nullptr, false);
    if (!oldest
        || (oldest->counts_ && !is_of_age(*oldest)))
      return;
    out.push_back({oldest->weak_from_this(), kind});
    forget(*oldest);
  }
}

// -- making room --------------------------------------------------------------

bool gate::free_one(const detail::gate_house* of, limit kind, victims& out) {
  auto* found = oldest_unproven(of, true);
  if (!found)
    found = of ? oldest_idle_of(*of) : oldest_idle();
  if (!found)
    return false;
  out.push_back({found->weak_from_this(), kind});
  forget(*found);
  return true;
}

bool gate::is_of_age(const place& unproven) noexcept {
  return coarse_now() - unproven.since_ >= silent_time;
}

place* gate::oldest_unproven(const detail::gate_house* of, bool connection) {
  for (auto& one : unproven_)
    if ((!of || one.house_ == of) && (one.counts_ || !connection))
      return &one;
  return nullptr;
}

place* gate::oldest_idle_of(const detail::gate_house& of) {
  place* oldest = nullptr;
  for (auto& one : visitors_)
    if (one.house_ == &of && one.is() == standing::idle
        && (!oldest || one.since_ < oldest->since_))
      oldest = &one;
  return oldest;
}

place* gate::oldest_idle() {
  if (idle_.empty())
    find_idle();
  while (!idle_.empty()) {
    const auto [since, who] = idle_.back();
    idle_.pop_back();
    if (who->is() == standing::idle && who->since_ == since)
      return who;
  }
  return nullptr;
}

void gate::find_idle() {
  const auto now = clock_type::now();
  if (now - idle_found_ < idle_pause)
    return;
  idle_found_ = now;
  for (auto& one : visitors_)
    if (one.is() == standing::idle)
      idle_.emplace_back(one.since_, &one);
  const auto most = std::min(idle_.size(), idle_batch);
  std::partial_sort(
    idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(most),
    idle_.end(),
    [](const auto& x, const auto& y) { return x.first < y.first; });
  idle_.resize(most);
  std::reverse(idle_.begin(), idle_.end());
}

void gate::evict(const victims& some) {
  for (const auto& gone : some) {
    const auto place = gone.holder.lock();
    if (!place)
      continue;
    place->gate_->to_->on_limit(gone.kind, place->peer(), describe(gone.kind));
    place->unit_.post([place] {
      if (const auto evict = place->evict_)
        evict();
    });
  }
}

// -- counts -------------------------------------------------------------------

void gate::forget(place& place) {
  if (!place.house_)
    return;
  auto& house = *std::exchange(place.house_, nullptr);
  assert(house.connections >= place.counts_
         && house.unproven >= place.unproven_);
  assert(connections_ >= place.counts_ && unproven_count_ >= place.unproven_);
  house.connections -= place.counts_;
  connections_ -= place.counts_;
  house.unproven -= place.unproven_;
  unproven_count_ -= place.unproven_;
  place.counts_ = place.unproven_ = false;
  place.unlink();
  std::erase_if(idle_, [&](const auto& one) { return one.second == &place; });
  if (house.connections + house.unproven == 0)
    vacant_.push_back(house.name);
}

// Houses stay until then, because a visitor may be at their door.
void gate::tidy() {
  for (const auto& name : vacant_)
    if (const auto i = houses_.find(name);
        i != houses_.end() && i->second.connections + i->second.unproven == 0)
      houses_.erase(i);
  vacant_.clear();
}

void gate::on_end(place& place) {
  std::lock_guard guard{mutex_};
  forget(place);
  tidy();
}

void gate::update(place& place, standing now) {
  std::lock_guard guard{mutex_};
  if (!place.house_)
    return; // made room, and is about to close
  if (now == standing::agent) {
    forget(place);
    return tidy();
  }
  const bool unproven = now == standing::silent || now == standing::proving;
  if (unproven == place.unproven_)
    return;
  place.unproven_ = unproven;
  place.house_->unproven += unproven ? 1 : -1;
  unproven_count_ += unproven ? 1 : -1;
  place.unlink();
  (unproven ? unproven_ : visitors_).push_back(place);
}

} // namespace aps
