#include "transports/origin/origin_request.hpp"

#include "transports/http/request_writer.hpp"

#include <algorithm>

namespace aps {

namespace {

// Bodies up to this size are kept for a second attempt.
constexpr size_t replay_bytes = 64 * 1024;

} // namespace

origin_request::origin_request(std::shared_ptr<origin_pool> pool,
                               served_exchange_ptr served)
    : pool_(std::move(pool)), served_(std::move(served)),
      key_(origin_key(*served_->head())) {}

void origin_request::start() {
  pool_->note_user(*this);
  if (auto carrier = pool_->take(key_, *served_->head()))
    run_on(std::move(carrier));
  else
    open_fresh();
}

void origin_request::open_fresh() {
  pool_->open(key_, *served_->head(),
              [self = shared_from_this()](origin_pool::opened result) {
                if (!self->served_) {
                  // Cancelled meanwhile; somebody else may use it.
                  if (result.carrier)
                    result.carrier->give_back();
                } else if (result.carrier) {
                  self->run_on(std::move(result.carrier));
                } else {
                  self->fail(result.error, std::move(result.detail));
                }
              });
}

void origin_request::run_on(request_carrier_ptr carrier) {
  carrier_ = std::move(carrier);
  const auto current = carrier_;
  if (!current->begin(shared_from_this(), *served_->head())) {
    current->close();
    carrier_ = nullptr;
    // Not at once: the exchange may not be attached yet.
    return pool_->unit().post([self = shared_from_this()] {
      self->fail(outcome::bad_request, "the request cannot be expressed in "
                                       "HTTP");
    });
  }
  for (const auto& bytes : kept_)
    current->send(bytes);
  if (ended_ && !served_->head()->last)
    current->send_end(trailers_);
  if (!current->is_reused() && !current->may_refuse()) {
    complete_ = false;
    kept_.clear();
  }
}

// -- origin -------------------------------------------------------------------

void origin_request::on_body(slice bytes) {
  if (!served_)
    return;
  if (!carrier_)
    return keep(std::move(bytes));
  if (complete_ && kept_bytes_ + bytes.size() <= replay_bytes) {
    keep(bytes);
  } else if (complete_) {
    complete_ = false;
    kept_.clear();
  }
  carrier_->send(std::move(bytes));
}

void origin_request::keep(slice bytes) {
  kept_bytes_ += bytes.size();
  kept_.push_back(std::move(bytes));
}

void origin_request::on_body_end(const header_list& trailers) {
  if (!served_)
    return;
  ended_ = true;
  trailers_ = trailers;
  if (carrier_)
    carrier_->send_end(trailers_);
}

void origin_request::on_cancelled() {
  if (carrier_)
    carrier_->close();
  done();
}

// Who asked for it may be gone as well, and could not cancel it any more.
void origin_request::on_shut_down() {
  const auto self = shared_from_this();
  if (carrier_)
    carrier_->close();
  fail(outcome::draining, "the agent ends");
}

void origin_request::on_writable() {
  if (carrier_)
    carrier_->on_room();
}

// -- response_receiver --------------------------------------------------------

void origin_request::on_response_head(response_head_ptr head) {
  // From here on nothing can be asked again.
  complete_ = false;
  kept_.clear();
  if (served_)
    served_->send_head(std::move(head));
}

void origin_request::on_response_body(slice bytes) {
  if (served_)
    served_->send_body(std::move(bytes));
}

void origin_request::on_response_end(header_list trailers) {
  carrier_ = nullptr;
  if (const auto served = served_) {
    done();
    served->send_end(std::move(trailers));
  }
}

size_t origin_request::response_room() const noexcept {
  return served_ ? served_->room() : 0;
}

void origin_request::on_request_written(size_t bytes) {
  const auto again = std::min(skip_, bytes);
  skip_ -= again;
  written_ += bytes - again;
  if (served_ && bytes > again)
    served_->consumed(bytes - again);
}

void origin_request::on_broken(outcome cause, std::string detail,
                               request_reach reach) {
  const auto lost = std::exchange(carrier_, nullptr);
  if (!served_)
    return;
  // Only a kept connection can have died, or have been spoilt, before it saw
  // the request.
  const bool stale
    = lost && lost->is_reused() && reach == request_reach::unknown
      && (cause == outcome::origin_closed || cause == outcome::origin_protocol)
      && is_idempotent(*served_->head());
  if (complete_ && (stale || reach == request_reach::unprocessed)
      && !std::exchange(again_, true)) {
    skip_ = written_;
    return open_fresh();
  }
  fail(cause, std::move(detail));
}

// -- ends ---------------------------------------------------------------------

void origin_request::fail(outcome why, std::string detail) {
  carrier_ = nullptr;
  if (const auto served = served_) {
    done();
    served->fail(why, std::move(detail));
  }
}

void origin_request::done() {
  unlink();
  served_ = nullptr;
  carrier_ = nullptr;
  kept_.clear();
}

} // namespace aps
