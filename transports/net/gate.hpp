#pragma once

#include "config/networks.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/listener.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace aps {

class gate;

/// What a connection is at the moment, for who makes room.
enum class standing : uint8_t {
  silent,  ///< said nothing complete yet
  proving, ///< dials as an agent and has not shown that it is one
  idle,    ///< a visitor's, between two requests
  busy,    ///< a visitor's, with a request
  agent,   ///< an agent's
};

namespace detail {
using gate_hook = boost::intrusive::list_base_hook<
  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// The connections of one address, or of one network of IPv6.
struct gate_house {
  std::string name;
  size_t connections = 0;
  size_t unproven = 0;
};
} // namespace detail

/// One connection, or polling link, as its gate counts it; it counts until
/// the last owner lets go. It moves with the socket from stage to stage.
class place final : public detail::gate_hook,
                    public std::enable_shared_from_this<place> {
 public:
  place(std::shared_ptr<gate> at, executor& unit, std::string peer);
  ~place();

  place(const place&) = delete;
  place& operator=(const place&) = delete;

  /// Cheap when nothing changes. Thread: the unit's.
  void set(standing now);

  standing is() const noexcept { return standing_; }

  /// What ends the connection when it has to make room; replaces the last
  /// one. May decline by doing nothing. Thread: the unit's.
  void on_evict(std::function<void()> evict) { evict_ = std::move(evict); }

  const std::string& peer() const noexcept { return peer_; }

  /// Its descriptor is one of the reserve: no visitor's.
  bool reserved() const noexcept { return reserved_; }

 private:
  friend class gate;

  const std::shared_ptr<gate> gate_;
  executor& unit_;
  const std::string peer_; ///< "ip" or "ip:port"
  detail::gate_house* house_ = nullptr; // by the gate's mutex, as below
  bool counts_ = false;     ///< as a connection
  bool unproven_ = false;
  bool reserved_ = false;
  std::atomic<standing> standing_{standing::silent};
  std::atomic<int64_t> since_{0}; ///< it is idle, or unproven
  std::function<void()> evict_;   // on the unit's thread
};
using place_ptr = std::shared_ptr<place>;

/// Why there is no place.
struct no_room {
  limit kind;
  bool answer; ///< there is enough left to say so
};

/// The door of one listener: who may come in, and who goes when it
/// is full. Whoever did nothing sensible for longest makes room first, so that
/// peers that only hold connections shut nobody out. Agents that proved who
/// they are count no longer: their pools bound them. Thread-safe.
class gate final : public std::enable_shared_from_this<gate> {
 public:
  /// `operators`: the reserve of descriptors is for those who come here.
  gate(const connection_limits& limits, std::shared_ptr<front> to,
       bool operators = false);
  ~gate();

  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  struct entry {
    place_ptr place; ///< null = no room
    std::optional<no_room> refusal;
  };

  /// A connection from `peer` was accepted as `fd`. Thread: any.
  entry enter(executor& unit, const std::string& ip, std::string peer, int fd);

  /// A link that has no connection of its own comes; somebody else's goes
  /// when there are too many.
  place_ptr enter_link(executor& unit, std::string peer);

  /// The oldest that did nothing sensible goes, as there are no descriptors.
  /// They belong to the process, so it is looked for behind all its doors,
  /// those of operators last. Thread: any.
  void make_room();

  const std::shared_ptr<front>& to() const noexcept { return to_; }

  size_t connections() const;
  size_t unproven() const;

 private:
  friend class place;
  using place_list
    = boost::intrusive::list<place,
                             boost::intrusive::constant_time_size<false>>;
  struct victim {
    std::weak_ptr<place> holder;
    limit kind;
  };
  using victims = std::vector<victim>;

  detail::gate_house& house_of(std::string_view ip);
  void settle(place& place, detail::gate_house& house, bool counts);
  void limit_unproven(const detail::gate_house& house, bool trusted,
                      limit kind, victims& out);
  bool free_descriptor(victims& out);
  bool free_one(const detail::gate_house* of, limit kind, victims& out);
  static bool is_of_age(const place& unproven) noexcept;
  place* oldest_unproven(const detail::gate_house* of, bool connection);
  place* oldest_idle_of(const detail::gate_house& of);
  place* oldest_idle();
  void find_idle();
  void forget(place& place);
  void tidy();
  void on_end(place& place);
  void update(place& place, standing now);
  static void evict(const victims& some);

  const connection_limits limits_;
  const config::network_set trusted_;
  const std::shared_ptr<front> to_;
  const bool operators_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, detail::gate_house> houses_;
  place_list unproven_; ///< the oldest first
  place_list visitors_;
  size_t connections_ = 0;
  size_t unproven_count_ = 0;
  std::vector<std::pair<int64_t, place*>> idle_; ///< the oldest last
  time_point idle_found_{};
  std::vector<std::string> vacant_; ///< houses to be forgotten
};

} // namespace aps
