#pragma once

#include "transports/origin/origin_connection.hpp"
#include "transports/origin/origin_connector.hpp"

#include <boost/intrusive/list.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aps {

/// Somebody who uses a pool and ends with it; leaves it by `unlink`.
class pool_user
    : public boost::intrusive::list_base_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// Nobody waits for what this does any more.
  virtual void on_shut_down() = 0;

 protected:
  ~pool_user() = default;
};

/// The connections of one unit to origins: idle ones by origin, and all of
/// them so that they can be closed. Everything on the unit's thread.
class origin_pool final : public watched,
                          public std::enable_shared_from_this<origin_pool> {
 public:
  origin_pool(io_unit& unit, std::shared_ptr<const origin_settings> settings);

  io_unit& unit() noexcept { return unit_; }

  /// The idle connection that was used last, or null; one that belongs to
  /// `visitor` first.
  origin_connection_ptr take(const std::string& key, uint64_t visitor);

  /// A connection that may be used again.
  void put(origin_connection_ptr connection);

  /// Forgets an idle connection; others are ignored.
  void remove(origin_connection* connection);

  /// Looks after a connection until it unlinks itself.
  void note_busy(origin_connection& connection);

  /// A connection, or why there is none.
  struct opened {
    origin_connection_ptr connection;
    outcome error = outcome::ok;
    std::string detail;
  };

  /// Opens a fresh connection for the origin of `head`. `done` is called once,
  /// not from within the call.
  void open(const std::string& key, const request_head& head,
            std::function<void(opened)> done);

  /// Tells who uses the pool when it is shut down, until that unlinks itself.
  void note_user(pool_user& user);

  /// Closes what is idle, and ends whoever uses the pool.
  void shut_down();

  void on_tick(time_point now) override;

 private:
  using busy_list
    = boost::intrusive::list<origin_connection,
                             boost::intrusive::constant_time_size<false>>;

  using user_list
    = boost::intrusive::list<pool_user,
                             boost::intrusive::constant_time_size<false>>;

  origin_connection_ptr take(const std::string& key);
  void check_busy(time_point now);
  void expire_idle(time_point now);

  io_unit& unit_;
  const std::shared_ptr<const origin_settings> settings_;
  std::unordered_map<std::string, std::vector<origin_connection_ptr>> idle_;
  busy_list busy_;
  user_list users_;
  time_point next_check_;
  bool authenticated_ = false; // some connection belongs to a visitor
  bool over_ = false;
};

/// The name of an origin in a pool.
std::string origin_key(const request_head& head);

/// The same for one visitor's connections alone.
std::string visitor_key(const std::string& key, uint64_t visitor);

} // namespace aps
