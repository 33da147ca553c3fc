#pragma once

#include "transports/tunnel/link_base.hpp"
#include "transports/tunnel/poll/poll_visit.hpp"
#include "transports/wire/codec.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aps {

class poll_desk;

/// The node's side of a poll link. The agent's requests come from any HTTP
/// session of the listener and are handled on this link's unit.
///
/// A batch is made when the agent is there to take it. It stays in flight
/// until the agent asks for the next one, and goes out again whenever it asks
/// as if it had not seen it. So at most one batch
/// is kept besides the queue that every link has.
///
/// Ownership: the desk, until the link ended.
class poll_server_link final : public link_base, public poll_host {
 public:
  poll_server_link(io_unit& unit, std::string peer, std::string server,
                   std::weak_ptr<poll_desk> desk, std::string token,
                   tls_facts_ptr tls = nullptr);

  /// Begins to wait for the agent. Thread: the unit's.
  void open();

  /// What a request of the agent may bring now, bytes. Thread: any.
  size_t body_limit() const noexcept;

  // -- poll_host, on threads of sessions -------------------------------------

  void on_body_begin(const poll_visit_ptr& visit) override;
  void on_request(poll_visit_ptr visit, poll_request request) override;
  void on_left(poll_visit_ptr visit) override;

 private:
  struct visit {
    poll_visit_ptr caller;
    poll_request request;
  };
  struct farewell {
    uint16_t code;
    std::string detail;
  };

  // -- link_base -------------------------------------------------------------

  void do_start() override;
  void do_write(const frame_batch& frames) override;
  void do_close(close_reason why, const std::string& detail) override;
  void do_abort() override;
  void do_tick(time_point now) override;
  void on_welcome() override;

  // -- requests --------------------------------------------------------------

  void take(visit from);
  void take_down(visit from);
  void take_up(visit from);
  void take_close(const visit& from);
  codec_fault take_batch(std::string body);
  void violation(const poll_visit_ptr& from, std::string_view text,
                 link_error why = link_error::protocol);

  // -- answers ---------------------------------------------------------------

  void deliver();
  void answer_waiting(poll_answer answer);
  poll_answer plain_answer() const;
  poll_answer final_answer() const;

  const std::weak_ptr<poll_desk> desk_;
  const std::string token_;
  std::atomic<bool> welcomed_{false};

  std::mutex reading_mutex_;
  std::weak_ptr<poll_visit> reading_; // by reading_mutex_

  batch_encoder encoder_;
  std::vector<slice> parts_; // of the batch in flight
  uint64_t sent_ = 0;        // number of the last batch made
  uint64_t received_ = 0;    // number of the last batch taken
  bool in_flight_ = false;   // batch sent_ is not acknowledged
  poll_visit_ptr waiting_;   // the agent's outstanding request, if it is there
  time_point waiting_until_;
  time_point due_;             // of the next request, while none waits
  std::optional<visit> early_; // an up request before the start
  std::optional<farewell> farewell_;
  size_t early_bytes_ = 0;
  bool reads_ = false;
};

} // namespace aps
