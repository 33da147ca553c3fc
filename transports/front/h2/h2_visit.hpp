#pragma once

#include "transports/front/front_request.hpp"
#include "transports/front/h2/h2_visitors.hpp"
#include "transports/front/mapping/exchange_deadlines.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/net/progress_watch.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/pieces.hpp"

#include <memory>
#include <optional>

namespace aps {

/// One request of a visitor and the answer to it, on a stream of an HTTP/2
/// connection. What is done with it is that of HTTP/1.1 (front_request.hpp); an
/// error that a gRPC client caused it hears as a gRPC status.
///
/// Ownership: its stream and its exchange, each until its own end.
/// Thread: the unit's.
class h2_visit final : public h2_stream_owner,
                       public visitor,
                       public std::enable_shared_from_this<h2_visit> {
 public:
  h2_visit(std::shared_ptr<h2_visitors> from, int32_t stream);

  /// `last`: the request has no body.
  void start(header_list fields, bool last);

  /// Its stream ended, or will as soon as the visitor reads that.
  bool is_over() const noexcept {
    return (stream_ == 0 && !exchange_) || answer_ == answer_state::given_up;
  }

  /// Looks at its deadlines.
  void on_tick(time_point now);

  // -- h2_stream_owner: the visitor ------------------------------------------

  void on_body(const slice& bytes, size_t retained) override;
  void on_trailers(header_list fields) override;
  void on_peer_end() override;
  void on_sent(size_t bytes) override;
  void on_over(const h2_ending& ending) override;

  // -- visitor: the exchange -------------------------------------------------

  void on_head(const response_head_ptr& head) override;
  void on_data(slice bytes) override;
  void on_end(const header_list& trailers) override;
  void on_failed(outcome outcome, const std::string& detail) override;
  void on_writable() override;
  void on_half_end() override;
  void on_refused(outcome outcome, const header_list& fields) override;

 private:
  /// Where the request is, seen from the visitor.
  enum class request_state : uint8_t { coming, complete };

  /// What is spoken on the stream: HTTP, a WebSocket (RFC 8441) that the target
  /// did not agree to yet, or whatever both ends like.
  enum class protocol : uint8_t { http, asked, switched };

  void begin(message_head head);
  void start_exchange(onward_request request);
  void become_stream(const route& via);
  void forward();
  void finish_request();
  response_head_ptr encoded(const response_head_ptr& head);
  bool take_page(const response_head& head);
  void respond(header_list fields, unsigned status, bool last);
  void answer_with(response_head head, const std::string& body);
  void answer_error(outcome outcome, std::string_view detail,
                    std::string_view more = {},
                    const header_list* fields = nullptr);
  void answered();
  void reset(uint32_t code);
  void cancel_exchange(outcome why);
  void break_off();
  void let_go();
  bool has_credit() const noexcept;
  void send_continue();
  bool goes_on_too_long(time_point now) const;
  std::optional<outcome> what_is_late(time_point now);
  bool is_awaited() const noexcept;
  bool stands_still(time_point now, bool watched, uint64_t progress,
                    duration limit);
  bool sends(time_point now);
  bool takes(time_point now);
  response_context context_of_answer() const;
  const http_limits& limits() const noexcept;

  const std::shared_ptr<h2_visitors> from_;
  int32_t stream_;    ///< 0 = over
  message_head head_; ///< for the record, where it became no exchange
  request_facts facts_;
  request_state request_ = request_state::coming;
  answer_state answer_ = answer_state::awaited;
  protocol protocol_ = protocol::http;
  exchange_ptr exchange_;
  pieces body_; ///< for which the exchange has no room yet
  header_list trailers_;
  hold widened_;    ///< while its body has more room
  hold descriptor_; ///< of the target, if it is one of ours
  /// The answer's body on its way; null = it stays as it is.
  std::unique_ptr<encoded_body> encoding_;
  std::optional<uint64_t> announced_; ///< bytes of the answer; absent = any
  uint64_t received_ = 0;             ///< bytes of the body
  uint64_t dropped_ = 0;              ///< of them, after the answer
  time_point answered_at_{};
  uint64_t written_ = 0;      ///< bytes of the answer, into the session
  uint64_t sent_ = 0;         ///< and out of it
  bool grpc_ = false;         ///< errors are told as gRPC does
  bool passed_on_ = false;    ///< it became an exchange, which has a record
  bool bodiless_ = false;     ///< the answer must not have a body
  bool half_ended_ = false;   ///< the target's direction of a stream ended
  duration idle_limit_{};     ///< of a stream (CONNECT); 0 = it is none
  bool continue_due_ = false; ///< the visitor waits for a 100, or an answer
  time_point continue_at_{};
  time_point awaited_since_{};
  uint64_t progress_ = 0;        ///< at that time
  exchange_deadlines deadlines_; ///< its mapping's
  progress_watch incoming_;
  progress_watch outgoing_;
};

} // namespace aps
