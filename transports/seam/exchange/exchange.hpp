#pragma once

#include "transports/seam/exchange/datagram_window.hpp"
#include "transports/seam/exchange/exchange_record.hpp"
#include "transports/seam/exchange/visitor_pass.hpp"
#include "transports/seam/exchange/window_growth.hpp"
#include "transports/seam/exchange/windows.hpp"
#include "transports/seam/link.hpp"
#include "transports/seam/ordered.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// Told when an exchange needs its connection no longer. The connection actor
/// stands behind it. Called on the exchange's `unit` thread, once per attachment
/// unless the attachment was ended by `detach`.
class exchange_owner {
 public:
  virtual ~exchange_owner() = default;
  virtual void on_finished(executor& unit, exchange_id id, outcome outcome) = 0;

  /// The connection, for the records of exchanges; may be null.
  virtual carrier_ptr who() const { return nullptr; }
};
using exchange_owner_ptr = std::shared_ptr<exchange_owner>;

class exchange;

/// Who may have an answer dropped before its visitor got anything of it, and
/// the request sent to somebody else. Called on the exchange's unit.
class exchange_retrier {
 public:
  virtual ~exchange_retrier() = default;

  /// `by` has an answer: with `result` ok a head of this status, otherwise it
  /// failed so. With true the exchange lets go of it.
  virtual bool wants_again(const exchange& of, const carrier& by,
                           outcome result, uint16_t status)
    = 0;

  /// Somebody else is to be given it.
  virtual void ask_again(const std::shared_ptr<exchange>& of) = 0;
};

/// Who gets a request's body as well, as it comes. On the exchange's unit.
class body_tap {
 public:
  virtual ~body_tap() = default;
  virtual void on_body(const slice& bytes) = 0;
  virtual void on_body_end(const header_list& trailers) = 0;
};

/// The visitor's side of an exchange (an HTTP session of the node). Called on
/// the exchange's unit thread. After `on_end` or `on_failed` no call follows.
class visitor {
 public:
  virtual ~visitor() = default;

  /// A response head; several interim ones may come before the final one.
  virtual void on_head(const response_head_ptr& head) = 0;

  /// Response body bytes; call `exchange::consumed` when they are passed on.
  virtual void on_data(slice bytes) = 0;

  /// A datagram, of an exchange of those, instead of data.
  virtual void on_datagram(slice datagram) { static_cast<void>(datagram); }

  /// The response is complete.
  virtual void on_end(const header_list& trailers) = 0;

  /// The exchange failed; a head may or may not have been delivered before.
  virtual void on_failed(outcome outcome, const std::string& detail) = 0;

  /// `exchange::room` grew from zero.
  virtual void on_writable() = 0;

  /// The target ended its direction of a stream; `on_end` follows when the
  /// other one ended, too, and was taken.
  virtual void on_half_end() {}

  /// The exchange failed before anybody began with it: nobody is let in so.
  /// The fields are for the answer.
  virtual void on_refused(outcome outcome, const header_list& fields) {
    static_cast<void>(fields);
    on_failed(outcome, {});
  }
};

/// One HTTP request and its response, node side: outlives every
/// connection that carries it. Bound to its HTTP session's unit; the methods
/// marked "any thread" hop there by themselves.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
  exchange(executor& unit, exchange_id id, request_head_ptr head,
           exchange_facts facts, std::shared_ptr<visitor> listener,
           uint32_t window = default_window);

  // -- constant, any thread --------------------------------------------------

  exchange_id id() const noexcept { return id_; }
  executor& unit() const noexcept { return calls_.unit(); }

  /// Constant as soon as an actor has the exchange.
  const request_head_ptr& head() const noexcept { return head_; }
  const exchange_facts& facts() const noexcept { return *facts_; }

  /// Who carries it now; null = nobody. Unit thread.
  carrier_ptr carried_by() const { return owner_ ? owner_->who() : nullptr; }

  /// Bytes of the answer that may be under way.
  uint32_t window() const noexcept { return window_; }

  // -- for actors, any thread ------------------------------------------------

  /// Begins on `on`, or continues there what another link began. A session
  /// other than the one that has the request ends the exchange unless it may
  /// be executed again.
  /// Who comes with a former `round` is too late: somebody else was asked.
  void attach(link_ptr on, const session_id& session, exchange_owner_ptr owner,
              uint32_t round = 0);

  /// A frame that arrived on `from`; late frames of former links are dropped.
  void deliver(const link_ptr& from, frame frame);

  /// `from` is gone, and why. The exchange waits for the next `attach` or
  /// `fail`. `unsent` = the head that it was given never left.
  void detach(const link_ptr& from, link_error why = link_error::lost,
              bool unsent = false);

  /// Ends the exchange from our side; the visitor gets an error.
  void fail(outcome outcome, std::string detail);

  /// False once the head was handed to a link.
  bool never_sent() const noexcept { return !head_sent_; }

  /// Another session may be asked: not sent, or idempotent and unanswered.
  bool restartable() const noexcept;

  /// True when no other session may be asked because enough of them were, or
  /// because peers ended their links over it.
  bool exhausted() const noexcept { return exhausted_; }

  /// Sessions that may have begun with it at most; one after the other that
  /// dies of a request is enough.
  static constexpr uint32_t max_starts = 3;

  /// Links that may end over its head with a protocol error at most.
  static constexpr uint32_t max_misunderstandings = 3;

  /// Heads in all, sent again because the agent said it never saw them.
  static constexpr uint32_t max_heads = 6;

  /// True once it ended on any path.
  bool over() const noexcept { return over_; }

  /// How often its answer was dropped, and somebody else asked.
  uint32_t round() const noexcept { return round_; }

  /// How often it went on over another link.
  uint32_t moves() const noexcept { return moves_; }

  // -- for the visitor's side, unit thread only ------------------------------

  /// Has its life written into `record`, a new or reused one, from now on;
  /// `observer` hears of the end. Before anything else happens to it.
  void observe(std::shared_ptr<exchange_observer> observer,
               exchange_record_ptr record);

  /// Who looks at answers before the visitor gets them; before anybody has it.
  void retry_with(std::shared_ptr<exchange_retrier> retrier) {
    retrier_ = std::move(retrier);
  }

  /// Its windows may grow (window_growth), those of datagrams apart; before
  /// anybody has it.
  void grow_with(std::shared_ptr<byte_budget> budget, uint32_t most) {
    if (!datagrams_)
      growth_.begin(std::move(budget), most);
  }

  /// Who gets its body, what came so far too; before anybody has it.
  void tap_with(std::shared_ptr<body_tap> tap);

  /// Nothing of it was taken for good, and nothing of its answer passed on.
  bool is_whole() const noexcept { return !response_started_ && !body_acked_; }

  /// What is sent of it instead; before anybody has it.
  void amend(request_head_ptr head);

  /// With which right it is here; kept until it is over. Before `front::start`,
  /// or instead of a pass whose claim was looked at.
  void admit_with(visitor_pass_ptr pass);
  const visitor_pass_ptr& pass() const noexcept { return pass_; }

  /// Whether more came of its body than its pass allows: then it fails with the
  /// next byte, at the latest.
  bool over_quota() const noexcept {
    return pass_ && pass_->max_body_bytes > 0
           && body_bytes_ > pass_->max_body_bytes
           && answer_ != answer_head::switched && !is_stream();
  }

  /// Fails it for that.
  void fail_over_quota();

  /// Ends it before anybody began with it; `reason` is for the record alone.
  void refuse(outcome outcome, std::string_view reason,
              const header_list& fields);

  /// Request body bytes; at most `room()` at a time.
  void send_body(slice bytes);

  /// The same of what frames them, which is no part of the body.
  void send_framing(slice bytes);

  /// The request is complete.
  void send_end(header_list trailers);

  size_t room() const noexcept { return out_.room(); }

  /// A datagram, which is sent now or never; those that come before somebody
  /// has the exchange wait for that. False = it is dropped.
  bool send_datagram(slice bytes);

  /// `bytes` of the response were passed on to the visitor.
  void consumed(size_t bytes);

  /// The visitor is gone or will not take the rest.
  void cancel(outcome why);

 private:
  /// Of the heads of the answer.
  enum class answer_head : uint8_t {
    awaited,
    final,
    switched, ///< final, too: what follows is of another protocol
  };

  /// The attempt that runs.
  struct attempt_state {
    bool head_begins = false; ///< its head was counted in `starts_`
    bool unheard = false;     ///< nothing came back since its head went out
    bool resuming = false;
  };

  bool is_stream() const noexcept {
    return head_->kind() == exchange_kind::stream;
  }
  bool has_final_head() const noexcept {
    return answer_ != answer_head::awaited;
  }
  void begin_or_move(link_ptr on, const session_id& session,
                     exchange_owner_ptr owner, uint32_t round);
  bool ask_another(outcome result, uint16_t status, bool complete);
  void do_deliver(frame frame);
  void handle(response_frame& frame);
  void handle(data_frame& frame);
  void handle(datagram_frame& frame);
  void handle(end_frame& frame);
  void handle(reset_frame& frame);
  void handle(ack_frame& frame);
  void handle(resumed_frame& frame);
  void send_head(bool begins);
  void restart(bool begins);
  void take_back_head();
  void look_at_limits();
  void pump();
  void send(frame::kind kind);
  void answer_ended(const header_list& trailers);
  void look_at_stream();
  void complete(const header_list& trailers);
  void violation(const char* text);
  void finish(outcome outcome, const std::string& detail);
  void release(outcome outcome, std::string_view detail = {});
  void add_cookies(response_head_ptr& head) const;
  void note_pass();
  void note_attempt(exchange_attempt::kind kind);
  void note_loss(std::string_view why);
  void note_end(outcome outcome, std::string_view detail);

  ordered_dispatch calls_;
  const exchange_id id_;
  request_head_ptr head_;
  const std::shared_ptr<const exchange_facts> facts_;
  std::shared_ptr<visitor> listener_;
  const uint32_t window_;
  std::optional<uint64_t> length_; ///< of the answer's body, as announced
  exchange_record_ptr record_; ///< null = nobody observes it
  std::shared_ptr<exchange_observer> observer_;
  link_ptr link_;
  exchange_owner_ptr owner_;
  visitor_pass_ptr pass_; ///< null = nobody asked for one
  std::shared_ptr<body_tap> tap_; ///< null = nobody else gets its body
  std::shared_ptr<exchange_retrier> retrier_; ///< null = no answer is dropped
  session_id session_{};
  send_window out_;
  receive_window in_;
  const std::unique_ptr<datagram_window> datagrams_; ///< instead of `out_`
  window_growth growth_;
  uint64_t body_bytes_ = 0; ///< of the request, so far
  uint32_t attempt_ = 0;
  uint32_t heads_ = 0;
  size_t interim_bytes_ = 0;
  uint32_t starts_ = 0;      ///< sessions that were given the head
  uint32_t heads_sent_ = 0;  ///< how often it was sent at all
  uint32_t misunderstood_ = 0;
  attempt_state current_;
  answer_head answer_ = answer_head::awaited;
  std::atomic<bool> exhausted_{false};
  std::atomic<bool> head_sent_{false};
  std::atomic<bool> response_started_{false};
  std::atomic<bool> body_acked_{false};
  std::atomic<bool> over_{false};
  std::atomic<uint32_t> moves_{0};
  std::atomic<uint32_t> round_{0};
};
using exchange_ptr = std::shared_ptr<exchange>;

/// The origin's side of an exchange (an HTTP client connection of the agent).
/// Called on the exchange's unit thread. After `on_cancelled` no call follows.
class origin {
 public:
  virtual ~origin() = default;

  /// Request body bytes; call `served_exchange::consumed` when passed on.
  virtual void on_body(slice bytes) = 0;

  /// A datagram, of an exchange of those, instead of a body.
  virtual void on_datagram(slice datagram) { static_cast<void>(datagram); }

  /// The request is complete.
  virtual void on_body_end(const header_list& trailers) = 0;

  /// Nobody wants the answer any more: stop the work.
  virtual void on_cancelled() = 0;

  /// `served_exchange::room` grew from zero.
  virtual void on_writable() = 0;
};

/// The same exchange, agent side: executes a request once, whatever happens
/// to the connections under it. Kept until the node confirmed the end.
class served_exchange : public std::enable_shared_from_this<served_exchange> {
 public:
  served_exchange(executor& unit, exchange_id id, request_head_ptr head,
                  uint32_t response_window,
                  uint32_t request_window = default_window);

  exchange_id id() const noexcept { return id_; }
  executor& unit() const noexcept { return calls_.unit(); }
  const request_head_ptr& head() const noexcept { return head_; }

  /// Its windows may grow (window_growth), those of datagrams apart; before
  /// the first `attach`.
  void grow_with(std::shared_ptr<byte_budget> budget, uint32_t most) {
    if (!datagrams_)
      growth_.begin(std::move(budget), most);
  }

  /// Who performs the request; set once, before the first `attach`.
  void set_origin(std::shared_ptr<origin> origin) {
    origin_ = std::move(origin);
  }

  // -- for actors, any thread ------------------------------------------------

  /// The link on which the head arrived.
  void attach(link_ptr on, exchange_owner_ptr owner);

  /// Continues on `on` from the positions in `from`; answers `resumed`.
  void resume(link_ptr on, exchange_owner_ptr owner, resume_frame from);

  /// A frame that arrived on `from`; late frames of former links are dropped.
  void deliver(const link_ptr& from, frame frame);

  /// `from` is gone; waits for `resume` or `cancel`.
  void detach(const link_ptr& from);

  /// Stops the work at the origin and forgets the answer.
  void cancel();

  /// True once the node confirmed the end, or after `cancel`.
  bool over() const noexcept { return over_; }

  // -- for the origin's side, unit thread only -------------------------------

  void send_head(response_head_ptr head);
  void send_body(slice bytes);
  void send_end(header_list trailers);
  size_t room() const noexcept { return out_.room(); }

  /// A datagram, behind the head, which is sent now or never. False = it is
  /// dropped.
  bool send_datagram(slice bytes);

  /// `bytes` of the request were passed on to the origin.
  void consumed(size_t bytes);

  /// The origin gave no proper answer; tells the node why.
  void fail(outcome outcome, std::string detail);

 private:
  void continue_on(link_ptr on, exchange_owner_ptr owner,
                   const resume_frame& from);
  void do_deliver(frame frame);
  void handle(data_frame& frame);
  void handle(datagram_frame& frame);
  void handle(end_frame& frame);
  void handle(ack_frame& frame);
  void pump();
  void confirm_end();
  void send(frame::kind kind);
  void finish(outcome outcome);

  ordered_dispatch calls_;
  const exchange_id id_;
  const request_head_ptr head_;
  std::shared_ptr<origin> origin_;
  link_ptr link_;
  exchange_owner_ptr owner_;
  send_window out_;
  receive_window in_;
  const std::unique_ptr<datagram_window> datagrams_; ///< instead of `out_`
  window_growth growth_;
  std::vector<response_head_ptr> heads_;
  size_t interim_bytes_ = 0;
  std::optional<reset_frame> failure_;
  std::atomic<bool> over_{false};
};
using served_exchange_ptr = std::shared_ptr<served_exchange>;

/// Joins an exchange and a served one of the same unit without any transport
/// between them: mappings without `via`, and the admin API.
/// Thread: the unit's.
void connect_directly(const exchange_ptr& visitor_side,
                      const served_exchange_ptr& origin_side);

} // namespace aps
