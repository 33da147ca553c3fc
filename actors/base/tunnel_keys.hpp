#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aps {

/// The keys of a node's tunnels. Deriving one takes some 50 ms of a core, so
/// it happens once per tunnel, on threads of its own: those that somebody
/// waits for first, in the order of asking, then the rest at the lowest
/// priority. A stranger can at most have each tunnel's key derived once.
/// Thread: any.
class tunnel_keys {
 public:
  /// How many may wait for one tunnel's key.
  static constexpr size_t max_waiting = 1024;

  /// `workers` derive what is waited for. 0 = no threads: `find` derives, for
  /// deterministic tests.
  explicit tunnel_keys(size_t workers);

  /// As `stop`.
  ~tunnel_keys();

  tunnel_keys(const tunnel_keys&) = delete;
  tunnel_keys& operator=(const tunnel_keys&) = delete;

  /// Takes up a tunnel; its key follows. Names of known ones are ignored.
  void add(const std::string& tunnel, const std::string& password);

  /// The key, or null while it is not there.
  std::shared_ptr<const std::string> find(std::string_view tunnel);

  /// Calls `ready` on a worker, or at once, as soon as the key is there; never
  /// when it cannot be derived, or after `stop`. False = too many wait.
  bool wait(std::string_view tunnel, std::function<void()> ready);

  /// Joins the threads and lets go of everybody who waits.
  void stop();

 private:
  struct entry {
    std::string password;
    std::shared_ptr<const std::string> key;
    std::vector<std::function<void()>> waiting;
    bool busy = false; ///< queued as wanted, or being derived
  };
  using table = std::map<std::string, entry, std::less<>>;

  void work(bool rest);
  table::value_type* next(bool rest);
  void derive(table::value_type& item, std::unique_lock<std::mutex>& guard);

  const bool threadless_;
  std::mutex mutex_;
  std::condition_variable more_;
  // By mutex; entries stay where they are.
  table all_;
  std::deque<table::value_type*> wanted_;
  std::deque<table::value_type*> rest_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

} // namespace aps
