#include "tools/log_sink.hpp"

#include <spdlog/pattern_formatter.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <string>
#include <thread>
#include <unistd.h>

namespace aps::host {

struct log_sink::shared {
  shared(int to, log_component teller) : fd(to), from(teller) {}

  /// Whether the queue is empty and nothing is being written.
  bool idle() const { return queue.empty() && !writing; }

  /// Puts the line about missing lines in front of what is queued.
  void tell_dropped();

  const int fd;
  const log_component from;
  std::atomic<uint64_t> dropped{0};
  std::mutex mutex;
  // By mutex:
  std::condition_variable more;
  std::condition_variable less;
  std::string queue;
  std::unique_ptr<spdlog::formatter> formatter
    = std::make_unique<spdlog::pattern_formatter>();
  uint64_t told = 0; ///< of `dropped`, what a line said already
  bool writing = false;
  bool over = false;
};

namespace {

uint64_t lines_in(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Returns how much of `text` was written; less than all means an error that
// another try will not mend at once.
size_t write_to(int fd, std::string_view text) {
  size_t done = 0;
  while (done < text.size()) {
    const auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n > 0)
      done += static_cast<size_t>(n);
    else if (n < 0 && errno == EINTR)
      continue;
    else if (n < 0 && errno == EAGAIN) // somebody made it non-blocking
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    else
      break;
  }
  return done;
}

} // namespace

log_sink::log_sink(int fd, log_component from)
    : shared_(std::make_shared<shared>(fd, from)) {
  // Signals are for the main thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread{[state = shared_] { write_all(state); }}.detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

log_sink::~log_sink() {
  flush_();
  const std::lock_guard guard{shared_->mutex};
  shared_->over = true;
  shared_->more.notify_one();
}

uint64_t log_sink::dropped() const noexcept {
  return shared_->dropped;
}

void log_sink::sink_it_(const spdlog::details::log_msg& line) {
  spdlog::memory_buf_t text;
  formatter_->format(line, text);
  const std::lock_guard guard{shared_->mutex};
  if (shared_->queue.size() + text.size() > max_queued_bytes) {
    ++shared_->dropped;
    return;
  }
  shared_->queue.append(text.data(), text.size());
  shared_->more.notify_one();
}

void log_sink::set_formatter_(std::unique_ptr<spdlog::formatter> formatter) {
  {
    const std::lock_guard guard{shared_->mutex};
    shared_->formatter = formatter->clone();
  }
  base_sink::set_formatter_(std::move(formatter));
}

void log_sink::shared::tell_dropped() {
  const auto lost = dropped.load();
  if (lost == told)
    return;
  const auto sentence = std::string(tag_of(from)) + " "
                        + std::to_string(lost - told)
                        + " lines are missing here, they could not be written";
  spdlog::memory_buf_t line;
  formatter->format({"aps", spdlog::level::warn, sentence}, line);
  queue.insert(0, line.data(), line.size());
  told = lost;
}

void log_sink::flush_() {
  std::unique_lock guard{shared_->mutex};
  shared_->less.wait_for(guard, flush_time, [&] { return shared_->idle(); });
}

void log_sink::write_all(const std::shared_ptr<shared>& state) {
  std::string text;
  std::unique_lock guard{state->mutex};
  for (;;) {
    state->more.wait(guard,
                     [&] { return state->over || !state->queue.empty(); });
    if (state->queue.empty())
      return;
    text.clear();
    text.swap(state->queue);
    state->writing = true;
    guard.unlock();
    const auto done = write_to(state->fd, text);
    state->dropped += lines_in(std::string_view{text}.substr(done));
    guard.lock();
    state->writing = false;
    if (done == text.size())
      state->tell_dropped();
    if (state->idle())
      state->less.notify_all();
  }
}

} // namespace aps::host
