#pragma once

#include "transports/origin/h2/h2_origin.hpp"
#include "transports/origin/origin_connection.hpp"
#include "transports/origin/origin_connector.hpp"

#include <boost/intrusive/list.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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

/// The connections of one unit to origins: idle ones of HTTP/1.1 and shared
/// ones of HTTP/2 by origin, and all of them so that they can be closed.
/// Everything on the unit's thread.
class origin_pool final : public watched,
                          public std::enable_shared_from_this<origin_pool> {
 public:
  origin_pool(io_unit& unit, origin_settings_ptr settings);

  io_unit& unit() noexcept { return unit_; }
  const origin_settings_ptr& settings() const noexcept { return settings_; }

  /// What can carry the request at once, on a connection that others had
  /// before: of HTTP/1.1 the one that was used last, and one that belongs to
  /// its visitor first. Null = there is none.
  request_carrier_ptr take(const std::string& key, const request_head& head);

  /// A connection that may be used again.
  void put(origin_connection_ptr connection);

  /// Forgets an idle connection; others are ignored.
  void remove(origin_connection* connection);

  /// Looks after a connection until it unlinks itself.
  void note_busy(origin_connection& connection);

  /// This origin asked for HTTP/1.1.
  void note_http1(const std::string& key);

  /// This origin takes no WebSockets over HTTP/2.
  void note_no_sockets(const std::string& key);

  /// A carrier, or why there is none.
  struct opened {
    request_carrier_ptr carrier;
    outcome error = outcome::ok;
    std::string detail = {};
  };

  /// Opens a fresh connection for the origin of `head`. Where that speaks
  /// HTTP/2, and another one that came first takes the request, that is used.
  /// `done` is called once, not from within the call.
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

  bool takes_sockets(const std::string& key, const request_head& head) const;
  origin_protocol protocol_for(const std::string& key,
                               const request_head& head) const;
  h2_origin* find_http2(const std::string& key) const;
  origin_connection_ptr take_idle(const std::string& key,
                                  const request_head& head);
  origin_connection_ptr take_idle(const std::string& key);
  opened carry(const std::string& key, const std::string& name,
               origin_protocol protocol, connect_result result);
  request_carrier_ptr carry_http2(const std::string& key,
                                  const std::string& name, stream_ptr stream);
  void check_busy(time_point now);
  void check_http2(time_point now);
  void expire_idle(time_point now);

  io_unit& unit_;
  const origin_settings_ptr settings_;
  std::unordered_map<std::string, std::vector<origin_connection_ptr>> idle_;
  std::unordered_map<std::string, std::vector<h2_origin_ptr>> http2_;
  std::unordered_set<std::string> http1_;      ///< asked for it
  std::unordered_set<std::string> no_sockets_; ///< over HTTP/2
  busy_list busy_;
  user_list users_;
  time_point next_check_;
  bool authenticated_ = false; // some connection belongs to a visitor
  bool over_ = false;
};

/// What a connection for that request begins with: its PROXY header, or
/// nothing.
std::string preamble_of(const request_head& head);

/// The name of an origin in a pool.
std::string origin_key(const request_head& head);

/// The same for one visitor's connections alone.
std::string visitor_key(const std::string& key, uint64_t visitor);

} // namespace aps
