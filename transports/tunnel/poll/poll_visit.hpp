#pragma once

#include "transports/seam/exchange/exchange.hpp"
#include "transports/tunnel/poll/poll_wire.hpp"

#include <memory>
#include <string>
#include <vector>

namespace aps {

/// What the node says to it.
struct poll_answer {
  uint16_t status = 200;
  header_list headers;
  std::vector<slice> body;
};

class poll_visit;
using poll_visit_ptr = std::shared_ptr<poll_visit>;

/// Whom a visit is for. Called on the thread of the visit's HTTP session.
class poll_host {
 public:
  virtual ~poll_host() = default;

  /// The body of a request is about to be read.
  virtual void on_body_begin(const poll_visit_ptr& visit) = 0;

  /// The request is complete; `visit` waits for its answer.
  virtual void on_request(poll_visit_ptr visit, poll_request request) = 0;

  /// The TCP connection of a complete request went away before its answer.
  virtual void on_left(poll_visit_ptr visit) = 0;
};

/// One HTTP request of an agent at the node, seen as an exchange whose origin
/// we are: collects the body, hands the request to its link, and carries the
/// answer back to the session's thread. The visit and the exchange hold each
/// other until the exchange is over.
class poll_visit final : public origin,
                         public std::enable_shared_from_this<poll_visit> {
 public:
  /// `limit` bounds the body, bytes. Thread: the session's, as for `start`.
  poll_visit(const exchange_ptr& from, std::shared_ptr<poll_host> to,
             poll_request request, size_t limit);

  void start(const exchange_ptr& from);

  /// The first answer counts. Thread: any.
  void answer(poll_answer answer);

  /// A newer request came instead of this one: nothing more of its body is
  /// read. Does nothing to complete requests. Thread: any.
  void supersede();

  // -- origin ----------------------------------------------------------------

  void on_body(slice bytes) override;
  void on_body_end(const header_list& trailers) override;
  void on_cancelled() override;
  void on_writable() override {}

 private:
  void complete();
  void do_answer(const poll_answer& answer);

  executor& unit_;
  std::shared_ptr<served_exchange> at_; // until it is over
  std::shared_ptr<poll_host> host_;     // until the answer
  poll_request request_;
  const size_t limit_;
  bool complete_ = false;
};

/// Answers a request that belongs to no link. Thread: the session's.
void answer_poll(const exchange_ptr& from, const poll_answer& answer);

} // namespace aps
