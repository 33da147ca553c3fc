#pragma once

#include "transports/http2/h2_stream.hpp"
#include "transports/net/progress_watch.hpp"
#include "transports/origin/h2/h2_origin.hpp"
#include "transports/seam/pieces.hpp"

#include <memory>
#include <string>

namespace aps {

/// A request to an origin on a stream of its HTTP/2 connection.
///
/// Ownership: its stream, until both are over. Thread: the unit's.
class h2_origin_request final
    : public request_carrier,
      public h2_stream_owner,
      public std::enable_shared_from_this<h2_origin_request> {
 public:
  /// `reused`: others began on the connection before.
  h2_origin_request(h2_origin_ptr on, bool reused)
      : on_(std::move(on)), reused_(reused) {}

  /// Nobody waits for it; what is left of its stream is the connection's.
  bool is_over() const noexcept { return !receiver_ && begun_; }

  /// Ends it when the origin sends or takes too little.
  void check(time_point now);

  // -- request_carrier -------------------------------------------------------

  bool is_reused() const noexcept override { return reused_; }
  bool may_refuse() const noexcept override { return true; }
  bool begin(std::shared_ptr<response_receiver> receiver,
             const request_head& head) override;
  void send(slice bytes) override;
  void send_end(const header_list& trailers) override;
  void on_room() override;
  void close() override;
  void give_back() override {}

  // -- h2_stream_owner -------------------------------------------------------

  void on_response(header_list fields, bool last) override;
  void on_body(const slice& bytes, size_t retained) override;
  void on_trailers(header_list fields) override;
  void on_peer_end() override;
  void on_sent(size_t bytes) override;
  void on_over(const h2_ending& ending) override;

 private:
  /// Where the answer is.
  enum class answer_state : uint8_t { awaited, begun, complete };

  /// A WebSocket that the origin did not grant yet, or did.
  struct socket {
    header_list fields;          ///< of its request
    std::string accept;          ///< of its answer
    pieces held = {};            ///< until it is granted
    bool end_due = false;        ///< dito
    bool granted = false;
  };

  void begin_socket();
  void open_socket();
  void grant_socket();
  void no_room();
  void put_off(void (h2_origin_request::*what)());
  bool is_granted() const noexcept { return socket_ && socket_->granted; }
  bool holds_back() const noexcept {
    return socket_ && answer_ == answer_state::awaited;
  }
  bool count_interim(const header_list& fields);
  void deliver();
  void complete();
  void give_up(uint32_t code);
  void broken(outcome cause, const std::string& reason, request_reach reach);
  void fail_on(const h2_ending& ending);
  void check_answer(time_point now);
  void check_sending(time_point now);

  const h2_origin_ptr on_;
  const bool reused_;
  std::shared_ptr<response_receiver> receiver_; ///< null = nobody waits
  int32_t stream_ = 0;                          ///< 0 = over
  bool begun_ = false;
  bool head_request_ = false;
  bool sent_all_ = false;     ///< of the request
  bool event_stream_ = false; ///< may be silent for as long as it likes
  bool held_back_ = false;    ///< the receiver had no room since the last look
  std::unique_ptr<socket> socket_; ///< null = it asks for none
  answer_state answer_ = answer_state::awaited;
  pieces body_; ///< for which the receiver has no room yet
  header_list trailers_;
  size_t interim_heads_ = 0;
  size_t interim_bytes_ = 0;
  uint64_t received_ = 0; ///< bytes of the body
  uint64_t written_ = 0;  ///< bytes of the request's body
  uint64_t sent_ = 0;     ///< of them with the kernel
  progress_watch incoming_;
  progress_watch outgoing_;
};

} // namespace aps
