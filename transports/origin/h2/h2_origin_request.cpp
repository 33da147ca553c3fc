#include "transports/origin/h2/h2_origin_request.hpp"

#include "transports/http/fields.hpp"
#include "transports/net/guard.hpp"
#include "transports/origin/h2/h2_origin_heads.hpp"
#include "transports/origin/origin_connector.hpp"
#include "transports/origin/origin_fields.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <boost/asio/post.hpp>

#include <cassert>
#include <limits>

namespace aps {

namespace {

// What an origin may still send or take is not known.
constexpr uint64_t any_bytes = std::numeric_limits<uint64_t>::max();

} // namespace

// -- the request --------------------------------------------------------------

bool h2_origin_request::begin(std::shared_ptr<response_receiver> receiver,
                              const request_head& head) {
  assert(!begun_);
  const auto fields = to_h2_request(head);
  if (!fields)
    return false;
  begun_ = true;
  receiver_ = std::move(receiver);
  head_request_ = head.method == "HEAD";
  if (is_websocket(head)) {
    const auto* key = find_header(head.headers, "sec-websocket-key");
    socket_ = std::make_unique<socket>(
      socket{*fields, socket_accept(key ? key->value : std::string{})});
    begin_socket();
    return true;
  }
  sent_all_ = head.last;
  stream_ = on_->session().open(*fields, head.last, shared_from_this());
  if (stream_ != 0)
    on_->connection().pump_soon();
  else
    put_off(&h2_origin_request::no_room);
  return true;
}

// Not at once: whoever called us still counts on it.
void h2_origin_request::put_off(void (h2_origin_request::*what)()) {
  boost::asio::post(
    on_->connection().unit().context(),
    [self = shared_from_this(), what] { (self.get()->*what)(); });
}

void h2_origin_request::no_room() {
  broken(outcome::origin_closed, "takes no more requests",
         request_reach::unprocessed);
}

// -- WebSockets (RFC 8441) ----------------------------------------------------

void h2_origin_request::begin_socket() {
  const auto waits = on_->session().await_settings([weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->open_socket();
  });
  if (!waits)
    put_off(&h2_origin_request::open_socket);
}

// The origin's settings came, or never will.
void h2_origin_request::open_socket() {
  if (!receiver_)
    return;
  const auto takes = on_->session().takes_sockets();
  if (!takes)
    return no_room();
  if (!*takes) {
    on_->note_no_sockets();
    return broken(outcome::origin_protocol, "takes no WebSockets over HTTP/2",
                  request_reach::unprocessed);
  }
  stream_ = on_->session().open(socket_->fields, false, shared_from_this());
  socket_->fields.clear();
  if (stream_ == 0)
    return no_room();
  on_->connection().pump_soon();
}

// What was held back is the WebSocket's.
void h2_origin_request::grant_socket() {
  socket_->granted = true;
  for (auto& bytes : std::exchange(socket_->held, {}))
    send(std::move(bytes));
  if (socket_->end_due)
    send_end({});
}

// -- the rest of a request ----------------------------------------------------

void h2_origin_request::send(slice bytes) {
  if (holds_back())
    return socket_->held.push_back(std::move(bytes));
  if (stream_ == 0 || sent_all_)
    return;
  written_ += bytes.size();
  on_->session().write(stream_, std::move(bytes));
  on_->connection().pump_soon();
}

void h2_origin_request::send_end(const header_list& trailers) {
  if (holds_back()) {
    socket_->end_due = true;
    return;
  }
  if (stream_ == 0 || sent_all_)
    return;
  sent_all_ = true;
  on_->session().finish(stream_, trailers);
  on_->connection().pump_soon();
}

void h2_origin_request::on_sent(size_t bytes) {
  sent_ += bytes;
  if (const auto receiver = receiver_)
    receiver->on_request_written(bytes);
}

void h2_origin_request::close() {
  receiver_ = nullptr;
  give_up(h2_code::cancel);
}

void h2_origin_request::give_up(uint32_t code) {
  body_.clear();
  if (stream_ == 0)
    return;
  on_->session().reset(stream_, code);
  on_->connection().pump_soon();
}

// -- the answer ---------------------------------------------------------------

void h2_origin_request::on_response(header_list fields, bool last) {
  if (!receiver_)
    return;
  auto head = from_h2_response(std::move(fields), last, head_request_);
  if (!head)
    return broken(outcome::origin_protocol, "an answer without a status",
                  request_reach::answered);
  if (head->interim()) {
    if (count_interim(head->headers))
      receiver_->on_response_head(std::move(head));
    return;
  }
  if (socket_ && head->status / 100 == 2)
    head = to_switching(*head, std::move(socket_->accept));
  answer_ = answer_state::begun;
  event_stream_ = is_event_stream(head->headers);
  const auto kept = shared_from_this();
  receiver_->on_response_head(head);
  if (!socket_)
    return;
  if (head->status == 101)
    return grant_socket();
  // What its visitor said too early is nothing.
  socket_->held.clear();
  send_end({});
}

// Heads need no credit, so they are counted.
bool h2_origin_request::count_interim(const header_list& fields) {
  ++interim_heads_;
  for (const auto& [name, value] : fields)
    interim_bytes_ += name.size() + value.size();
  if (interim_bytes_ <= max_interim_bytes
      && interim_heads_ <= max_interim_heads)
    return true;
  broken(outcome::origin_protocol, "too many interim answers",
         request_reach::answered);
  return false;
}

void h2_origin_request::on_body(const slice& bytes, size_t retained) {
  received_ += bytes.size();
  if (!receiver_)
    return on_->session().consume(stream_, bytes.size());
  body_.push_back(keepable(bytes, retained));
  deliver();
}

void h2_origin_request::on_trailers(header_list fields) {
  trailers_ = std::move(fields);
  remove_forbidden_trailers(trailers_);
}

void h2_origin_request::on_peer_end() {
  if (answer_ == answer_state::begun)
    answer_ = answer_state::complete;
  deliver();
}

void h2_origin_request::on_room() {
  deliver();
}

// Hands on what there is room for; so much may be sent by the origin anew.
void h2_origin_request::deliver() {
  const auto kept = shared_from_this();
  size_t taken = 0;
  while (receiver_ && !body_.empty()) {
    const auto room = receiver_->response_room();
    held_back_ = held_back_ || room == 0;
    if (room == 0)
      break;
    auto piece = take_front(body_, room);
    taken += piece.size();
    receiver_->on_response_body(std::move(piece));
  }
  if (taken > 0 && stream_ != 0) {
    on_->session().consume(stream_, taken);
    on_->connection().pump_soon();
  }
  if (receiver_ && body_.empty() && answer_ == answer_state::complete)
    complete();
}

// An answer may be complete before its request; the rest of that has no use.
void h2_origin_request::complete() {
  const auto receiver = std::exchange(receiver_, nullptr);
  if (!sent_all_)
    give_up(h2_code::cancel);
  receiver->on_response_end(std::move(trailers_));
}

// -- ends ---------------------------------------------------------------------

void h2_origin_request::on_over(const h2_ending& ending) {
  const auto kept = shared_from_this();
  stream_ = 0;
  if (receiver_ && answer_ != answer_state::complete)
    fail_on(ending);
}

void h2_origin_request::fail_on(const h2_ending& ending) {
  const auto reach
    = ending.unprocessed || ending.code == h2_code::http_1_1_required
        ? request_reach::unprocessed
      : answer_ == answer_state::awaited ? request_reach::unknown
                                         : request_reach::answered;
  switch (ending.how) {
    case h2_ending::kind::complete:
      return broken(outcome::origin_closed,
                    "ended the stream without an answer", reach);
    case h2_ending::kind::reset:
      if (ending.code == h2_code::http_1_1_required)
        on_->retire_for_http1();
      else if (ending.unprocessed)
        on_->retire();
      return broken(outcome::origin_closed, ending.detail, reach);
    case h2_ending::kind::lost:
      return broken(outcome::origin_closed, ending.detail, reach);
    case h2_ending::kind::broken:
      return broken(outcome::origin_protocol, ending.detail, reach);
  }
}

void h2_origin_request::broken(outcome cause, const std::string& reason,
                               request_reach reach) {
  const auto receiver = std::exchange(receiver_, nullptr);
  give_up(h2_code::cancel);
  if (receiver)
    receiver->on_broken(cause, on_->name() + ": " + reason, reach);
}

// -- limits -------------------------------------------------------------------

void h2_origin_request::check(time_point now) {
  const auto kept = shared_from_this();
  if (receiver_)
    check_answer(now);
  if (receiver_)
    check_sending(now);
}

// Counts only what the origin owes: not while the visitor is slow to send or
// to take, and not before the head, whose deadline is the node's.
void h2_origin_request::check_answer(time_point now) {
  const bool owed = answer_ == answer_state::begun && !event_stream_
                    && !is_granted() && sent_all_ && body_.empty()
                    && written_ == sent_;
  if (!owed || std::exchange(held_back_, false))
    return incoming_.rest();
  const auto& options = on_->settings().options;
  if (!incoming_.keeps_up(now, received_, any_bytes,
                          {options.read_timeout, options.min_rate}))
    broken(outcome::origin_timeout, "stopped inside its answer, or crawls",
           request_reach::answered);
}

void h2_origin_request::check_sending(time_point now) {
  if (written_ == sent_)
    return outgoing_.rest();
  const auto& options = on_->settings().options;
  const progress_rule rule{options.send_timeout,
                           is_granted() ? 0 : options.min_rate};
  if (!outgoing_.keeps_up(now, sent_, any_bytes, rule)) {
    // What waits there may fill the window that all requests share.
    on_->retire();
    broken(outcome::origin_timeout, "does not take what is sent",
           request_reach::unknown);
  }
}

} // namespace aps
