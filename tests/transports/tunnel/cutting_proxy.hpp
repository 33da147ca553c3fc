#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace aps::test {

/// A piece of bytes on its way through a connection.
struct passage {
  size_t connection = 0; ///< counted from 0 in the order of acceptance
  bool up = false;       ///< from the client to the server
  size_t before = 0;     ///< bytes of this direction that went before
  std::string_view bytes;
};

/// What becomes of it.
struct verdict {
  enum { pass, cut, swallow } what = pass;
  size_t bytes = 0; ///< cut: so many still go, then the connection is reset
};

/// A TCP relay that breaks connections as it is told, like a middlebox in a
/// bad mood. One thread per connection.
class cutting_proxy {
 public:
  using censor = std::function<verdict(const passage&)>;

  /// `judge` is called on several threads, one call at a time. After
  /// `swallow` the connection stays open, but nothing passes any more.
  explicit cutting_proxy(uint16_t to, censor judge = {});
  ~cutting_proxy();

  uint16_t port() const noexcept { return port_; }
  size_t accepted() const noexcept { return accepted_; }

  /// Resets every connection there is.
  void cut_all();

 private:
  struct relay {
    size_t index;
    int client;
    int server;
    bool cut = false; // by mutex_
    std::thread thread;
  };

  void accept_all();
  void run(relay& what);
  bool forward(relay& what, bool up, size_t& before, bool& swallows);

  const uint16_t to_;
  const censor judge_;
  int fd_ = -1;
  uint16_t port_ = 0;
  std::atomic<size_t> accepted_{0};
  std::mutex mutex_;
  std::list<relay> relays_; // by mutex_
  std::mutex judge_mutex_;
  std::thread acceptor_;
};

} // namespace aps::test
