#include "actors/base/login_desk.hpp"

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
  while (threads_.size() < workers_)
    threads_.emplace_back([this] { run(); });
  more_.notify_one();
  return true;
}

void login_desk::stop() {
  std::vector<std::thread> threads;
  decltype(waiting_) dropped;
  {
    const std::lock_guard guard{mutex_};
    over_ = true;
    threads.swap(threads_);
    dropped.swap(waiting_);
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
    if (turns_.empty()) {
      more_.wait(guard);
      continue;
    }
    const auto i = waiting_.find(turns_.front());
    auto work = std::move(i->second.front());
    i->second.pop_front();
    --count_;
    if (i->second.empty())
      waiting_.erase(i);
    else
      turns_.push_back(turns_.front());
    turns_.pop_front();
    guard.unlock();
    work();
    work = nullptr;
    guard.lock();
  }
}

} // namespace aps
