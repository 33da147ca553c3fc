#pragma once

#include "transports/net/io_unit.hpp"
#include "transports/seam/link.hpp"
#include "transports/tunnel/frame_queue.hpp"

#include <boost/asio/steady_timer.hpp>

#include <mutex>
#include <optional>
#include <string>

namespace aps {

/// What the links of all transports have in common: the outgoing queue and when
/// it is flushed, closing, counters, and the listener. A transport implements
/// the `do_` methods and reports by the protected ones; all of these run on
/// the unit's thread.
///
/// Ownership: whoever holds the link_ptr, and every handler in flight. The
/// listener is released after `on_closed`, so owner and link may hold each
/// other until then.
class link_base : public link,
                  public watched,
                  public std::enable_shared_from_this<link_base> {
 public:
  void start(std::shared_ptr<link_listener> listener) final;
  void send(frame frame) final;
  void close(close_reason why, std::string detail) final;
  void abort(link_error why) final;
  bool ended() const noexcept final { return ended_; }

  transport_kind transport() const noexcept final { return transport_; }
  executor& unit() const noexcept final { return unit_; }
  const std::string& peer() const noexcept final { return peer_; }
  const std::string& server() const noexcept final { return server_; }
  const link_counters& counters() const noexcept final { return counters_; }
  tls_facts_ptr tls() const noexcept final { return tls_; }

  /// The deadline of a closing handshake, and the transport's own.
  void on_tick(time_point now) final;

  /// The link is lost.
  void on_exception(const std::string& text) final;

  /// How long the peer may take for its part of the closing handshake.
  static constexpr std::chrono::seconds close_timeout{2};

  /// How long the last ack of an exchange waits for company, at most.
  static constexpr std::chrono::milliseconds last_ack_delay{20};

 protected:
  link_base(io_unit& unit, transport_kind transport, std::string peer,
            std::string server, tls_facts_ptr tls = nullptr);

  // -- what a transport does -------------------------------------------------

  /// Begins to read.
  virtual void do_start() = 0;

  /// Writes the frames; `wrote` follows. Never called before that.
  virtual void do_write(const frame_batch& frames) = 0;

  /// Begins the closing handshake; nothing is queued or in flight, nothing
  /// will be written any more. `ended` follows.
  virtual void do_close(close_reason why, const std::string& detail) = 0;

  /// Lets go of the connection at once.
  virtual void do_abort() = 0;

  /// Looks at deadlines of its own, once `watch_ticks` was called.
  virtual void do_tick(time_point) {}

  /// A welcome frame goes out: the peer is authenticated from now on.
  virtual void on_welcome() {}

  // -- what a transport reports ----------------------------------------------

  /// Frames of one message of `bytes` bytes.
  void received(frame_batch frames, size_t bytes);

  /// The write in flight is complete.
  void wrote();

  /// Nothing can be written until `wrote` is called: frames queue, and go out
  /// together then.
  void pause_writes() noexcept { writing_ = true; }

  /// The peer closes: nothing more is read, and nothing queued is sent.
  void peer_closed();

  /// The connection is gone; the first call counts.
  void ended(link_error why, std::string detail);

  /// The peer broke the rules: the listener hears of it at once, the peer why,
  /// if it takes that in time.
  void break_off(link_error why, const std::string& text);

  /// What is said now is the last; the connection goes when it is not taken in
  /// time, whatever it waits for.
  void limit_last_word();

  /// Asks for ticks; without it they begin with a closing.
  void watch_ticks();

  /// True until `ended` was called.
  bool alive() const noexcept { return state_ != state::closed; }
  bool closing() const noexcept {
    return state_ == state::closing || state_ == state::leaving;
  }

  io_unit& io() const noexcept { return unit_; }
  void count_out(size_t bytes) noexcept;

  template <class Derived>
  std::shared_ptr<Derived> self() {
    return std::static_pointer_cast<Derived>(shared_from_this());
  }

 private:
  enum class state : uint8_t {
    open,
    closing, ///< what is queued still goes out
    leaving, ///< nothing does, and `do_close` was called
    closed,
  };
  struct closing_info {
    close_reason why;
    std::string detail;
    time_point deadline;
    bool ours;
  };
  struct ending {
    link_error why;
    std::string detail;
    std::vector<exchange_id> unsent;
  };

  void cut_off(link_error why, std::string detail);
  void take(frame frame);
  void take_inbox();
  void schedule_flush();
  void flush_in_time();
  void flush();
  void begin_close(close_reason why, std::string detail, bool ours);
  void report_end();
  std::vector<exchange_id> unsent_heads();

  io_unit& unit_;
  const transport_kind transport_;
  const std::string peer_;
  const std::string server_;
  const tls_facts_ptr tls_;
  link_counters counters_;

  std::mutex inbox_mutex_;
  frame_batch inbox_; // from other threads; by inbox_mutex_

  std::shared_ptr<link_listener> listener_;
  frame_queue queue_;
  frame_batch batch_;
  boost::asio::steady_timer patience_; // of `last_ack_delay`
  state state_ = state::open;
  std::atomic<bool> ended_{false}; // not `open`, for other threads
  bool watched_ = false;
  bool writing_ = false;
  bool flush_posted_ = false;
  bool waits_ = false; // for `patience_`
  bool welcomed_ = false;
  std::optional<closing_info> closing_;
  std::optional<ending> ending_;
  time_point last_word_until_ = time_point::max();
  std::vector<exchange_id> unsent_; // dropped when the peer closed
};

} // namespace aps
