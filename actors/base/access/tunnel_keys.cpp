#include "actors/base/access/tunnel_keys.hpp"

#include "transports/seam/auth.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace aps {

namespace {

// Thousands of keys must not slow requests down, but a dial may come to wait
// for the one that is being derived.
constexpr int rest_nice = 10;

} // namespace

tunnel_keys::tunnel_keys(size_t workers) : threadless_(workers == 0) {
  if (workers == 0)
    return;
  for (size_t i = 0; i < workers; ++i)
    threads_.emplace_back([this] { work(false); });
  threads_.emplace_back([this] {
    // A thread has a nice value of its own (setpriority(2), "C library/kernel
    // differences").
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)),
                  rest_nice);
    work(true);
  });
}

tunnel_keys::~tunnel_keys() {
  stop();
}

void tunnel_keys::set(const key_owner& owner, const std::string& password) {
  const std::lock_guard guard{mutex_};
  const auto [i, fresh] = all_.try_emplace(owner);
  auto& item = i->second;
  if (!fresh && item.password == password)
    return;
  if (fresh || item.key)
    ++missing_;
  item.password = password;
  item.key = nullptr;
  rest_.push_back(&*i);
  more_.notify_all();
}

void tunnel_keys::set_key(const key_owner& owner, const std::string& key) {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard guard{mutex_};
    const auto [i, fresh] = all_.try_emplace(owner);
    auto& item = i->second;
    if (!fresh && !item.key)
      --missing_;
    item.password.clear();
    item.key = std::make_shared<const std::string>(key);
    waiting.swap(item.waiting);
  }
  for (const auto& ready : waiting)
    ready();
}

std::shared_ptr<const std::string> tunnel_keys::find(const key_owner& owner) {
  std::unique_lock guard{mutex_};
  const auto i = all_.find(owner);
  if (i == all_.end())
    return nullptr;
  if (!i->second.key && threadless_ && !over_)
    derive(*i, guard);
  return i->second.key;
}

bool tunnel_keys::complete() {
  const std::lock_guard guard{mutex_};
  return threadless_ || missing_ == 0;
}

bool tunnel_keys::wait(const key_owner& owner, const std::string& address,
                       std::function<void()> ready) {
  {
    const std::lock_guard guard{mutex_};
    const auto i = all_.find(owner);
    if (i == all_.end() || over_)
      return false;
    auto& item = i->second;
    if (!item.key) {
      if (item.waiting.size() >= max_waiting)
        return false;
      item.waiting.push_back(std::move(ready));
      if (!item.busy)
        wish(*i, address);
      return true;
    }
  }
  ready();
  return true;
}

void tunnel_keys::stop() {
  table dropped;
  {
    const std::lock_guard guard{mutex_};
    over_ = true;
    more_.notify_all();
  }
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
  const std::lock_guard guard{mutex_};
  wishes_.clear();
  turns_.clear();
  rest_.clear();
  dropped.swap(all_);
}

void tunnel_keys::work(bool rest) {
  std::unique_lock guard{mutex_};
  while (!over_) {
    if (auto* item = next(rest))
      derive(*item, guard);
    else
      more_.wait(guard);
  }
}

void tunnel_keys::wish(table::value_type& item, const std::string& address) {
  auto& mine = wishes_[address];
  if (mine.size() >= max_wishes
      || std::find(mine.begin(), mine.end(), &item) != mine.end())
    return;
  if (mine.empty())
    turns_.push_back(address);
  mine.push_back(&item);
  more_.notify_all();
}

tunnel_keys::table::value_type* tunnel_keys::next_wanted() {
  while (!turns_.empty()) {
    const auto i = wishes_.find(turns_.front());
    auto* item = i->second.front();
    i->second.pop_front();
    if (i->second.empty())
      wishes_.erase(i);
    else
      turns_.push_back(turns_.front());
    turns_.pop_front();
    if (!item->second.key && !std::exchange(item->second.busy, true))
      return item;
  }
  return nullptr;
}

tunnel_keys::table::value_type* tunnel_keys::next(bool rest) {
  if (auto* item = next_wanted())
    return item;
  while (rest && !rest_.empty()) {
    auto* item = rest_.front();
    rest_.pop_front();
    if (!item->second.key && !std::exchange(item->second.busy, true))
      return item;
  }
  return nullptr;
}

void tunnel_keys::derive(table::value_type& item,
                         std::unique_lock<std::mutex>& guard) {
  const auto password = item.second.password;
  guard.unlock();
  std::shared_ptr<const std::string> key;
  try {
    key = std::make_shared<const std::string>(
      derive_key(item.first.tunnel, password));
  } catch (const std::exception&) {
    // Out of memory. Whoever waits is refused in time; the next one asks anew.
  }
  guard.lock();
  item.second.busy = false;
  if (item.second.key)
    return;                               // it was given meanwhile
  if (item.second.password != password) { // another one by now
    rest_.push_back(&item);
    return more_.notify_all();
  }
  item.second.key = std::move(key);
  missing_ -= item.second.key != nullptr;
  const auto waiting = std::exchange(item.second.waiting, {});
  if (!item.second.key || waiting.empty())
    return;
  guard.unlock();
  for (const auto& ready : waiting)
    ready();
  guard.lock();
}

} // namespace aps
