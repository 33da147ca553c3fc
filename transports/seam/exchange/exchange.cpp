#include "transports/seam/exchange/exchange.hpp"

#include "transports/seam/exchange/head_excess.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace aps {

namespace {

// Most texts are short and clean: those stay as they are.
void cut_text(std::string& text, size_t most) {
  if (text.size() > most || !is_clean_text(text))
    text = foreign_text(text, most);
}

std::shared_ptr<const exchange_facts> cut_facts(exchange_facts facts) {
  facts.cut();
  return std::make_shared<const exchange_facts>(std::move(facts));
}

} // namespace

exchange::exchange(executor& unit, exchange_id id, request_head_ptr head,
                   exchange_facts facts, std::shared_ptr<visitor> listener,
                   uint32_t window)
    : calls_(unit), id_(id), head_(std::move(head)),
      facts_(cut_facts(std::move(facts))), listener_(std::move(listener)),
      window_(window), out_(initial_request_window), in_(window, window),
      datagrams_(datagrams_of(*head_, initial_request_window)) {
  assert(head_ && listener_);
  if (head_->last)
    out_.finish({});
}

// -- for actors ---------------------------------------------------------------

void exchange::attach(link_ptr on, const session_id& session,
                      exchange_owner_ptr owner, uint32_t round) {
  calls_.run(shared_from_this(), [this, on = std::move(on), session,
                                  owner = std::move(owner), round]() mutable {
    begin_or_move(std::move(on), session, std::move(owner), round);
  });
}

void exchange::deliver(const link_ptr& from, frame frame) {
  calls_.run(shared_from_this(),
             [this, from, frame = std::move(frame)]() mutable {
               if (from == link_)
                 do_deliver(std::move(frame));
             });
}

void exchange::detach(const link_ptr& from, link_error why, bool unsent) {
  calls_.run(shared_from_this(), [this, from, why, unsent] {
    if (link_ != from)
      return;
    note_loss(to_string(why));
    link_ = nullptr;
    owner_ = nullptr;
    if (!std::exchange(current_.unheard, false))
      return;
    if (unsent)
      return take_back_head();
    if (why == link_error::protocol || why == link_error::too_large)
      ++misunderstood_;
    look_at_limits();
  });
}

// The last head never left: nobody began with it.
void exchange::take_back_head() {
  assert(heads_sent_ > 0 && starts_ >= current_.head_begins);
  --heads_sent_;
  starts_ -= current_.head_begins;
  head_sent_ = heads_sent_ > 0;
  look_at_limits();
}

// What nobody survives is not to be tried on everybody.
void exchange::look_at_limits() {
  exhausted_ = starts_ >= max_starts || misunderstood_ >= max_misunderstandings
               || heads_sent_ >= max_heads;
}

void exchange::fail(outcome outcome, std::string detail) {
  calls_.run(shared_from_this(), [this, outcome, detail = std::move(detail)] {
    if (over_)
      return;
    send(reset_frame{outcome, detail});
    finish(outcome, detail);
  });
}

bool exchange::restartable() const noexcept {
  return !over_ && !exhausted_ && !response_started_ && !body_acked_
         && (!head_sent_ || is_idempotent(*head_));
}

void exchange::begin_or_move(link_ptr on, const session_id& session,
                             exchange_owner_ptr owner, uint32_t round) {
  if (over_ || round != round_) {
    owner->on_finished(unit(), id_, outcome::visitor_gone);
    return;
  }
  if (link_)
    note_loss("moved");
  link_ = std::move(on);
  owner_ = std::move(owner);
  if (auto excess = head_excess(*head_); !excess.empty())
    return finish(outcome::header_too_large, excess);
  if (!head_sent_) {
    note_attempt(round_ == 0 ? exchange_attempt::kind::first
                             : exchange_attempt::kind::retry);
    session_ = session;
    restart(true);
  } else if (session == session_) {
    note_attempt(exchange_attempt::kind::resume);
    ++moves_;
    current_.resuming = true;
    send(resume_frame{++attempt_, in_.received(), heads_});
  } else if (restartable()) {
    note_attempt(exchange_attempt::kind::restart);
    ++moves_;
    session_ = session;
    restart(true);
  } else {
    const auto outcome = response_started_ ? outcome::cut
                         : exhausted_      ? outcome::attempts_exhausted
                                           : outcome::started_unknown;
    finish(outcome, "the agent that had the request is gone");
  }
}

void exchange::send_head(bool begins) {
  assert(link_ && !over_);
  current_.resuming = false;
  // On a link that is closed already nothing is sent, and nobody begins; its
  // owner is about to detach us.
  if (link_->ended())
    return;
  head_sent_ = true;
  current_.unheard = true;
  current_.head_begins = begins;
  starts_ += begins;
  ++heads_sent_;
  look_at_limits();
  send(request_frame{++attempt_, window_, head_});
  pump();
}

// From the very beginning: nothing of the answer was delivered yet.
void exchange::restart(bool begins) {
  assert(!response_started_ && !body_acked_);
  if (record_)
    record_->bytes_resent += out_.sent();
  out_.restart(initial_request_window);
  if (datagrams_)
    datagrams_->restart(initial_request_window);
  send_head(begins);
}

void exchange::do_deliver(frame frame) {
  // A listener may drop the last outside reference while it is called.
  const auto self = shared_from_this();
  current_.unheard = false;
  std::visit(
    [this](auto& body) {
      if constexpr (requires { this->handle(body); })
        handle(body);
      else
        violation("unexpected frame kind");
    },
    frame.body);
}

void exchange::handle(response_frame& frame) {
  if (has_final_head())
    return violation("second response head");
  if (!frame.head->interim()
      && ask_another(outcome::ok, frame.head->status, frame.head->last))
    return;
  ++heads_;
  if (!frame.head->interim())
    answer_
      = frame.head->status == 101 ? answer_head::switched : answer_head::final;
  if (!has_final_head()) {
    interim_bytes_ += bytes_of(frame.head->headers);
    if (heads_ > max_interim_heads || interim_bytes_ > max_interim_bytes)
      return violation("too many interim response heads");
  }
  length_ = frame.head->content_length;
  response_started_ = true;
  if (record_ && has_final_head()) {
    record_->first_byte = unit().now();
    record_->status = frame.head->status;
  }
  add_cookies(frame.head);
  listener_->on_head(frame.head);
  if (over_)
    return;
  if (frame.head->last && has_final_head())
    complete({});
}

void exchange::add_cookies(response_head_ptr& head) const {
  if (!pass_ || pass_->cookies.empty() || head->interim())
    return;
  auto with = std::make_shared<response_head>(*head);
  with->headers.insert(with->headers.end(), pass_->cookies.begin(),
                       pass_->cookies.end());
  head = std::move(with);
}

void exchange::handle(data_frame& frame) {
  if (!has_final_head() || datagrams_)
    return violation(datagrams_ ? "data among datagrams"
                                : "data before the response head");
  const auto had_ended = in_.ended();
  auto fresh = in_.accept(frame);
  if (!fresh)
    return violation("data out of order or beyond the credit");
  if (record_)
    record_->bytes_down += fresh->size();
  if (!fresh->empty())
    listener_->on_data(std::move(*fresh));
  if (!over_ && !had_ended && in_.ended())
    answer_ended({});
}

void exchange::handle(datagram_frame& frame) {
  const auto size = frame.payload.size();
  if (!datagrams_ || !has_final_head())
    return violation("a datagram where none is expected");
  if (!in_.take(frame.offset, datagram_cost(size)))
    return violation("a datagram out of order or beyond the credit");
  if (record_)
    record_->bytes_down += size;
  listener_->on_datagram(std::move(frame.payload));
  consumed(datagram_cost(size));
}

void exchange::handle(end_frame& frame) {
  if (datagrams_)
    return violation("datagrams have no end");
  // An agent that resumed says it again, at the same place.
  if (in_.ended() && frame.offset == in_.received())
    return;
  if (!has_final_head() || !in_.accept_end(frame.offset))
    return violation("end at the wrong place");
  answer_ended(frame.trailers);
}

void exchange::handle(reset_frame& frame) {
  if (ask_another(frame.code, 0, true))
    return;
  send(ack_frame{in_.received(), 0, true});
  finish(frame.code == outcome::ok ? outcome::internal : frame.code,
         foreign_text(frame.message));
}

void exchange::handle(ack_frame& frame) {
  const auto was_full = out_.room() == 0;
  growth_.cover(out_, frame.window);
  if (!(datagrams_ ? datagrams_->ack(frame.offset, frame.window)
                   : out_.ack(frame.offset, frame.window)))
    return violation("ack of bytes that were never sent");
  if (frame.offset > 0)
    body_acked_ = true;
  pump();
  if (was_full && !out_.finished() && out_.room() > 0)
    listener_->on_writable();
  if (!over_ && in_.ended())
    look_at_stream();
}

void exchange::handle(resumed_frame& frame) {
  if (!current_.resuming || frame.attempt != attempt_)
    return;
  current_.resuming = false;
  if (frame.known) {
    const auto sent = out_.sent();
    if (!(datagrams_ ? datagrams_->rewind(frame.received)
                     : out_.rewind(frame.received)))
      return violation("resumed at a position that is gone or was never sent");
    if (record_)
      record_->bytes_resent += sent - std::min(sent, frame.received);
    // Our last ack may have died with the old link.
    send(in_.current_ack());
    return pump();
  }
  if (response_started_ || body_acked_)
    return finish(response_started_ ? outcome::cut : outcome::started_unknown,
                  "the agent does not know the exchange any more");
  // It never saw the head. Yet somebody ends its links again and again.
  if (misunderstood_ >= max_misunderstandings || heads_sent_ >= max_heads)
    return finish(outcome::attempts_exhausted,
                  "each connection that was given the request ended");
  restart(false);
}

// What became of this answer is nobody's business any more. True = the request
// is on its way to somebody else.
bool exchange::ask_another(outcome result, uint16_t status, bool complete) {
  const auto by = retrier_ && owner_ ? owner_->who() : nullptr;
  if (!by || !retrier_->wants_again(*this, *by, result, status))
    return false;
  assert(is_whole() && link_);
  note_loss("retried");
  if (complete)
    send(ack_frame{in_.received(), 0, true});
  else
    send(reset_frame{outcome::visitor_gone, {}});
  link_ = nullptr;
  head_sent_ = false;
  session_ = {};
  starts_ = 0;
  heads_sent_ = 0;
  misunderstood_ = 0;
  current_ = {};
  look_at_limits();
  ++round_; // from now on who had it is not asked what became of it
  std::exchange(owner_, nullptr)->on_finished(unit(), id_, result);
  retrier_->ask_again(shared_from_this());
  return true;
}

// -- for the visitor's side ---------------------------------------------------

void exchange::amend(request_head_ptr head) {
  assert(head && head->last == head_->last && !link_ && !head_sent_);
  head_ = std::move(head);
}

void exchange::tap_with(std::shared_ptr<body_tap> tap) {
  assert(tap && !link_ && is_whole());
  for (const auto& piece : out_.kept())
    tap->on_body(piece);
  if (out_.finished())
    tap->on_body_end(out_.trailers());
  else
    tap_ = std::move(tap);
}

void exchange::admit_with(visitor_pass_ptr pass) {
  if (over_)
    return;
  pass_ = std::move(pass);
  note_pass();
}

void exchange::fail_over_quota() {
  if (record_)
    record_->over_quota = true;
  fail(outcome::body_too_large, "more than max_body_bytes of a quota");
}

void exchange::refuse(outcome outcome, std::string_view reason,
                      const header_list& fields) {
  if (over_)
    return;
  assert(!link_ && !head_sent_);
  if (record_)
    record_->access = foreign_text(reason, kept::detail);
  const auto listener = std::move(listener_);
  release(outcome, reason);
  if (listener)
    listener->on_refused(outcome, fields);
}

void exchange::send_body(slice bytes) {
  if (over_ || out_.finished())
    return;
  body_bytes_ += bytes.size();
  if (over_quota())
    return fail_over_quota();
  send_framing(std::move(bytes));
}

void exchange::send_framing(slice bytes) {
  if (over_ || out_.finished())
    return;
  if (record_)
    record_->bytes_up += bytes.size();
  if (tap_)
    tap_->on_body(bytes);
  out_.push(std::move(bytes));
  pump();
}

void exchange::send_end(header_list trailers) {
  if (over_ || out_.finished())
    return;
  if (auto excess = head_excess(trailers); !excess.empty())
    return fail(outcome::header_too_large, std::move(excess));
  if (const auto tap = std::exchange(tap_, nullptr))
    tap->on_body_end(trailers);
  out_.finish(std::move(trailers));
  pump();
  if (in_.ended())
    look_at_stream();
}

bool exchange::send_datagram(slice bytes) {
  assert(datagrams_);
  if (over_)
    return false;
  if (!head_sent_)
    return datagrams_->hold(std::move(bytes));
  if (!link_ || current_.resuming) {
    datagrams_->drop();
    return false;
  }
  const auto size = bytes.size();
  auto next = datagrams_->next(std::move(bytes));
  if (!next)
    return false;
  if (record_)
    record_->bytes_up += size;
  send(std::move(*next));
  return true;
}

void exchange::consumed(size_t bytes) {
  if (over_)
    return;
  if (auto due = growth_.consume(in_, bytes, unit());
      due && link_ && !current_.resuming)
    send(*due);
}

void exchange::cancel(outcome why) {
  if (over_)
    return;
  if (link_)
    send(reset_frame{why, {}});
  listener_ = nullptr;
  // Who knows the length leaves with the last byte; the end may still be on
  // its way to us.
  const auto complete = why == outcome::visitor_gone && has_final_head()
                        && length_ == in_.consumed();
  release(complete ? outcome::ok : why);
}

// -- inner workings -----------------------------------------------------------

void exchange::pump() {
  if (!link_ || current_.resuming || !head_sent_ || head_->last)
    return;
  if (datagrams_)
    for (auto& held : datagrams_->take_held())
      send_datagram(std::move(held));
  while (auto next = out_.next())
    send(std::move(*next));
}

void exchange::send(frame::kind kind) {
  if (link_)
    link_->send(frame{id_, std::move(kind)});
}

void exchange::answer_ended(const header_list& trailers) {
  if (!is_stream())
    return complete(trailers);
  listener_->on_half_end();
  if (!over_)
    look_at_stream();
}

// Each direction of a stream ends for itself.
void exchange::look_at_stream() {
  assert(in_.ended());
  if (is_stream() && out_.all_sent() && out_.acked() == out_.total())
    complete({});
}

void exchange::complete(const header_list& trailers) {
  assert(has_final_head());
  send(ack_frame{in_.received(), 0, true});
  const auto listener = std::move(listener_);
  release(outcome::ok);
  if (listener)
    listener->on_end(trailers);
}

void exchange::violation(const char* text) {
  send(reset_frame{outcome::internal, text});
  finish(outcome::internal, text);
}

void exchange::finish(outcome outcome, const std::string& detail) {
  const auto listener = std::move(listener_);
  release(outcome, detail);
  if (listener)
    listener->on_failed(outcome, detail);
}

void exchange::release(outcome outcome, std::string_view detail) {
  assert(!over_);
  over_ = true;
  note_end(outcome, detail);
  out_.clear();
  growth_.end();
  link_ = nullptr;
  pass_ = nullptr;
  retrier_ = nullptr;
  tap_ = nullptr;
  if (const auto owner = std::move(owner_))
    owner->on_finished(unit(), id_, outcome);
  owner_ = nullptr;
}

// -- the record ---------------------------------------------------------------

std::string exchange_facts::target(bool with_scheme) const {
  // What was no request names no host.
  if (host.empty() || !(path.empty() || path.starts_with('/')))
    return path;
  return (with_scheme ? scheme + "://" : "") + host + path;
}

void exchange_facts::cut() {
  cut_text(visitor_address, kept::address);
  cut_text(request_id, kept::request_id);
  cut_text(host, kept::host);
  cut_text(path, kept::path);
}

void exchange_record::reuse() {
  auto spare = std::move(attempts);
  spare.clear();
  auto text = std::move(detail);
  text.clear();
  auto facts_memory = std::move(kept_);
  *this = {};
  attempts = std::move(spare);
  detail = std::move(text);
  kept_ = std::move(facts_memory);
}

void exchange_record::keep_facts() {
  if (!kept_)
    kept_ = std::make_shared<exchange_facts>();
  *kept_ = *facts;
  facts = kept_;
}

void exchange::observe(std::shared_ptr<exchange_observer> observer,
                       exchange_record_ptr record) {
  observer_ = std::move(observer);
  record_ = std::move(record);
  record_->id = id_;
  record_->facts = facts_;
  record_->method = foreign_text(head_->method, kept::method);
  record_->started = unit().now();
  record_->started_ms = wall_clock_ms();
  note_pass();
}

// What a claim says of itself is not the rule that let it in.
void exchange::note_pass() {
  if (!record_ || !pass_)
    return;
  record_->user = pass_->user;
  if (pass_->settled())
    record_->access = pass_->reason;
}

void exchange::note_attempt(exchange_attempt::kind kind) {
  if (!record_)
    return;
  assert(owner_);
  const auto now = unit().now();
  if (record_->attempts.empty())
    record_->acquired = now;
  else if (kind != exchange_attempt::kind::retry)
    ++record_->moves;
  record_->attempts.push_back({kind, now, owner_->who(), {}, {}});
}

void exchange::note_loss(std::string_view why) {
  if (!record_ || record_->attempts.empty())
    return;
  record_->attempts.back().lost_at = unit().now();
  record_->attempts.back().reason = why;
}

void exchange::note_end(outcome outcome, std::string_view detail) {
  const auto record = std::exchange(record_, nullptr);
  if (!record)
    return;
  record->ended = unit().now();
  record->over = true;
  record->result = outcome;
  record->detail = detail;
  if (datagrams_ && datagrams_->dropped() > 0 && detail.empty())
    record->detail
      = std::to_string(datagrams_->dropped()) + " datagrams had no room";
  cut_text(record->detail, kept::detail);
  // Nobody hears the status of an answer to a visitor that left.
  if (record->status == 0 && outcome != outcome::visitor_gone)
    record->status = static_cast<uint16_t>(status_of(outcome));
  if (const auto observer = std::exchange(observer_, nullptr))
    observer->on_over(record);
}

} // namespace aps
