#include "transports/net/admission/gate.hpp"

#include "transports/seam/peer_address.hpp"

#include <algorithm>
#include <cassert>
#include <ctime>
#include <utility>

namespace aps {

namespace {

// Looking for idle connections means looking at all of them, so some are
// remembered, and a search that found hardly any is not repeated at once.
constexpr size_t idle_batch = 64;
constexpr size_t few_idle = 8;
constexpr std::chrono::milliseconds idle_pause{100};

constexpr int most_at_once = 4;

// Operators who have not shown their token have this part of the reserve.
constexpr size_t strangers_of_reserve = 4;

// Polling links that prove nothing, of one address.
constexpr double link_burst = 250;
constexpr double links_per_second = 25;

// What an address may begin at once, in seconds of its rate of handshakes.
constexpr double handshake_burst = 10;

std::optional<address_rate> handshakes_of(const connection_limits& limits) {
  const double rate = limits.handshakes_per_address;
  if (rate == 0)
    return {};
  return address_rate{rate * handshake_burst, rate};
}

constexpr limit limit_of(crowd those) noexcept {
  return those == crowd::links ? limit::poll_links : limit::unauthenticated;
}

std::string_view describe(limit kind) {
  switch (kind) {
    case limit::unauthenticated:
      return "connections that prove nothing; the oldest was closed";
    case limit::poll_links:
      return "polling links that prove nothing; one was closed or refused";
    case limit::address_connections: return "connections of one address";
    case limit::handshake_rate: return "TLS handshakes of one address";
    case limit::descriptors:
      return "no descriptors but the reserve for agents and operators";
    default: return "connections in total";
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
    since_.store(gate_->now_(), std::memory_order_relaxed);
  // Nobody else writes it: no read-modify-write.
  const auto before = standing_.load(std::memory_order_relaxed);
  standing_.store(now, std::memory_order_relaxed);
  const bool visitor = before == standing::idle || before == standing::busy;
  const bool stays = now == standing::idle || now == standing::busy;
  if (before != now && !(visitor && stays))
    gate_->update(*this, now);
}

bool place::take_descriptor() {
  return gate_->add_descriptor(*this, 1);
}

void place::return_descriptor() {
  gate_->add_descriptor(*this, -1);
}

bool place::still_reserved(int fd) {
  if (reserved_ && left_descriptor_reserve(fd)) {
    reserved_ = false;
    loan_.take(fd);
  }
  return reserved_;
}

// -- gate ---------------------------------------------------------------------

int64_t coarse_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

gate::gate(const connection_limits& limits, front_ptr to, bool operators,
           int64_t (*now)() noexcept)
    : limits_(limits), trusted_(limits.trusted), to_(std::move(to)),
      operators_(operators), now_(now),
      link_rate_(link_burst, links_per_second),
      handshake_rate_(handshakes_of(limits)) {
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
  return connections_now();
}

size_t gate::unproven() const {
  std::lock_guard guard{mutex_};
  return members_[size_t(crowd::strangers)] + members_[size_t(crowd::links)];
}

size_t gate::connections_now() const noexcept {
  return members_[size_t(crowd::strangers)] + members_[size_t(crowd::visitors)];
}

detail::gate_house& gate::house_of(std::string_view ip) {
  auto name = peer_group(ip);
  auto& found = houses_[name];
  found.name = std::move(name);
  return found;
}

gate::entry gate::enter(executor& unit, newcomer arrival) {
  auto fresh = std::make_shared<place>(shared_from_this(), unit,
                                       std::move(arrival.peer));
  const bool exempt = arrival.passes_on || trusted_.contains(arrival.ip);
  fresh->exempt_ = exempt;
  victims gone;
  std::optional<no_room> refusal;
  // Behind all doors, so before this one's mutex is taken.
  const bool scarce
    = in_descriptor_reserve(arrival.fd) && !take_of_reserve(arrival.fd, gone);
  {
    std::lock_guard guard{mutex_};
    auto& house = house_of(arrival.ip);
    vacant_.push_back(house.name); // unless somebody moves in
    if (scarce && !enter_reserve(*fresh, arrival.fd, gone))
      refusal = no_room{limit::descriptors, false};
    else if (const auto full = make_room_in(house, exempt, gone))
      refusal = no_room{*full, true};
    if (!refusal) {
      limit_unproven(house, exempt, crowd::strangers, gone);
      settle(*fresh, house, standing::silent);
    }
    tidy();
  }
  if (!refusal && !fresh->reserved() && !operators_)
    fresh->loan_.take(arrival.fd);
  evict(gone);
  if (!refusal)
    return {std::move(fresh), std::nullopt};
  to_->on_limit(refusal->kind, fresh->peer(), describe(refusal->kind));
  return {nullptr, refusal};
}

// It may be an agent; or an operator, of which few are kept before they show
// their token.
bool gate::enter_reserve(place& place, int fd, victims& out) {
  place.reserved_ = !operators_;
  if (!operators_)
    return !deep_in_descriptor_reserve(fd);
  const auto most
    = std::max<size_t>(1, descriptor_reserve() / strangers_of_reserve);
  for (int i = 0; i < most_at_once; ++i)
    if (members_of(crowd::strangers) < most
        || !free_one(nullptr, limit::descriptors, out))
      break;
  return true;
}

// Why a connection of this address cannot be one more.
std::optional<limit> gate::make_room_in(const detail::gate_house& house,
                                        bool exempt, victims& out) {
  const bool full = house.connections() >= limits_.per_address
                    || house.descriptors >= descriptor_share(address_percent);
  if (!exempt && full && !free_one(&house, limit::address_connections, out))
    return limit::address_connections;
  if (connections_now() >= limits_.total
      && !free_one(nullptr, limit::connections, out))
    return limit::connections;
  return std::nullopt;
}

place_ptr gate::enter_link(executor& unit, std::string peer) {
  auto fresh
    = std::make_shared<place>(shared_from_this(), unit, std::move(peer));
  const auto ip = address_of(fresh->peer());
  const bool exempt = fresh->exempt_ = trusted_.contains(ip);
  victims gone;
  bool room = false;
  {
    std::lock_guard guard{mutex_};
    auto& house = house_of(ip);
    vacant_.push_back(house.name); // as above
    fresh->descriptors_ = 0;
    room = (exempt || link_rate_.admit(house.name, now()))
           && limit_unproven(house, exempt, crowd::links, gone);
    if (room)
      settle(*fresh, house, standing::linking);
    tidy();
  }
  evict(gone);
  if (room)
    return fresh;
  to_->on_limit(limit::poll_links, fresh->peer(), describe(limit::poll_links));
  return nullptr;
}

bool gate::may_shake_hands(place& on) {
  if (!handshake_rate_ || on.exempt_)
    return true;
  {
    std::lock_guard guard{mutex_};
    if (handshake_rate_->admit(peer_group(address_of(on.peer())), now()))
      return on.took_turn_ = true;
  }
  to_->on_limit(limit::handshake_rate, on.peer(),
                describe(limit::handshake_rate));
  return false;
}

void gate::settle(place& place, detail::gate_house& house, standing now) {
  assert(!place.house_);
  place.house_ = &house;
  place.standing_ = now;
  place.crowd_ = row_of(now).crowd;
  place.since_ = now_();
  count(place, 1);
  list_of(place.crowd_).push_back(place);
}

void gate::make_room() {
  victims gone;
  if (!free_anywhere(gone))
    to_->on_limit(limit::descriptors, {}, describe(limit::descriptors));
  evict(gone);
}

bool gate::make_way(int fd) {
  victims gone;
  const bool out = take_of_reserve(fd, gone);
  evict(gone);
  return out;
}

// One goes for the newcomer, and another one, if there is any, so that what is
// lent comes back.
bool gate::take_of_reserve(int fd, victims& out) {
  if (!free_anywhere(out))
    return false;
  free_anywhere(out);
  return may_lend_descriptor(fd);
}

bool gate::free_anywhere(victims& out) {
  std::lock_guard guard{gates().mutex};
  return std::any_of(gates().list.begin(), gates().list.end(),
                     [&](gate* one) { return one->free_descriptor(out); });
}

// An operator who came just now has asked already, most likely.
bool gate::free_descriptor(victims& out) {
  std::lock_guard guard{mutex_};
  const auto* first
    = operators_ ? first_of(crowd::strangers, nullptr) : nullptr;
  return (!first || !is_young(*first))
         && free_one(nullptr, limit::descriptors, out);
}

// -- making room --------------------------------------------------------------

// Whoever proves nothing gives way to the next such peer, of its own address
// if that has too many, else of the one that has most. False = they are too
// many all the same, as they are young; connections then have room up to twice
// the limit.
bool gate::limit_unproven(const detail::gate_house& house, bool exempt,
                          crowd those, victims& out) {
  const auto& here = house.members[size_t(those)];
  // More than one at a time, as those that were spared come of age later.
  for (int i = 0; i < most_at_once; ++i) {
    const bool own = !exempt && here >= limits_.unauthenticated_per_address;
    const bool all = members_of(those) >= limits_.unauthenticated
                     || (those == crowd::strangers && !strangers_may_have(1));
    if (!own && !all)
      return true;
    const bool spare
      = members_of(those) < 2 * limits_.unauthenticated
        && (exempt || here < 2 * limits_.unauthenticated_per_address);
    if (!push_out(those, own ? &house : nullptr, house, spare, out))
      return false;
  }
  return true;
}

bool gate::strangers_may_have(size_t more) const noexcept {
  return stranger_descriptors_ + more <= descriptor_share(stranger_percent);
}

// The first of `from`, or of all, goes for one of `house`.
bool gate::push_out(crowd those, const detail::gate_house* from,
                    const detail::gate_house& house, bool spare, victims& out) {
  auto* first = first_of(those, from);
  if (!first)
    return false;
  const bool has_more
    = first->house_->members[size_t(those)] > house.members[size_t(those)] + 1;
  if (spare && is_young(*first) && !has_more)
    return false;
  out.push_back({first->weak_from_this(), limit_of(those)});
  forget(*first);
  return true;
}

bool gate::free_one(const detail::gate_house* of, limit kind, victims& out) {
  auto* found = first_of(crowd::strangers, of);
  if (!found)
    found = of ? oldest_idle_of(*of) : oldest_idle();
  if (!found)
    return false;
  out.push_back({found->weak_from_this(), kind});
  forget(*found);
  return true;
}

bool gate::is_young(const place& unproven) const noexcept {
  return now_() - unproven.since_ < row_of(unproven.is()).spared.count();
}

// The oldest of the address that has most of them; of `house` alone if given.
place* gate::first_of(crowd those, const detail::gate_house* house) {
  place* found = nullptr;
  for (auto& one : list_of(those)) {
    if (house && one.house_ != house)
      continue;
    if (!found
        || one.house_->members[size_t(those)]
             > found->house_->members[size_t(those)])
      found = &one;
    if (house)
      break;
  }
  return found;
}

place* gate::oldest_idle_of(const detail::gate_house& of) {
  place* oldest = nullptr;
  for (auto& one : list_of(crowd::visitors))
    if (one.house_ == &of && one.is() == standing::idle
        && (!oldest || one.since_ < oldest->since_))
      oldest = &one;
  return oldest;
}

place* gate::oldest_idle() {
  if (idle_.empty())
    find_idle();
  while (!idle_.empty()) {
    const auto [since, guest] = idle_.back();
    idle_.pop_back();
    if (guest->is() == standing::idle && guest->since_ == since)
      return guest;
  }
  return nullptr;
}

void gate::find_idle() {
  const auto now = clock_type::now();
  if (now - idle_found_ < idle_pause)
    return;
  for (auto& one : list_of(crowd::visitors))
    if (one.is() == standing::idle)
      idle_.emplace_back(one.since_, &one);
  if (idle_.size() < few_idle)
    idle_found_ = now;
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
      if (place->is() == standing::busy)
        place->gate_->take_back(*place);
    });
  }
}

// It stays until it is done, and so it counts.
void gate::take_back(place& place) {
  std::lock_guard guard{mutex_};
  if (!place.house_)
    settle(place, house_of(address_of(place.peer())), place.is());
}

// -- counts -------------------------------------------------------------------

// Adds it to the counts, or with -1 takes it away.
void gate::count(place& place, int one) noexcept {
  const auto some = static_cast<size_t>(one);
  auto& house = *place.house_;
  assert(one > 0
         || (house.members[size_t(place.crowd_)] > 0
             && house.descriptors >= place.descriptors_
             && members_of(place.crowd_) > 0));
  house.members[size_t(place.crowd_)] += some;
  house.descriptors += some * place.descriptors_;
  members_of(place.crowd_) += some;
  if (place.crowd_ == crowd::strangers)
    stranger_descriptors_ += some * place.descriptors_;
}

// The same for one descriptor more, or with -1 fewer, of who is counted.
bool gate::add_descriptor(place& place, int one) {
  std::lock_guard guard{mutex_};
  if (!place.house_)
    return one < 0; // it makes room already
  auto& house = *place.house_;
  const bool full = house.descriptors >= descriptor_share(address_percent);
  if (one > 0 && full && !place.exempt_)
    return false;
  assert(one > 0 || place.descriptors_ > 0);
  const auto some = static_cast<size_t>(one);
  place.descriptors_ += some;
  house.descriptors += some;
  if (place.crowd_ == crowd::strangers)
    stranger_descriptors_ += some;
  return true;
}

void gate::forget(place& place) {
  if (!place.house_)
    return;
  count(place, -1);
  const auto& house = *std::exchange(place.house_, nullptr);
  place.unlink();
  std::erase_if(idle_, [&](const auto& one) { return one.second == &place; });
  if (house.vacant())
    vacant_.push_back(house.name);
}

// Houses stay until then, because a visitor may be at their door.
void gate::tidy() {
  for (const auto& name : vacant_)
    if (const auto i = houses_.find(name);
        i != houses_.end() && i->second.vacant())
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
  const auto joins = row_of(now).crowd;
  if (joins == crowd::agents) {
    if (place.crowd_ == crowd::links)
      link_rate_.give_back(place.house_->name);
    if (std::exchange(place.took_turn_, false))
      handshake_rate_->give_back(place.house_->name);
    forget(place);
    return tidy();
  }
  if (joins == place.crowd_)
    return;
  count(place, -1);
  place.crowd_ = joins;
  count(place, 1);
  if (joins == crowd::strangers)
    place.since_ = now_();
  place.unlink();
  list_of(joins).push_back(place);
}

} // namespace aps
