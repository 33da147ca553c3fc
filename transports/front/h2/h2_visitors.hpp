#pragma once

#include "transports/front/front_request.hpp"
#include "transports/http2/h2_connection.hpp"
#include "transports/net/admission/gate.hpp"
#include "transports/net/progress_watch.hpp"
#include "transports/seam/limits/hold.hpp"

#include <memory>
#include <string>
#include <vector>

namespace aps {

class h2_visit;

/// What a port announces on HTTP/2 connections before it knows who speaks, and
/// what a visitor may do there once that is known.
h2_settings visitor_settings(const http_front_context& context);

/// The visitors' side of one HTTP/2 connection (RFC 9113): each request becomes
/// a visit. Watches what concerns the connection as a whole: its place at the
/// gate, rest, and the end when the listener stops. Belongs to the connection.
/// Thread: the unit's.
class h2_visitors final : public h2_acceptor,
                          public std::enable_shared_from_this<h2_visitors> {
 public:
  h2_visitors(const h2_connection_ptr& connection, http_front_ptr context,
              place_ptr place);
  ~h2_visitors() override;

  /// Before the first request.
  void start();

  // -- h2_acceptor -----------------------------------------------------------

  h2_stream_owner_ptr on_request(int32_t stream, header_list head,
                                 bool last) override;
  void on_bad_request() override;
  void on_tick(time_point now) override;

  // -- for visits ------------------------------------------------------------

  /// Null once it is over.
  h2_connection_ptr connection() const { return connection_.lock(); }
  const http_front_context& context() const noexcept { return *context_; }
  const std::string& peer_ip() const noexcept { return peer_ip_; }
  front_peer peer() {
    const auto alive = connection_.lock();
    return {peer_ip_, number_, tls_, alive ? alive->stream() : nullptr,
            &known_};
  }
  uint64_t next_seed() noexcept { return seed_++; }

  /// Bytes of an answer that may be under way to one more visit: the more of
  /// them there are, the fewer, as a connection has one reader. `most`: what
  /// the mapping allows.
  uint32_t answer_window(uint32_t most) noexcept;

  /// The target takes what comes on this stream: it may have more under way, as
  /// long as there is something left for the others. The result says so as long
  /// as it lives.
  hold widen(int32_t stream);

  /// A target's descriptor that its visit keeps as long as it lives; null =
  /// the visitor's address has its share.
  hold take_descriptor();

  /// The latest request is refused, only later. With no other the connection is
  /// a stranger's.
  void proves_nothing();

 private:
  void make_room();
  void leave(h2_connection& connection);
  bool has_visits() noexcept;
  bool takes(h2_connection& connection, time_point now);

  const std::weak_ptr<h2_connection> connection_;
  const http_front_ptr context_;
  const place_ptr place_; ///< null = nobody counts
  const std::string peer_ip_;
  const uint64_t number_;   ///< of all connections of visitors
  const tls_facts_ptr tls_; ///< null = plain
  known_visitor_ptr known_; ///< the front's
  uint64_t seed_;
  std::vector<std::weak_ptr<h2_visit>> visits_;
  progress_watch outgoing_;
  size_t widened_ = 0;     ///< streams
  time_point rests_since_; ///< without a visit
  bool leaving_ = false;   ///< no further requests are taken
};

} // namespace aps
