#pragma once

#include "transports/front/front_request.hpp"
#include "transports/front/mapping/exchange_deadlines.hpp"
#include "transports/http/body_writer.hpp"
#include "transports/http/parser.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/net/channel.hpp"
#include "transports/net/progress_watch.hpp"

#include <boost/system/error_code.hpp>

namespace aps {

/// The node's side of one visitor's TCP connection: HTTP/1.1 in and out, one
/// exchange at a time; pipelined requests wait in the input buffer. Kept alive
/// by its reads, writes and running exchange. Everything on the unit's thread.
///
/// Nothing here is without a limit: every phase has a deadline or a
/// rate for what the visitor sends, and in all of them it has to take what is
/// written to it. Only a target's slowness counts against nobody.
///
/// http_session.cpp has the connection's life, http_session_deadlines.cpp its
/// timeouts, http_session_request.cpp what comes from the visitor,
/// http_session_response.cpp what goes to it.
class http_session final : public visitor,
                           public watched,
                           public channel {
 public:
  http_session(io_unit& unit, stream_ptr stream, http_front_ptr context,
               place_ptr place = nullptr);
  ~http_session() override;

  void start(std::string_view already_read);

  /// Ends the connection at once and cancels a running exchange.
  void close();

  // -- visitor ---------------------------------------------------------------

  void on_head(const response_head_ptr& head) override;
  void on_data(slice bytes) override;
  void on_end(const header_list& trailers) override;
  void on_failed(outcome outcome, const std::string& detail) override;
  void on_writable() override;
  void on_refused(outcome outcome, const header_list& fields) override;

  // -- watched ---------------------------------------------------------------

  void on_tick(time_point now) override;
  void on_exception(const std::string& text) override;

 private:
  std::shared_ptr<http_session> self();

  /// What the session is waiting for; every phase has its deadline.
  enum class phase : uint8_t {
    idle,        ///< between two requests
    header,      ///< inside a request head, or before the first one
    body,        ///< for more of the request body
    first_byte,  ///< for the head of the answer
    half_open,   ///< upgraded, and the visitor ended its direction
    half_closed, ///< for the answer to a visitor that ended its direction
    lingering,   ///< for the visitor to stop sending and to close
    none,        ///< nothing of the visitor's
  };

  /// What a request asks of this connection.
  struct connection_facts : request_facts {
    bool keep_alive = false;
    bool chunks = false; ///< the body is passed on in its chunks
    unsigned version = 11;
    const service* by = nullptr; ///< who answers it here; null = a target
  };

  static constexpr uint64_t no_write = std::numeric_limits<uint64_t>::max();

  /// One request and the answer to it.
  struct request_state : connection_facts {
    bool open = false;         ///< head parsed, not yet finished
    bool received = false;     ///< the whole request was parsed
    answer_state answer = answer_state::awaited; ///< as it was queued
    bool discarding = false;   ///< the rest of the body is read and dropped
    bool continue_due = false; ///< the visitor waits for a 100, or an answer
    bool passed_on = false;    ///< it became an exchange, which has a record
    exchange_deadlines deadlines; ///< its mapping's

    /// The final head was queued.
    bool is_begun() const noexcept { return answer != answer_state::awaited; }

    /// The answer's body on its way; null = it stays as it is.
    std::unique_ptr<encoded_body> encoding = nullptr;
  };

  // -- channel ---------------------------------------------------------------

  void on_read(const error_code& error, size_t bytes) override;
  void on_written(const error_code& error, size_t payload) override;
  void on_flushed() override;
  bool step() override;
  void on_steps_done() override;

  // -- http_session.cpp ------------------------------------------------------

  const http_limits& limits() const noexcept {
    return context_->options().limits;
  }
  front_peer peer() {
    return {visitor_ip_, connection_, tls_, stream_.get(), &known_};
  }
  void read_more();
  size_t read_limit() const noexcept;
  void on_end_of_input(bool orderly);
  bool dropping() const noexcept;
  void drop_input();
  void end_connection();
  void cut();
  void make_room();
  void cancel_exchange(outcome why);

  // -- http_session_deadlines.cpp --------------------------------------------

  phase current_phase() const noexcept;
  duration limit_of(phase phase) const noexcept;
  uint64_t progress_in(phase phase) const noexcept;
  bool holds_up_stop(phase phase, time_point now) const noexcept;
  bool in_time(phase phase, time_point now) noexcept;
  duration first_byte_limit() const noexcept;
  bool ends_in_time(time_point now);
  bool takes(time_point now) noexcept;
  bool sends(phase phase, time_point now) noexcept;
  void look_at_visitor();
  void on_deadline(phase phase);
  void on_stall();
  void note_limit(limit kind, std::string_view detail);

  // -- http_session_request.cpp ----------------------------------------------

  void finish_input();
  bool parse_head();
  bool skip_blank_lines();
  bool refuse_foreign();
  void begin_request();
  void start_exchange(onward_request request);
  void become_stream(onward_request request);
  bool feed_body();
  void pass_on(slice bytes);
  bool pump_raw();
  void body_fault();
  void refuse_faulty();
  void request_received();
  bool is_agent() noexcept;
  bool is_probe() noexcept;
  void hand_over();
  void start_service();
  void belong_to(service* owner) noexcept;

  // -- http_session_response.cpp ---------------------------------------------

  response_head_ptr encoded(const response_head_ptr& head);
  bool take_page(const response_head& head);
  void switch_protocols(const response_head& head);
  bool may_switch() const noexcept;
  response_context context_of_answer(bool keep_alive) const;
  void answer_probe();
  void answer_with(response_head head, const std::string& body,
                   bool ours = false);
  void send_continue();
  void answer_error(outcome outcome, std::string_view detail,
                    std::string_view more = {},
                    const header_list* fields = nullptr);
  void tell_own_answer(outcome outcome, std::string_view detail);
  void refuse(outcome outcome, std::string_view detail);
  void answered();
  bool can_discard_rest() noexcept;
  void finish_request();

  const http_front_ptr context_;
  place_ptr place_; ///< null = nobody counts
  const tls_facts_ptr tls_; ///< null = plain
  std::string visitor_ip_;
  const uint64_t connection_; // one of all connections of visitors
  known_visitor_ptr known_;   // the front's
  uint64_t id_seed_;
  request_parser parser_;
  body_writer body_;
  exchange_ptr exchange_;
  request_state request_;
  service* service_ = nullptr; // whose the last request was
  uint64_t requests_ = 0;    // finished ones
  uint64_t received_ = 0;    // bytes
  uint64_t dropped_ = 0;     // bytes behind the last request that counts
  uint64_t writes_ = 0;      // finished ones
  uint64_t begun_at_
    = no_write;              // of them, when the answer began behind nothing
  size_t blank_lines_ = 0;   // before the request line
  time_point continue_at_{}; // our own 100, unless the target answers

  // What the last tick saw, and when that becomes too late.
  phase watched_phase_ = phase::none;
  uint64_t watched_progress_ = 0;
  time_point deadline_ = time_point::max();
  progress_watch incoming_;
  progress_watch outgoing_;

  bool raw_ = false;            // upgraded: bytes without framing
  bool input_ended_ = false;    // the visitor ended its direction
  bool end_in_sight_ = false;   // dito, behind what was read so far
  bool unacknowledged_ = false; // the kernel may have unsent bytes of ours
  bool closing_ = false;        // close once the output is flushed
  bool lingering_ = false;      // our direction is shut down
};

} // namespace aps
