#include "transports/tunnel/poll/poll_server_link.hpp"

#include "transports/net/guard.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/tunnel/poll/poll_desk.hpp"

#include <algorithm>

namespace aps {

poll_server_link::poll_server_link(io_unit& unit, std::string peer,
                                   std::string server,
                                   std::weak_ptr<poll_desk> desk,
                                   std::string token, tls_facts_ptr tls)
    : link_base(unit, transport_kind::poll, std::move(peer), std::move(server),
                std::move(tls)),
      desk_(std::move(desk)), token_(std::move(token)) {}

void poll_server_link::open() {
  due_ = io().now() + poll_visit_timeout;
  pause_writes();
  watch_ticks();
}

size_t poll_server_link::body_limit() const noexcept {
  return welcomed_ ? max_message_bytes : unauthenticated_bytes;
}

// -- poll_host ----------------------------------------------------------------

// One request at a time may bring a body, or an agent could fill the node
// with unfinished ones. The newest is the one that the agent believes in.
void poll_server_link::on_body_begin(const poll_visit_ptr& visit) {
  poll_visit_ptr former;
  {
    std::lock_guard guard{reading_mutex_};
    former = reading_.lock();
    reading_ = visit;
  }
  if (former)
    former->supersede();
}

void poll_server_link::on_request(poll_visit_ptr visit, poll_request request) {
  dispatch(unit(),
           guard(io(), self<poll_server_link>(),
                 [visit = std::move(visit),
                  request = std::move(request)](const auto& me) mutable {
                   me->take({std::move(visit), std::move(request)});
                 }));
}

void poll_server_link::on_left(poll_visit_ptr visit) {
  dispatch(unit(), guard(io(), self<poll_server_link>(),
                         [visit = std::move(visit)](const auto& me) {
                           if (me->waiting_ != visit)
                             return;
                           me->waiting_ = nullptr;
                           me->due_ = me->io().now() + poll_return_timeout;
                           me->pause_writes();
                         }));
}

// -- link_base ----------------------------------------------------------------

// Writes are paused whenever no request of the agent waits, so that what
// gathers until the next one comes goes out as one batch.

void poll_server_link::do_start() {
  reads_ = true;
  if (auto early = std::exchange(early_, std::nullopt))
    take_up(std::move(*early));
}

void poll_server_link::do_write(const frame_batch& frames) {
  parts_ = encoder_.encode(frames);
  encoder_.clear();
  count_out(encoder_.size());
  ++sent_;
  in_flight_ = true;
  deliver();
}

// The agent confirms with a closing of its own.
void poll_server_link::do_close(close_reason why, const std::string& detail) {
  farewell_ = farewell{close_code_of(why), detail.substr(0, max_close_detail)};
  answer_waiting(final_answer());
}

void poll_server_link::do_abort() {
  answer_waiting(final_answer());
  if (auto early = std::exchange(early_, std::nullopt))
    early->caller->answer(final_answer());
  parts_.clear();
  if (auto desk = desk_.lock())
    desk->forget(token_);
}

void poll_server_link::do_tick(time_point now) {
  if (!alive())
    return;
  if (waiting_ && now >= waiting_until_) {
    answer_waiting(plain_answer());
  } else if (!waiting_ && now >= due_) {
    ended(link_error::lost, "the agent does not come any more");
    do_abort();
  }
}

void poll_server_link::on_welcome() {
  welcomed_ = true;
  if (auto desk = desk_.lock())
    desk->on_welcome(token_);
}

// -- requests -----------------------------------------------------------------

void poll_server_link::take(visit from) {
  if (!alive())
    return from.caller->answer(final_answer());
  due_ = io().now() + poll_visit_timeout;
  switch (from.request.verb) {
    case poll_verb::down: return take_down(std::move(from));
    case poll_verb::up: return take_up(std::move(from));
    case poll_verb::close: return take_close(from);
  }
}

void poll_server_link::take_down(visit from) {
  const auto acknowledged = in_flight_ ? sent_ - 1 : sent_;
  const auto has = from.request.number;
  if (has > sent_)
    return violation(from.caller, "acknowledged a batch that was never sent");
  // A request that was held up on its way; the agent repeated it long ago.
  if (has < acknowledged)
    return from.caller->answer({poll_conflict, {}, {}});
  answer_waiting(plain_answer());
  waiting_ = std::move(from.caller);
  waiting_until_
    = io().now() + std::min<duration>(from.request.hold, max_poll_hold);
  if (in_flight_ && has != sent_)
    return deliver();
  in_flight_ = false;
  parts_.clear();
  wrote(); // the next batch, or the closing, finds the request waiting
  if (farewell_)
    answer_waiting(final_answer());
}

void poll_server_link::take_up(visit from) {
  if (!reads_) {
    if (early_)
      early_->caller->answer({poll_conflict, {}, {}});
    early_ = std::move(from);
    return;
  }
  const auto number = from.request.number;
  if (number > received_ + 1)
    return violation(from.caller, "a batch is missing");
  // What we have already is confirmed again and otherwise ignored.
  if (number == received_ + 1) {
    const auto size = from.request.body.size();
    if (!welcomed_ && (early_bytes_ += size) > unauthenticated_bytes)
      return violation(from.caller, "too many bytes before authentication");
    const auto fault = take_batch(std::move(from.request.body));
    if (fault != codec_error::none)
      return violation(from.caller, render(fault), link_error_of(fault));
  }
  from.caller->answer(alive() ? plain_answer() : final_answer());
}

codec_fault poll_server_link::take_batch(std::string body) {
  const auto size = body.size();
  frame_batch frames;
  const bool lend = size < min_shared_message;
  const auto capacity = body.capacity();
  const auto fault
    = lend ? decode({nullptr, body}, capacity, frames)
           : decode(slice::adopt(std::move(body)), capacity, frames);
  if (fault != codec_error::none)
    return fault;
  ++received_;
  received(std::move(frames), size);
  return {};
}

void poll_server_link::take_close(const visit& from) {
  from.caller->answer(plain_answer());
  ended(classify_close_code(from.request.code), from.request.body);
  do_abort();
}

void poll_server_link::violation(const poll_visit_ptr& from,
                                 std::string_view text, link_error why) {
  ended(why, std::string{text});
  farewell_
    = farewell{close_code_of(close_reason::protocol), std::string{text}};
  from->answer(final_answer());
  do_abort();
}

// -- answers ------------------------------------------------------------------

void poll_server_link::deliver() {
  auto answer = plain_answer();
  answer.headers.push_back(poll_number(poll_batch_field, sent_));
  answer.body = parts_;
  answer_waiting(std::move(answer));
}

void poll_server_link::answer_waiting(poll_answer answer) {
  if (!waiting_)
    return;
  due_ = io().now() + poll_visit_timeout;
  pause_writes();
  std::exchange(waiting_, nullptr)->answer(std::move(answer));
}

poll_answer poll_server_link::plain_answer() const {
  return {200, {poll_number(poll_received_field, received_)}, {}};
}

/// For an agent that asks at a link that is closing or over.
poll_answer poll_server_link::final_answer() const {
  if (!farewell_)
    return {poll_gone, {}, {}};
  auto result = plain_answer();
  result.headers.push_back(poll_number(poll_close_field, farewell_->code));
  if (!farewell_->detail.empty())
    result.body.push_back(slice::copy(farewell_->detail));
  return result;
}

} // namespace aps
