#include "transports/net/io_unit.hpp"

#include "transports/net/names/resolver.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cassert>
#include <exception>
#include <future>
#include <utility>

namespace aps {

namespace {

// Names that may hang at once before others have to wait.
constexpr size_t target_threads = 32;
constexpr size_t node_threads = 8;

} // namespace

io_unit::io_unit(size_t index, std::shared_ptr<exception_watch> watch)
    : index_(index), exceptions_(std::move(watch)), work_(context_.get_executor()), tick_(context_) {}

io_unit::~io_unit() {
  stop();
}

void io_unit::start() {
  assert(!thread_.joinable());
  thread_ = std::thread([this] {
    thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    run();
  });
}

// The loop goes on behind an exception: `run` may be called again at once
// (Asio, "Effect of exceptions thrown from handlers").
void io_unit::run() {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (...) {
      on_exception();
    }
  }
}

std::string io_unit::on_exception() noexcept {
  assert(std::current_exception());
  auto text = text_of_exception();
  if (exceptions_)
    exceptions_->tell(text);
  return text;
}

void io_unit::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable())
    thread_.join();
}

void io_unit::let_go() {
  assert(!thread_.joinable());
  context_.shutdown();
}

// Asio keeps what its own thread posts apart until the handler is over, so only
// a post of its own comes behind that.
void io_unit::run_dry() {
  for (int round = 0; round < 2; ++round) {
    std::promise<void> done;
    post([this, &done] {
      boost::asio::post(context_, [&done] { done.set_value(); });
    });
    done.get_future().wait();
  }
}

// Asio keeps no order between what its own thread and others post.
void io_unit::post(std::function<void()> work) {
  {
    const std::lock_guard guard{mutex_};
    posted_.push_back(std::move(work));
    if (posted_.size() > 1)
      return;
  }
  boost::asio::post(context_, [this] { run_posted(); });
}

// What comes meanwhile takes its turn behind the sockets.
void io_unit::run_posted() {
  assert(turn_.empty());
  {
    const std::lock_guard guard{mutex_};
    turn_.swap(posted_);
  }
  for (auto& work : turn_) {
    try {
      std::exchange(work, nullptr)();
    } catch (...) {
      on_exception();
    }
  }
  turn_.clear();
}

bool io_unit::on_thread() const noexcept {
  return thread_id_.load(std::memory_order_relaxed)
         == std::this_thread::get_id();
}

time_point io_unit::now() const noexcept {
  return clock_type::now();
}

resolver& io_unit::target_names() {
  if (!target_names_)
    target_names_ = make_resolver(target_threads);
  return *target_names_;
}

resolver& io_unit::node_names() {
  if (!node_names_)
    node_names_ = make_resolver(node_threads);
  return *node_names_;
}

std::shared_ptr<resolver> io_unit::make_resolver(size_t threads) {
  return std::make_shared<resolver>(*this,
                                    dns_.empty()
                                      ? make_system_names(*this, threads)
                                      : make_dns(*this, dns_));
}

void io_unit::watch(std::weak_ptr<watched> client) {
  watched_.push_back(std::move(client));
  if (!ticking_)
    arm_tick();
}

void io_unit::arm_tick() {
  assert(!watched_.empty());
  ticking_ = true;
  tick_.expires_after(tick_interval);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error)
      run_tick();
  });
}

void io_unit::tick(watched& client, time_point now) {
  try {
    client.on_tick(now);
  } catch (...) {
    client.on_exception(on_exception());
  }
}

void io_unit::run_tick() {
  const auto now = clock_type::now();
  // on_tick may add watchers, so no iterator survives a call.
  for (size_t i = 0; i < watched_.size(); ++i)
    if (auto client = watched_[i].lock())
      tick(*client, now);
  std::erase_if(watched_, [](const auto& client) { return client.expired(); });
  if (watched_.empty())
    ticking_ = false;
  else
    arm_tick();
}

} // namespace aps
