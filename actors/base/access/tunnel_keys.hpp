#pragma once

#include <compare>
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

/// Whose key it is: a tunnel's own (no credential), or that of one of its
/// credentials.
struct key_owner {
  std::string tunnel;
  std::string credential = {};
  auto operator<=>(const key_owner&) const = default;
};

/// The keys of a node's tunnels. Deriving one takes some 50 ms of a core, so
/// it happens once per owner, on threads of its own: those that somebody
/// waits for first, one for each address in turn, so that a stranger's wishes
/// delay nobody else's by more than one; then the rest at the lowest priority.
/// Each key is derived once at most. Thread: any.
class tunnel_keys {
 public:
  /// How many may wait for one key.
  static constexpr size_t max_waiting = 1024;

  /// How many keys come earlier because one address waits for them.
  static constexpr size_t max_wishes = 32;

  /// `workers` derive what is waited for. 0 = no threads: `find` derives, for
  /// deterministic tests.
  explicit tunnel_keys(size_t workers);

  /// As `stop`.
  ~tunnel_keys();

  tunnel_keys(const tunnel_keys&) = delete;
  tunnel_keys& operator=(const tunnel_keys&) = delete;

  /// Takes up an owner, or another password of one; its key follows.
  void set(const key_owner& owner, const std::string& password);

  /// The same with the key itself.
  void set_key(const key_owner& owner, const std::string& key);

  /// The key, or null while it is not there.
  std::shared_ptr<const std::string> find(const key_owner& owner);

  /// Whether all keys are there, so that nobody has to wait.
  bool complete();

  /// Calls `ready` on a worker, or at once, as soon as the key is there; never
  /// when it cannot be derived, or after `stop`. False = too many wait.
  /// `address` is who asks.
  bool wait(const key_owner& owner, const std::string& address,
            std::function<void()> ready);

  /// Joins the threads and lets go of everybody who waits.
  void stop();

 private:
  struct entry {
    std::string password;
    std::shared_ptr<const std::string> key;
    std::vector<std::function<void()>> waiting;
    bool busy = false; ///< being derived
  };
  using table = std::map<key_owner, entry>;

  void work(bool rest);
  void wish(table::value_type& item, const std::string& address);
  table::value_type* next(bool rest);
  table::value_type* next_wanted();
  void derive(table::value_type& item, std::unique_lock<std::mutex>& guard);

  const bool threadless_;
  std::mutex mutex_;
  std::condition_variable more_;
  // By mutex; entries stay where they are.
  table all_;
  std::map<std::string, std::deque<table::value_type*>> wishes_; // by address
  std::deque<std::string> turns_; ///< the addresses of `wishes_`
  size_t missing_ = 0;            ///< keys
  std::deque<table::value_type*> rest_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

} // namespace aps
