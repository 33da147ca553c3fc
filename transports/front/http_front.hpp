#pragma once

#include "config/networks.hpp"
#include "transports/front/compression/encoded_body.hpp"
#include "transports/net/admission/gate.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/exchange/exchange.hpp"
#include "transports/seam/exchange/service.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/listener.hpp"
#include "transports/seam/live_set.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace aps {

class http_session;
class stream_visit;

/// A visitor's request that turned out to be an agent dialling in: its parsed
/// head, and what was read from the socket behind it.
struct upgrade_request {
  std::string method;
  std::string target;
  header_list headers; ///< as received, hop-by-hop ones included
  std::string rest;    ///< bytes after the head
  place_ptr place;     ///< the connection's; null = nobody counts
};

/// Takes over the stream of an agent's `GET /.tunnel`. Called on the unit's
/// thread; the HTTP session is over by then.
using tunnel_upgrade_handler = std::function<void(
  io_unit& unit, stream_ptr stream, upgrade_request request)>;

/// What a listener's HTTP sessions share. Owned by the listener and by each
/// of its sessions; everything public may be called from any thread.
class http_front_context {
 public:
  /// Without somebody who takes them, `/.tunnel` and what is below it are
  /// paths like others.
  http_front_context(front_ptr to, listen_options options,
                     tunnel_upgrade_handler on_tunnel_upgrade,
                     service_ptr service = nullptr);

  const front_ptr& to() const noexcept { return to_; }
  const listen_options& options() const noexcept { return options_; }

  /// Peers whose word about a visitor is taken.
  const config::network_set& trusted() const noexcept { return trusted_; }

  /// Our name in Via.
  std::string_view pseudonym() const noexcept {
    return options_.hop ? std::string_view{options_.hop->pseudonym()} : "aps";
  }
  const tunnel_upgrade_handler& on_tunnel_upgrade() const noexcept {
    return on_tunnel_upgrade_;
  }

  /// Null = there is none.
  const service_ptr& local_service() const noexcept { return service_; }

  /// Live HTTP sessions of visitors; those of a service not counted.
  size_t sessions() const noexcept { return live_; }

  /// Keep-alive ends: idle sessions close within a tick, busy ones after the
  /// exchange that they carry, those with half a request head or with nothing
  /// but an answer that was taken after a second. Those of a service stay: its
  /// peers could not get new ones. Listener: call on
  /// `stop_accepting`.
  void drain() noexcept { draining_since_ = clock_type::now(); }
  bool draining() const noexcept {
    return draining_since_.load() != time_point::max();
  }

  /// Whether who has no request under way had the time to end one: a stop
  /// waits for requests, and not for what may become one.
  bool had_time_to_end(time_point now) const noexcept {
    return draining() && now - draining_since_.load() >= ending_time;
  }

  /// Closes every session at once; running exchanges are cancelled. Sessions
  /// that start later close at once too. Listener: call on destruction.
  void close_all();

  /// Closes it with all others.
  void keep(const std::shared_ptr<stream_visit>& stream);

  /// A connection of visitors came or went; `http_session` counts itself.
  void count_visitor(int change) noexcept {
    live_ += static_cast<size_t>(change);
  }

  const std::shared_ptr<byte_budget>& memory_of_compression() const noexcept {
    return memory_;
  }

  /// A number that no other call returned; seeds request ids.
  uint64_t next_seed() noexcept { return seed_.fetch_add(1); }

 private:
  static constexpr duration ending_time = std::chrono::seconds(1);

  friend class http_session;
  bool add(const std::shared_ptr<http_session>& session);
  void remove(http_session* session);

  const front_ptr to_;
  const listen_options options_;
  const config::network_set trusted_;
  const tunnel_upgrade_handler on_tunnel_upgrade_;
  const service_ptr service_;
  live_set streams_;
  const std::shared_ptr<byte_budget> memory_ ///< of compression
    = std::make_shared<byte_budget>(most_compression_bytes);
  std::atomic<size_t> live_{0};
  std::atomic<time_point> draining_since_{time_point::max()};
  std::atomic<uint64_t> seed_;
  std::mutex mutex_;
  bool closed_ = false;                                        // by mutex_
  std::unordered_map<http_session*, std::weak_ptr<http_session>> all_; // dito
};

using http_front_ptr = std::shared_ptr<http_front_context>;

/// Starts the node's side of one visitor's connection, which then lives by its
/// own reads and writes. `already_read` are bytes that the listener took from
/// the stream to tell protocols apart. The stream must belong to the unit's
/// io_context, with TCP_NODELAY set. Thread: the unit's.
std::shared_ptr<http_session>
start_http_session(io_unit& unit, stream_ptr stream, std::string already_read,
                   http_front_ptr context, place_ptr place = nullptr);

} // namespace aps
