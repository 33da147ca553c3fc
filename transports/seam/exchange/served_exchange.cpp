#include "transports/seam/exchange/exchange.hpp"

#include "transports/seam/exchange/head_excess.hpp"

#include <cassert>

namespace aps {

served_exchange::served_exchange(executor& unit, exchange_id id,
                                 request_head_ptr head,
                                 uint32_t response_window,
                                 uint32_t request_window)
    : calls_(unit), id_(id), head_(std::move(head)),
      out_(response_window, max_response_window),
      in_(initial_request_window, request_window),
      datagrams_(datagrams_of(*head_, response_window, max_response_window)) {}

// -- for actors ---------------------------------------------------------------

void served_exchange::attach(link_ptr on, exchange_owner_ptr owner) {
  calls_.run(shared_from_this(), [this, on = std::move(on),
                                  owner = std::move(owner)]() mutable {
    if (over_)
      return;
    link_ = std::move(on);
    owner_ = std::move(owner);
    // The sender starts with the protocol's small window: give it ours.
    if (!head_->last)
      send(in_.current_ack());
    pump();
    if (failure_)
      send(*failure_);
  });
}

void served_exchange::resume(link_ptr on, exchange_owner_ptr owner,
                             resume_frame from) {
  calls_.run(shared_from_this(), [this, on = std::move(on),
                                  owner = std::move(owner), from]() mutable {
    continue_on(std::move(on), std::move(owner), from);
  });
}

void served_exchange::deliver(const link_ptr& from, frame frame) {
  calls_.run(shared_from_this(),
             [this, from, frame = std::move(frame)]() mutable {
               if (from == link_)
                 do_deliver(std::move(frame));
             });
}

void served_exchange::detach(const link_ptr& from) {
  calls_.run(shared_from_this(), [this, from] {
    if (link_ != from)
      return;
    link_ = nullptr;
    owner_ = nullptr;
  });
}

void served_exchange::cancel() {
  calls_.run(shared_from_this(), [this] {
    if (!over_)
      finish(outcome::visitor_gone);
  });
}

void served_exchange::continue_on(link_ptr on, exchange_owner_ptr owner,
                                  const resume_frame& from) {
  if (over_) {
    // It was executed and given up: never let the node start it again.
    on->send({id_, reset_frame{outcome::started_unknown,
                               "the agent gave the exchange up"}});
    owner->on_finished(unit(), id_, outcome::cut);
    return;
  }
  link_ = std::move(on);
  owner_ = std::move(owner);
  // Of a failed exchange nothing but the failure is left.
  if (!failure_
      && (from.heads > heads_.size()
          || !(datagrams_ ? datagrams_->rewind(from.received)
                          : out_.rewind(from.received))))
    return fail(outcome::internal,
                "resume at a position that is gone or was never sent");
  send(resumed_frame{from.attempt, true, in_.received(), in_.ended()});
  send(in_.current_ack());
  for (size_t i = from.heads; i < heads_.size(); ++i)
    send(response_frame{heads_[i]});
  pump();
  if (failure_)
    send(*failure_);
}

void served_exchange::do_deliver(frame frame) {
  const auto self = shared_from_this();
  std::visit(
    [this](auto& body) {
      using body_type = std::decay_t<decltype(body)>;
      if constexpr (std::is_same_v<body_type, reset_frame>)
        finish(body.code);
      else if constexpr (requires { this->handle(body); })
        handle(body);
      else
        fail(outcome::internal, "unexpected frame kind");
    },
    frame.body);
}

void served_exchange::handle(data_frame& frame) {
  const auto had_ended = in_.ended();
  auto fresh = datagrams_ ? std::nullopt : in_.accept(frame);
  if (!fresh)
    return fail(outcome::internal, "data out of order or beyond the credit");
  if (!origin_)
    return;
  if (!fresh->empty())
    origin_->on_body(std::move(*fresh));
  if (!had_ended && in_.ended() && origin_)
    origin_->on_body_end({});
  confirm_end();
}

void served_exchange::handle(datagram_frame& frame) {
  const auto cost = datagram_cost(frame.payload.size());
  if (!datagrams_ || !in_.take(frame.offset, cost))
    return fail(outcome::internal,
                "a datagram out of order or beyond the credit");
  if (origin_)
    origin_->on_datagram(std::move(frame.payload));
  consumed(cost);
}

void served_exchange::handle(end_frame& frame) {
  if (datagrams_)
    return fail(outcome::internal, "datagrams have no end");
  // A node that resumed says it again, at the same place.
  if (in_.ended() && frame.offset == in_.received())
    return;
  if (in_.ended() || !in_.accept_end(frame.offset))
    return fail(outcome::internal, "end at the wrong place");
  if (origin_)
    origin_->on_body_end(frame.trailers);
  confirm_end();
}

void served_exchange::handle(ack_frame& frame) {
  if (frame.ended)
    return finish(outcome::ok);
  const auto was_full = out_.room() == 0;
  growth_.cover(out_, frame.window);
  if (!(datagrams_ ? datagrams_->ack(frame.offset, frame.window)
                   : out_.ack(frame.offset, frame.window)))
    return fail(outcome::internal, "ack of bytes that were never sent");
  pump();
  if (was_full && !out_.finished() && out_.room() > 0 && origin_)
    origin_->on_writable();
}

// -- for the origin's side ----------------------------------------------------

void served_exchange::send_head(response_head_ptr head) {
  if (over_ || failure_)
    return;
  if (auto excess = head_excess(*head); !excess.empty())
    return fail(outcome::origin_protocol, "answer with " + std::move(excess));
  if (head->interim()) {
    interim_bytes_ += bytes_of(head->headers);
    if (heads_.size() == max_interim_heads
        || interim_bytes_ > max_interim_bytes)
      return fail(outcome::origin_protocol, "too many interim answers");
  }
  heads_.push_back(std::move(head));
  const auto& last = heads_.back();
  send(response_frame{last});
  if (last->last && !last->interim())
    out_.finish({});
}

void served_exchange::send_body(slice bytes) {
  if (over_ || failure_ || out_.finished())
    return;
  out_.push(std::move(bytes));
  pump();
}

bool served_exchange::send_datagram(slice bytes) {
  assert(datagrams_ && (over_ || failure_ || !heads_.empty()));
  if (over_ || failure_)
    return false;
  auto next = link_ ? datagrams_->next(std::move(bytes)) : std::nullopt;
  if (!next)
    return false;
  send(std::move(*next));
  return true;
}

void served_exchange::send_end(header_list trailers) {
  if (over_ || failure_ || out_.finished())
    return;
  if (auto excess = head_excess(trailers); !excess.empty())
    return fail(outcome::origin_protocol, "trailers with " + std::move(excess));
  out_.finish(std::move(trailers));
  pump();
}

void served_exchange::consumed(size_t bytes) {
  if (over_)
    return;
  if (auto due = growth_.consume(in_, bytes, unit()))
    send(*due);
  confirm_end();
}

// The node keeps the last bytes of a stream until it hears that they were
// passed on, as nothing else says so.
void served_exchange::confirm_end() {
  if (!over_ && in_.ended() && in_.consumed() == in_.received()
      && head_->kind() == exchange_kind::stream)
    send(in_.current_ack());
}

void served_exchange::fail(outcome outcome, std::string detail) {
  if (over_ || failure_)
    return;
  failure_ = reset_frame{outcome, std::move(detail)};
  send(*failure_);
  // Bytes that the node has no credit for yet are lost with the failure; it
  // ends the visitor's answer in the same way as the origin ended ours.
  out_.clear();
}

// -- inner workings -----------------------------------------------------------

void served_exchange::pump() {
  if (!link_ || failure_ || heads_.empty() || heads_.back()->last)
    return;
  while (auto next = out_.next())
    send(std::move(*next));
}

void served_exchange::send(frame::kind kind) {
  if (link_)
    link_->send(frame{id_, std::move(kind)});
}

void served_exchange::finish(outcome outcome) {
  const auto finished_cleanly
    = outcome == outcome::ok && out_.all_sent() && (in_.ended() || head_->last);
  assert(!over_);
  over_ = true;
  out_.clear();
  growth_.end();
  link_ = nullptr;
  // The origin may still be busy: with a body nobody reads, or with an answer
  // nobody wants.
  if (const auto origin = std::move(origin_); origin && !finished_cleanly)
    origin->on_cancelled();
  origin_ = nullptr;
  if (const auto owner = std::move(owner_))
    owner->on_finished(unit(), id_, outcome);
  owner_ = nullptr;
}

} // namespace aps
