#include "actors/base/access/login_desk.hpp"

#include <utility>

namespace aps {

login_desk::~login_desk() {
  stop();
}

bool login_desk::add(const std::string& address, std::function<void()> work) {
  const std::lock_guard guard{mutex_};
  if (over_ || count_ >= most_waiting)
    return false;
  auto& mine = waiting_[address];
  if (mine.size() >= most_of_address)
    return false;
  if (mine.empty())
    turns_.push_back(address);
  mine.push_back(std::move(work));
  ++count_;
  start_threads();
  more_.notify_one();
  return true;
}

bool login_desk::add_late(time_point due, std::function<void()> work) {
  const std::lock_guard guard{mutex_};
  if (over_)
    return false;
  const auto added = late_.emplace(due, std::move(work));
  start_threads();
  if (added == late_.begin())
    more_.notify_one();
  return true;
}

void login_desk::start_threads() {
  while (threads_.size() < workers_)
    threads_.emplace_back([this] { run(); });
}

void login_desk::stop() {
  std::vector<std::thread> threads;
  decltype(waiting_) dropped;
  decltype(late_) dropped_late;
  {
    const std::lock_guard guard{mutex_};
    over_ = true;
    threads.swap(threads_);
    dropped.swap(waiting_);
    dropped_late.swap(late_);
    turns_.clear();
    count_ = 0;
    more_.notify_all();
  }
  for (auto& thread : threads)
    thread.join();
}

void login_desk::run() {
  std::unique_lock guard{mutex_};
  while (!over_) {
    auto work = next(clock_type::now());
    if (!work) {
      if (late_.empty())
        more_.wait(guard);
      else
        more_.wait_until(guard, time_point{late_.begin()->first});
      continue;
    }
    guard.unlock();
    work();
    work = nullptr;
    guard.lock();
  }
}

// Null = nothing is to be done now.
std::function<void()> login_desk::next(time_point now) {
  if (!late_.empty() && late_.begin()->first <= now)
    return std::move(late_.extract(late_.begin()).mapped());
  if (turns_.empty())
    return nullptr;
  const auto i = waiting_.find(turns_.front());
  auto work = std::move(i->second.front());
  i->second.pop_front();
  --count_;
  if (i->second.empty())
    waiting_.erase(i);
  else
    turns_.push_back(turns_.front());
  turns_.pop_front();
  return work;
}

} // namespace aps
