#pragma once

#include "transports/seam/executor.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aps {

/// Does what takes a while, such as looking at a password, on threads of its
/// own and for one address after the other, so that a stranger's wishes delay
/// nobody else's by more than one each. Only so many may wait, of one address
/// and of all. It also tells those who guess what is known already, but not
/// before a given time. The threads begin with the first work. Thread: any.
class login_desk {
 public:
  static constexpr size_t most_waiting = 256;
  static constexpr size_t most_of_address = 16;

  explicit login_desk(size_t workers) : workers_(workers) {}

  /// As `stop`.
  ~login_desk();

  login_desk(const login_desk&) = delete;
  login_desk& operator=(const login_desk&) = delete;

  /// Does `work` soon, which must not throw; false = too many wait, or it
  /// stopped.
  bool add(const std::string& address, std::function<void()> work);

  /// Does `work`, which takes no time, at `due` or soon after it; false = it
  /// stopped.
  bool add_late(time_point due, std::function<void()> work);

  /// Joins the threads; what waits is dropped.
  void stop();

 private:
  void start_threads();
  void run();
  std::function<void()> next(time_point now);

  const size_t workers_;
  std::mutex mutex_;
  std::condition_variable more_;
  // By mutex.
  std::map<std::string, std::deque<std::function<void()>>> waiting_;
  std::deque<std::string> turns_; ///< the addresses of `waiting_`
  size_t count_ = 0;
  std::multimap<time_point, std::function<void()>> late_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

} // namespace aps
