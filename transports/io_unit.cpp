#include "transports/io_unit.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace aps {

io_unit::io_unit(size_t index)
    : index_(index), work_(context_.get_executor()), tick_(context_) {}

io_unit::~io_unit() {
  stop();
}

void io_unit::start() {
  thread_ = std::thread([this] {
    thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    context_.run();
  });
}

void io_unit::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable())
    thread_.join();
}

void io_unit::post(std::function<void()> work) {
  boost::asio::post(context_, std::move(work));
}

bool io_unit::on_thread() const noexcept {
  return thread_id_.load(std::memory_order_relaxed)
         == std::this_thread::get_id();
}

time_point io_unit::now() const noexcept {
  return clock_type::now();
}

void io_unit::watch(std::weak_ptr<watched> who) {
  watched_.push_back(std::move(who));
  if (!ticking_)
    arm_tick();
}

void io_unit::arm_tick() {
  ticking_ = true;
  tick_.expires_after(tick_interval);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error)
      run_tick();
  });
}

void io_unit::run_tick() {
  const auto now = clock_type::now();
  // on_tick may add watchers, so no iterator survives a call.
  for (size_t i = 0; i < watched_.size(); ++i)
    if (auto who = watched_[i].lock())
      who->on_tick(now);
  std::erase_if(watched_, [](const auto& who) { return who.expired(); });
  if (watched_.empty())
    ticking_ = false;
  else
    arm_tick();
}

} // namespace aps
