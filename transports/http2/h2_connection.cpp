#include "transports/http2/h2_connection.hpp"

#include "transports/net/guard.hpp"
#include "transports/net/tls/tls_session.hpp"

#include <boost/asio/post.hpp>

namespace aps {

namespace {

/// Control frames that wait behind a write which nobody takes: more than an
/// honest peer causes. Reading goes on otherwise, as two peers that both wait
/// to write would wait for ever.
constexpr size_t max_waiting_frames = 64;

/// After so many small reads in a row the buffer for bulk is given back.
constexpr int small_reads_in_a_row = 16;
constexpr size_t small_read = input_buffer::small / 2;

/// Bytes that may come when all was said: those of both windows, once more.
constexpr size_t max_dropped = 32 * 1024 * 1024;

/// The same of a peer that broke the rules, or that nobody knows.
constexpr size_t max_dropped_of_others = 64 * 1024;

/// Says so as long as it lives.
class flag_guard {
 public:
  explicit flag_guard(bool& flag) : flag_(flag) { flag_ = true; }
  ~flag_guard() { flag_ = false; }
  flag_guard(const flag_guard&) = delete;
  flag_guard& operator=(const flag_guard&) = delete;

 private:
  bool& flag_;
};

} // namespace

h2_connection::h2_connection(io_unit& unit, stream_ptr stream,
                             const h2_settings& settings,
                             std::shared_ptr<h2_acceptor> acceptor)
    : channel(unit, std::move(stream)), peer_(stream_->peer_name()),
      peer_ip_(stream_->peer_ip()), tls_(tls_facts_of(*stream_)),
      acceptor_(std::move(acceptor)), session_(settings, *acceptor_) {}

h2_connection::h2_connection(io_unit& unit, stream_ptr stream,
                             const h2_settings& settings)
    : channel(unit, std::move(stream)), peer_(stream_->peer_name()),
      peer_ip_(stream_->peer_ip()), tls_(tls_facts_of(*stream_)),
      session_(settings) {}

void h2_connection::start(std::string already_read) {
  unit_.watch(std::weak_ptr<watched>{shared_from_this()});
  if (!already_read.empty())
    take({nullptr, already_read}, 0);
  pump();
  read_more();
}

void h2_connection::on_read(const error_code& error, size_t bytes) {
  if (error)
    return lose({h2_ending::kind::lost, 0, error.message(), error});
  const auto size = input_.size();
  received_ += bytes;
  if (state_ == state::open)
    take({input_.owner(), input_.data()}, input_.capacity());
  else if (!may_drop(size))
    return close("the peer goes on after the end");
  input_.consume(size);
  small_reads_ = bytes < small_read ? small_reads_ + 1 : 0;
  if (small_reads_ == small_reads_in_a_row)
    input_.shrink();
  pump();
  read_more();
}

void h2_connection::take(const slice& bytes, size_t retained) {
  bool good = false;
  {
    const flag_guard inside{busy_};
    good = session_.receive(bytes, retained, unit_.now());
  }
  if (good || over())
    return;
  // What it says last goes out, nothing more comes in.
  leave(state::silent);
  session_.lose({h2_ending::kind::broken, 0, session_.fault()});
}

// What was on its way when all was said may come, but no stream without end.
bool h2_connection::may_drop(size_t bytes) {
  dropped_ += bytes;
  const bool good
    = session_.fault().empty() && session_.counts().is_admitted();
  return dropped_ <= (good ? max_dropped : max_dropped_of_others);
}

void h2_connection::read_more() {
  if (over() || paused_ || state_ == state::silent)
    return;
  if (output_.in_flight() && session_.waiting_frames() > max_waiting_frames)
    return;
  read_some();
}

void h2_connection::resume() {
  paused_ = false;
  read_more();
}

void h2_connection::pump() {
  if (over() || busy_ || output_.in_flight())
    return;
  {
    const flag_guard inside{busy_};
    session_.produce(output_);
  }
  if (over())
    return;
  if (output_.empty())
    settle();
  else
    flush();
}

void h2_connection::pump_soon() {
  if (over() || busy_ || output_.in_flight() || pump_posted_)
    return;
  pump_posted_ = true;
  boost::asio::post(unit_.context(),
                    guard(unit_, shared_from_this(), [](const auto& me) {
                      me->pump_posted_ = false;
                      me->pump();
                    }));
}

void h2_connection::on_written(const error_code& error, size_t) {
  if (error) {
    // The read that is outstanding knows better why it ended.
    if (!reading())
      lose({h2_ending::kind::lost, 0, error.message(), error});
    return;
  }
  session_.sent();
  pump();
  read_more();
}

// Nothing is left to be sent.
void h2_connection::settle() {
  if (state_ == state::silent)
    return close(session_.fault());
  if (state_ == state::open && session_.is_done()) {
    const auto& fault = session_.fault();
    if (fault.empty())
      session_.lose({h2_ending::kind::lost, 0, "closed"});
    else
      session_.lose({h2_ending::kind::broken, 0, fault});
    linger();
  } else if (state_ == state::lingering) {
    stream_->shutdown_send();
  }
}

void h2_connection::expire_at(time_point deadline) noexcept {
  if (state_ == state::open)
    deadline_ = deadline;
}

// The peer may take no longer for what is left, whether it reads or not.
void h2_connection::leave(state last) {
  state_ = last;
  paused_ = false;
  deadline_ = unit_.now() + linger_time;
}

void h2_connection::linger() {
  if (over() || state_ != state::open)
    return;
  leave(state::lingering);
  if (acceptor_)
    session_.go_away();
  pump();
  if (!reading())
    read_more();
}

void h2_connection::close() {
  close("closed");
}

void h2_connection::close(const std::string& detail) {
  lose({h2_ending::kind::lost, 0, detail});
}

void h2_connection::lose(const h2_ending& ending) {
  if (!end())
    return;
  const auto me = shared_from_this(); // owners let go of it
  stream_->close();
  session_.lose(ending);
}

void h2_connection::on_tick(time_point now) {
  if (now >= deadline_)
    close("timed out");
  else if (acceptor_ && state_ == state::open && !over())
    acceptor_->on_tick(now);
  rest_when_idle();
}

void h2_connection::on_exception(const std::string& text) {
  close("failed: " + text);
}

} // namespace aps
