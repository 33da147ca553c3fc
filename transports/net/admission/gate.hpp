#pragma once

#include "config/networks.hpp"
#include "transports/net/admission/address_rate.hpp"
#include "transports/net/admission/standing.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/listener.hpp"
#include "transports/seam/process/descriptors.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
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

namespace detail {
using gate_hook = boost::intrusive::list_base_hook<
  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// The connections of one address, or of one network of IPv6.
struct gate_house {
  std::string name;
  std::array<size_t, crowds> members{};
  size_t descriptors = 0;

  size_t connections() const noexcept {
    return members[size_t(crowd::strangers)] + members[size_t(crowd::visitors)];
  }
  bool vacant() const noexcept {
    return connections() + members[size_t(crowd::links)] == 0;
  }
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
  /// one. One that became busy meanwhile may stay until it is not. Thread: the
  /// unit's.
  void on_evict(std::function<void()> evict) { evict_ = std::move(evict); }

  const std::string& peer() const noexcept { return peer_; }

  /// It has one more descriptor, of a target that it has for itself. False =
  /// its address has its share of them. Thread: the unit's.
  bool take_descriptor();
  void return_descriptor();

  /// Its descriptor is one of the reserve: no visitor's.
  bool reserved() const noexcept { return reserved_; }

  /// The same for `fd`, which is its descriptor, now that others may have gone.
  bool still_reserved(int fd);

 private:
  friend class gate;

  const std::shared_ptr<gate> gate_;
  executor& unit_;
  const std::string peer_;              ///< "ip" or "ip:port"
  detail::gate_house* house_ = nullptr; // by the gate's mutex, as below
  crowd crowd_ = crowd::strangers;
  size_t descriptors_ = 1;
  bool exempt_ = false; ///< from the limits of one address
  bool reserved_ = false;
  bool took_turn_ = false; ///< of the handshakes of its address
  reserve_loan loan_;
  std::atomic<standing> standing_{standing::silent};
  std::atomic<int64_t> since_{0}; ///< it is idle, or proved nothing
  std::function<void()> evict_;   // on the unit's thread
};
using place_ptr = std::shared_ptr<place>;

/// Why there is no place.
struct no_room {
  limit kind;
  bool answer; ///< there is enough left to say so
};

/// Nanoseconds of the monotonic clock, cheap.
int64_t coarse_now() noexcept;

/// The door of one listener: who may come in, and who goes when it is full
/// (standing.hpp). Strangers make room before visitors do, those of the address
/// that has most of them first, so that peers that only hold connections shut
/// nobody out. Agents that proved who they are count no longer: their tunnel
/// bounds them. Thread-safe.
class gate final : public std::enable_shared_from_this<gate> {
 public:
  /// `operators`: the reserve of descriptors is for those who come here and
  /// show their token.
  gate(const connection_limits& limits, front_ptr to, bool operators = false,
       int64_t (*now)() noexcept = &coarse_now);
  ~gate();

  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  struct entry {
    place_ptr place; ///< null = no room
    std::optional<no_room> refusal;
  };

  /// Who comes through the door, as which descriptor.
  struct newcomer {
    std::string ip;
    std::string peer; ///< with the port
    int fd;
    bool passes_on; ///< a proxy that has still to say for whom it comes, so
                    ///< the limits of one address are not meant for it
  };

  /// A connection was accepted. Thread: any.
  entry enter(executor& unit, newcomer arrival);

  /// A link that has no connection of its own comes; another link goes when
  /// there are too many. Null = no room.
  place_ptr enter_link(executor& unit, std::string peer);

  /// Whether a TLS handshake may begin on a connection, as it costs the server
  /// most: an address has some at once and then so many per second. Those of
  /// agents that show who they are do not count. Thread: any.
  bool may_shake_hands(place& on);

  /// The oldest that did nothing sensible goes, as there are no descriptors.
  /// They belong to the process, so it is looked for behind all its doors,
  /// those of operators last. Thread: any.
  void make_room();

  /// The same for who needs one descriptor and has none but of the reserve,
  /// which may be lent to it; `false` = nobody goes. Thread: any.
  static bool make_way(int fd);

  const front_ptr& to() const noexcept { return to_; }

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

  size_t& members_of(crowd those) noexcept { return members_[size_t(those)]; }
  place_list& list_of(crowd those) noexcept { return lists_[size_t(those)]; }
  size_t connections_now() const noexcept;
  detail::gate_house& house_of(std::string_view ip);
  bool enter_reserve(place& place, int fd, victims& out);
  std::optional<limit> make_room_in(const detail::gate_house& house,
                                    bool exempt, victims& out);
  void settle(place& place, detail::gate_house& house, standing now);
  void count(place& place, int one) noexcept;
  bool add_descriptor(place& place, int one);
  bool limit_unproven(const detail::gate_house& house, bool exempt, crowd those,
                      victims& out);
  time_point now() const noexcept {
    return time_point{std::chrono::nanoseconds{now_()}};
  }
  bool strangers_may_have(size_t more) const noexcept;
  bool push_out(crowd those, const detail::gate_house* from,
                const detail::gate_house& house, bool spare, victims& out);
  bool free_descriptor(victims& out);
  static bool take_of_reserve(int fd, victims& out);
  static bool free_anywhere(victims& out);
  bool free_one(const detail::gate_house* of, limit kind, victims& out);
  bool is_young(const place& unproven) const noexcept;
  place* first_of(crowd those, const detail::gate_house* house);
  place* oldest_idle_of(const detail::gate_house& of);
  place* oldest_idle();
  void find_idle();
  void forget(place& place);
  void tidy();
  void on_end(place& place);
  void update(place& place, standing now);
  void take_back(place& place);
  static void evict(const victims& some);

  const connection_limits limits_;
  const config::network_set trusted_;
  const front_ptr to_;
  const bool operators_;
  int64_t (*const now_)() noexcept; // ns
  mutable std::mutex mutex_;
  std::unordered_map<std::string, detail::gate_house> houses_;
  std::array<place_list, crowds> lists_; ///< strangers: the oldest first
  std::array<size_t, crowds> members_{};
  size_t stranger_descriptors_ = 0;
  address_rate link_rate_;
  std::optional<address_rate> handshake_rate_;   ///< nothing = any
  std::vector<std::pair<int64_t, place*>> idle_; ///< the oldest last
  time_point idle_found_{};
  std::vector<std::string> vacant_; ///< houses to be forgotten
};

} // namespace aps
