#pragma once

#include "transports/http/body_writer.hpp"
#include "transports/http/parser.hpp"
#include "transports/net/channel.hpp"
#include "transports/net/progress_watch.hpp"
#include "transports/origin/request_carrier.hpp"
#include "transports/seam/pieces.hpp"

#include <boost/intrusive/list_hook.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace aps {

class origin_pool;
struct origin_settings;
using origin_settings_ptr = std::shared_ptr<const origin_settings>;

/// Links a connection into its pool's list of busy ones.
using busy_hook = boost::intrusive::list_base_hook<
  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// A client's HTTP/1.1 connection to an origin: one request at a time, kept
/// alive in its pool between two. Always reads while it has credit, so an
/// idle one notices the end. Everything on the unit's thread.
class origin_connection final : public busy_hook,
                                public channel,
                                public request_carrier {
 public:
  /// `key` names the origin in the pool, `name` in messages.
  origin_connection(io_unit& unit, stream_ptr stream,
                    std::weak_ptr<origin_pool> pool,
                    origin_settings_ptr settings, std::string key,
                    std::string name);

  std::shared_ptr<origin_connection> self();

  const std::string& key() const noexcept { return key_; }

  /// Under which it is kept for others, or for the one visitor that it
  /// belongs to.
  std::string pool_key() const;

  /// Asks the kernel whether the origin ended it meanwhile.
  bool still_open() noexcept;

  // -- request_carrier -------------------------------------------------------

  /// Precondition of `begin`: idle or fresh.
  bool is_reused() const noexcept override { return requests_ > 1; }
  bool may_refuse() const noexcept override { return false; }
  bool begin(std::shared_ptr<response_receiver> receiver,
             const request_head& head) override;
  void send(slice bytes) override;
  void send_end(const header_list& trailers) override;
  void on_room() override;
  void close() override;
  void give_back() override;

  /// Ends the connection when its origin sends or takes too little. Called
  /// now and then while it is busy.
  void check(time_point now);

  /// A handler failed: the request is broken off, the connection closed.
  void on_exception(const std::string& text) override;

  /// When an idle connection ends; kept by the pool.
  time_point idle_until = time_point::max();

  /// The last response had no body but spoke of one: what some origins send
  /// all the same may still be on its way.
  bool body_may_follow() const noexcept {
    return response_.body_may_follow;
  }

  /// Starts to watch a connection that carries nothing yet.
  void watch_idle() { read_more(); }

  using channel::rest_when_idle;

 private:
  /// What was sent of the request.
  struct request_progress {
    bool head_request = false;
    bool bytes_passed = false; // beyond its head
    bool end_due = false;      // an upgrade's stream ended before its 101
    bool sent = false;         // the end was queued
  };

  /// What came of the response.
  struct response_progress {
    bool started = false;
    bool head_delivered = false;
    bool done = false;
    bool keep_alive = false;
    bool event_stream = false; // may be silent for as long as it likes
    bool body_may_follow = false;
  };

  // -- channel ---------------------------------------------------------------

  void on_read(const error_code& error, size_t bytes) override;
  void on_written(const error_code& error, size_t payload) override;
  void on_flushed() override;
  bool step() override;
  void on_steps_done() override { read_more(); }

  void read_more();
  bool pump_raw();
  void note_authentication(const header_list& headers);
  slice hold_back(slice bytes);
  bool count_head(size_t bytes);
  void deliver_head();
  response_head_ptr switching_head(message_head& head);
  void deliver_body();
  void response_complete();
  void on_end_of_input(const error_code& error);
  void release_if_done();
  void broken(outcome why, const std::string& reason);
  void check_answer(time_point now);
  void check_sending(time_point now);

  const std::weak_ptr<origin_pool> pool_;
  const origin_settings_ptr settings_;
  const std::string key_;
  const std::string name_;
  response_parser parser_;
  body_writer body_;
  std::shared_ptr<response_receiver> request_;
  size_t requests_ = 0;
  uint64_t visitor_ = 0;     // whose request it carries, or carried last
  std::string upgrade_;      // what the request asks for; empty = nothing
  uint64_t early_ = 0;       // bytes that may be sent before it is granted
  pieces held_;              // those behind them
  size_t interim_heads_ = 0; // of this response
  size_t head_bytes_ = 0;    // of this response, interim heads included
  uint64_t received_ = 0;    // bytes of responses, for `answer_`
  uint64_t written_ = 0;     // bytes of requests, for `sending_`
  progress_watch answer_;
  progress_watch sending_;

  request_progress sent_;
  response_progress response_;

  // The origin may take whoever uses the connection for the visitor that
  // authenticated on it.
  bool authenticated_ = false;
  bool raw_ = false;
  bool held_back_ = false;    // the receiver had no room since the last look
  bool send_failed_ = false;  // an answer may have come before
  bool shutdown_due_ = false; // raw: our direction ends once flushed
};
using origin_connection_ptr = std::shared_ptr<origin_connection>;

} // namespace aps
