#include "transports/tunnel/link_base.hpp"

#include "transports/net/guard.hpp"
#include "transports/wire/codec.hpp"

#include <boost/asio/post.hpp>

#include <cassert>
#include <utility>

namespace aps {

namespace asio = boost::asio;

namespace {

/// The counters have one writer, so no atomic read-modify-write is needed.
void add(std::atomic<uint64_t>& counter, uint64_t n) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n,
                std::memory_order_relaxed);
}

// Nobody waits for the last ack of an exchange: its receiver only lets go of
// what is over. While one request follows the other, it shares a message with
// the next one.
bool can_wait(const frame& frame) noexcept {
  const auto* ack = std::get_if<ack_frame>(&frame.body);
  return ack && ack->ended;
}

} // namespace

link_base::link_base(io_unit& unit, transport_kind transport, std::string peer,
                     std::string server, tls_facts_ptr tls)
    : unit_(unit), transport_(transport), peer_(std::move(peer)),
      server_(std::move(server)), tls_(std::move(tls)),
      patience_(unit.context()) {}

void link_base::start(std::shared_ptr<link_listener> listener) {
  assert(!listener_ && listener);
  listener_ = std::move(listener);
  if (alive())
    do_start();
  else
    report_end();
}

void link_base::send(frame frame) {
  if (unit_.on_thread())
    return take(std::move(frame));
  bool first = false;
  {
    std::lock_guard guard{inbox_mutex_};
    first = inbox_.empty();
    inbox_.push_back(std::move(frame));
  }
  if (first)
    asio::post(unit_.context(),
               guard(unit_, shared_from_this(),
                     [](const auto& me) { me->take_inbox(); }));
}

void link_base::take_inbox() {
  frame_batch frames;
  {
    std::lock_guard guard{inbox_mutex_};
    frames.swap(inbox_);
  }
  for (auto& frame : frames)
    take(std::move(frame));
}

void link_base::take(frame frame) {
  if (state_ != state::open)
    return;
  if (!welcomed_ && std::holds_alternative<welcome_frame>(frame.body)) {
    welcomed_ = true;
    on_welcome();
  }
  const auto hurry = !can_wait(frame);
  queue_.push(std::move(frame));
  if (queue_.answer_bytes() > max_waiting_answers)
    return cut_off(link_error::stalled, "the peer does not read our answers");
  counters_.queued.store(queue_.bytes(), std::memory_order_relaxed);
  if (hurry)
    schedule_flush();
  else
    flush_in_time();
}

// All frames that one round of the loop makes go out in one message, so the
// flush waits for the end of the round, but for a timer only when all that is
// there can wait.
void link_base::schedule_flush() {
  if (writing_ || flush_posted_)
    return;
  flush_posted_ = true;
  asio::post(unit_.context(),
             guard(unit_, shared_from_this(), [](const auto& me) {
               me->flush_posted_ = false;
               me->flush();
             }));
}

// The timer runs on when the queue is flushed before, so that it is set 50
// times a second at most.
void link_base::flush_in_time() {
  if (writing_ || flush_posted_ || std::exchange(waits_, true))
    return;
  patience_.expires_after(last_ack_delay);
  patience_.async_wait(
    guard(unit_, shared_from_this(),
          [](const auto& me, const boost::system::error_code&) {
            me->waits_ = false;
            if (!me->queue_.empty())
              me->flush();
          }));
}

void link_base::flush() {
  if (writing_ || !alive())
    return;
  if (!queue_.empty()) {
    queue_.pop_batch(batch_, target_batch_bytes, target_batch_frames);
    counters_.queued.store(queue_.bytes(), std::memory_order_relaxed);
    assert(!batch_.empty());
    writing_ = true;
    do_write(batch_);
    batch_.clear();
  } else if (state_ == state::closing) {
    state_ = state::leaving;
    do_close(closing_->why, closing_->detail);
  }
}

void link_base::wrote() {
  assert(writing_);
  writing_ = false;
  flush();
}

void link_base::received(frame_batch frames, size_t bytes) {
  add(counters_.bytes_in, bytes);
  if (listener_ && alive() && !frames.empty())
    listener_->on_frames(std::move(frames));
}

void link_base::count_out(size_t bytes) noexcept {
  add(counters_.bytes_out, bytes);
}

void link_base::close(close_reason why, std::string detail) {
  // Frames that were sent before from this thread may still be on their way.
  if (unit_.on_thread())
    return begin_close(why, std::move(detail), true);
  asio::post(unit_.context(),
             guard(unit_, shared_from_this(),
                   [why, detail = std::move(detail)](const auto& me) {
                     me->begin_close(why, detail, true);
                   }));
}

void link_base::begin_close(close_reason why, std::string detail, bool ours) {
  if (state_ != state::open)
    return;
  assert(!closing_);
  state_ = state::closing;
  ended_ = true;
  closing_ = closing_info{why, std::move(detail),
                          unit_.now() + close_timeout, ours};
  watch_ticks();
  schedule_flush();
}

void link_base::watch_ticks() {
  if (!std::exchange(watched_, true))
    unit_.watch(weak_from_this());
}

void link_base::peer_closed() {
  unsent_ = queue_.heads();
  queue_.clear();
  counters_.queued.store(0, std::memory_order_relaxed);
  begin_close(close_reason::normal, "closed by the peer", false);
}

void link_base::on_tick(time_point now) {
  do_tick(now);
  if (closing() && now >= closing_->deadline)
    cut_off(link_error::none, closing_->detail);
  else if (now >= last_word_until_)
    cut_off(link_error::lost, "the peer does not read our last word");
}

void link_base::limit_last_word() {
  last_word_until_ = unit_.now() + close_timeout;
  watch_ticks();
}

void link_base::break_off(link_error why, const std::string& text) {
  if (!alive())
    return;
  ended(why, text);
  limit_last_word();
  do_close(close_reason::protocol, text);
}

void link_base::abort(link_error why) {
  dispatch(unit_, guard(unit_, shared_from_this(), [why](const auto& me) {
             me->cut_off(why, std::string{render(why)});
           }));
}

void link_base::on_exception(const std::string& text) {
  cut_off(link_error::lost, "failed: " + text);
}

// One that is over may still wait to say why.
void link_base::cut_off(link_error why, std::string detail) {
  const bool waits = last_word_until_ != time_point::max();
  if (!alive() && !waits)
    return;
  last_word_until_ = time_point::max();
  ended(why, std::move(detail));
  do_abort();
}

void link_base::ended(link_error why, std::string detail) {
  if (!alive())
    return;
  // A peer that answers our closing by dropping the connection is no error.
  if (closing_ && closing_->ours) {
    why = link_error::none;
    detail = closing_->detail;
  }
  state_ = state::closed;
  ended_ = true;
  ending_ = ending{why, std::move(detail), unsent_heads()};
  queue_.clear();
  counters_.queued.store(0, std::memory_order_relaxed);
  patience_.cancel(); // or it would hold what is over
  report_end();
}

// What lies in the queue or still comes from another thread.
std::vector<exchange_id> link_base::unsent_heads() {
  auto out = std::move(unsent_);
  const auto queued = queue_.heads();
  out.insert(out.end(), queued.begin(), queued.end());
  std::lock_guard guard{inbox_mutex_};
  for (const auto& waiting : inbox_)
    if (std::holds_alternative<request_frame>(waiting.body))
      out.push_back(waiting.exchange);
  return out;
}

// Posted, so that a listener that aborts its link is not called back from
// inside that call.
void link_base::report_end() {
  if (listener_)
    asio::post(unit_.context(),
               [end = *ending_, listener = std::move(listener_)] {
                 if (!end.unsent.empty())
                   listener->on_unsent(end.unsent);
                 listener->on_closed(end.why, end.detail);
               });
}

} // namespace aps
