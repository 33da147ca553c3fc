#pragma once

#include "transports/http2/h2_connection.hpp"
#include "transports/origin/request_carrier.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aps {

class h2_origin_request;
class origin_pool;
struct origin_settings;
using origin_settings_ptr = std::shared_ptr<const origin_settings>;

/// An HTTP/2 connection to an origin, on which many requests go beside each
/// other. The pool keeps it while it takes requests; those that run keep it,
/// too. Everything on the unit's thread.
class h2_origin final : public std::enable_shared_from_this<h2_origin> {
 public:
  /// `key` names the origin in the pool, `name` in messages.
  h2_origin(io_unit& unit, stream_ptr stream, std::weak_ptr<origin_pool> pool,
            origin_settings_ptr settings, std::string key, std::string name);

  /// Says hello to the origin.
  void start();

  /// Whether another request may begin here: the origin takes it, as far as
  /// one can know, and answers at all.
  bool takes_requests() const noexcept;

  /// Carries another request. Precondition: `takes_requests`.
  request_carrier_ptr add();

  /// No other request begins here: the origin refused one, or takes nothing.
  void retire() noexcept { retired_ = true; }

  /// The same, and the origin is asked in HTTP/1.1 from now on: it said so.
  void retire_for_http1();

  /// It takes no WebSockets, which are asked for in HTTP/1.1 from now on.
  void note_no_sockets();

  /// Looks after its requests; ends when it was at rest for long enough.
  void on_tick(time_point now);

  /// Ends it now, with its requests.
  void close() { connection_->close("the agent ends"); }

  bool is_over() const noexcept { return connection_->is_over(); }

  // -- for its requests ------------------------------------------------------

  h2_connection& connection() noexcept { return *connection_; }

  /// Whether the origin takes WebSockets; nothing = it did not say so far.
  std::optional<bool> takes_sockets() const noexcept {
    return connection_->session().takes_sockets();
  }
  h2_session& session() noexcept { return connection_->session(); }
  const origin_settings& settings() const noexcept { return *settings_; }
  const std::string& name() const noexcept { return name_; }

 private:
  bool has_requests();
  bool has_spoken(time_point now);
  void ask_for_life(time_point now);

  const h2_connection_ptr connection_;
  const std::weak_ptr<origin_pool> pool_;
  const origin_settings_ptr settings_;
  const std::string key_;
  const std::string name_;
  std::vector<std::weak_ptr<h2_origin_request>> requests_;
  uint64_t begun_ = 0;    ///< requests, ever
  uint64_t heard_ = 0;    ///< bytes, at the last look
  time_point heard_at_;   ///< when there were other ones
  time_point asked_at_{}; ///< for a sign of life; only if `asked_`
  bool asked_ = false;
  time_point left_at_ = time_point::max(); ///< by all requests; see `on_tick`
  bool deaf_ = false; ///< asked, and nothing came for a while
  bool retired_ = false;
};
using h2_origin_ptr = std::shared_ptr<h2_origin>;

} // namespace aps
