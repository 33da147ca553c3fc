#include "transports/origin/streams/stream_origin.hpp"

#include "transports/net/sockets/visitor_socket.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <limits>
#include <utility>

namespace aps {

namespace {

// What of a visitor is dropped for a target that closed, so that the target's
// last bytes reach it before the abort does.
constexpr size_t forgiven_bytes = 1024 * 1024;

response_head_ptr connected_head() {
  static const auto head = [] {
    auto out = std::make_shared<response_head>();
    out->status = 200;
    return response_head_ptr{std::move(out)};
  }();
  return head;
}

} // namespace

stream_origin::stream_origin(std::shared_ptr<origin_pool> pool,
                             served_exchange_ptr served)
    : channel(pool->unit(), nullptr), pool_(std::move(pool)),
      name_(served->head()->authority), served_(std::move(served)) {}

void stream_origin::start() {
  pool_->note_user(*this);
  const auto& head = *served_->head();
  const auto self = std::static_pointer_cast<stream_origin>(shared_from_this());
  unit_.watch(std::weak_ptr<watched>{self});
  laps_ = pool_->settings()->circles->laps_of(head.scheme, head.proxy_ends);
  if (laps_ > stream_circles::most_laps) {
    boost::asio::post(unit_.context(), [self] {
      self->fail(outcome::loop_detected,
                 self->name_ + ": leads back to where the stream came from");
    });
    return;
  }
  origin_address to;
  if (!parse_authority(head.scheme, head.authority, to)) {
    boost::asio::post(unit_.context(), [self] {
      self->fail(outcome::origin_unresolved,
                 self->name_ + ": not a host and port");
    });
    return;
  }
  to.preamble = preamble_of(head);
  connect_to_origin(
    unit_, pool_->settings(), std::move(to), origin_protocol::http1,
    [self](connect_result result) { self->on_connected(std::move(result)); });
}

void stream_origin::on_connected(connect_result result) {
  if (!served_)
    return; // cancelled meanwhile; the stream closes
  if (!result.stream)
    return fail(result.error, result.detail);
  stream_ = std::move(result.stream);
  note_ends();
  served_->send_head(connected_head());
  flush();
  process();
}

void stream_origin::note_ends() {
  error_code error;
  const auto from = stream_->socket().local_endpoint(error);
  if (error || from.port() == 0)
    return; // of a Unix socket
  const auto to = stream_->socket().remote_endpoint(error);
  if (error)
    return;
  noted_ = pool_->settings()->circles->add(served_->head()->scheme,
                                           ends_of(from, to), laps_);
}

// -- to the target ------------------------------------------------------------

void stream_origin::on_body(slice bytes) {
  if (send_failed_)
    return drop(bytes.size());
  output_.payload(std::move(bytes));
  if (stream_)
    flush_soon();
}

// Nobody takes it any more, and the node shall not wait for that.
void stream_origin::drop(size_t bytes) {
  dropped_ += bytes;
  if (dropped_ > forgiven_bytes)
    return fail(outcome::origin_closed, name_ + ": closed by the target");
  if (served_ && bytes > 0)
    served_->consumed(bytes);
}

void stream_origin::on_body_end(const header_list&) {
  to_target_ = flow::ending;
  if (stream_)
    flush_soon();
}

void stream_origin::on_written(const error_code& error, size_t payload) {
  if (served_ && payload > 0)
    served_->consumed(payload);
  if (error) {
    // What the target sent before it closed comes first; reading tells.
    send_failed_ = true;
    const auto waiting = output_.size();
    output_.clear();
    drop(waiting);
    return on_flushed();
  }
  flush();
}

void stream_origin::on_flushed() {
  if (to_target_ != flow::ending)
    return;
  to_target_ = flow::ended;
  if (stream_ && !send_failed_)
    stream_->shutdown_send();
  finish_if_done();
}

// -- from the target ----------------------------------------------------------

void stream_origin::on_steps_done() {
  if (reading() || over() || !served_ || from_target_ != flow::open)
    return;
  if (served_->room() > 0 && input_.empty())
    read_some();
}

void stream_origin::on_read(const error_code& error, size_t) {
  if (error && error != boost::asio::error::eof)
    return fail(outcome::origin_closed, name_ + ": " + error.message());
  if (error)
    from_target_ = flow::ending;
  process();
}

bool stream_origin::step() {
  if (over() || !served_ || !stream_)
    return false;
  const auto bytes = input_.data().substr(0, served_->room());
  if (!bytes.empty()) {
    auto out = bytes.size() < input_.share_from()
                 ? slice::copy(bytes)
                 : slice{input_.owner(), bytes};
    input_.consume(bytes.size());
    served_->send_body(std::move(out));
    return true;
  }
  if (!input_.empty() || from_target_ != flow::ending)
    return false;
  from_target_ = flow::ended;
  served_->send_end({});
  finish_if_done();
  return false;
}

void stream_origin::on_writable() {
  const auto kept = shared_from_this();
  process();
}

// -- ends ---------------------------------------------------------------------

// Both ends were passed on, and the kernel sees to the rest.
void stream_origin::finish_if_done() {
  if (to_target_ == flow::ended && from_target_ == flow::ended)
    let_go(false);
}

void stream_origin::let_go(bool reset) {
  const auto kept = shared_from_this();
  unlink();
  noted_ = nullptr;
  served_ = nullptr;
  if (end() && stream_)
    stream_->close(reset);
}

// As the visitor aborted, or was cut off.
void stream_origin::on_cancelled() {
  let_go(true);
}

void stream_origin::on_shut_down() {
  fail(outcome::draining, "the agent ends");
}

void stream_origin::on_tick(time_point now) {
  rest_when_idle();
  // The visitor may have gone that ended, too, and nobody else would look.
  if (over() || from_target_ != flow::ended || !output_.in_flight())
    return sending_.rest();
  const auto handle = stream_->socket().native_handle();
  if (!sending_.keeps_up(now, visitor_socket::acknowledged(handle),
                         std::numeric_limits<uint64_t>::max(),
                         {pool_->settings()->options.send_timeout, 0}))
    fail(outcome::origin_timeout, name_ + ": does not take what is sent");
}

void stream_origin::on_exception(const std::string& text) {
  fail(outcome::origin_closed, text);
}

void stream_origin::fail(outcome why, const std::string& detail) {
  const auto served = served_;
  let_go(true);
  if (served)
    served->fail(why, detail);
}

} // namespace aps
