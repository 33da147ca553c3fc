#include "transports/front/h2/h2_visit.hpp"

#include "transports/front/h2/grpc_errors.hpp"
#include "transports/front/h2/h2_request_head.hpp"
#include "transports/front/pages/own_page.hpp"
#include "transports/http/fields.hpp"
#include "transports/http2/h2_fields.hpp"
#include "transports/seam/tunnel_path.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

size_t bytes_of(const message_head& head) {
  auto out = head.method.size() + head.target.size();
  for (const auto& field : head.headers)
    out += field.name.size() + field.value.size() + 4;
  return out;
}

// Agents and their probes speak HTTP/1.1 there.
bool is_agents(const message_head& head) noexcept {
  const std::string_view target = head.target;
  const auto path = target.substr(0, target.find('?'));
  return path == tunnel_path
         || (path.starts_with(tunnel_path)
             && path.substr(tunnel_path.size()).starts_with('/'));
}

} // namespace

h2_visit::h2_visit(std::shared_ptr<h2_visitors> from, int32_t stream)
    : from_(std::move(from)), stream_(stream) {}

const http_limits& h2_visit::limits() const noexcept {
  return from_->context().options().limits;
}

// -- the request --------------------------------------------------------------

void h2_visit::start(header_list fields, bool last) {
  awaited_since_ = from_->connection()->unit().now();
  request_ = last ? request_state::complete : request_state::coming;
  grpc_ = is_grpc_call(fields);
  if (value_of(fields, ":protocol") == "websocket")
    protocol_ = protocol::asked;
  begin(from_h2_request(std::move(fields), last,
                        make_request_id(from_->next_seed())));
}

void h2_visit::begin(message_head head) {
  head_ = std::move(head);
  facts_.read(head_, from_->next_seed());
  const auto& limit = limits();
  if (bytes_of(head_) > std::min(limit.max_header_bytes, max_visitor_head_bytes)
      || head_.headers.size() > std::min(limit.max_headers, max_visitor_fields))
    return answer_error(outcome::header_too_large, {});
  if (limit.max_body_bytes > 0
      && head_.content_length.value_or(0) > limit.max_body_bytes)
    return answer_error(outcome::body_too_large, {});
  // RFC 9113, 8.3.1; an absolute form would name another host than Host does.
  if (head_.method != "CONNECT" && !head_.target.starts_with('/')
      && head_.target != "*")
    return answer_error(outcome::bad_request,
                        "The path does not begin with a slash.");
  if (from_->context().options().agents && is_agents(head_))
    return reset(h2_code::http_1_1_required);
  continue_due_ = request_ == request_state::coming
                  && protocol_ == protocol::http
                  && lists(head_.headers, "expect", "100-continue");
  auto fate = decide_request(from_->context(), head_, from_->peer(), facts_);
  if (auto* onward = std::get_if<onward_request>(&fate))
    return start_exchange(std::move(*onward));
  continue_due_ = false;
  if (auto* ours = std::get_if<final_request>(&fate)) {
    tell_own_answer(from_->context(), from_->connection()->unit(), head_,
                    from_->peer(), facts_, outcome::ok, ours->detail);
    return answer_with(std::move(ours->head), ours->body);
  }
  const auto& denied = std::get<denial>(fate);
  answer_error(denied.cause, denied.detail, denied.more, &denied.headers);
}

void h2_visit::start_exchange(onward_request request) {
  assert(!exchange_ && answer_ == answer_state::awaited);
  const auto connection = from_->connection();
  const auto& front = from_->context().to();
  const bool direct
    = request.facts.via && request.facts.via->rule.tunnels.empty();
  if (direct && !(descriptor_ = from_->take_descriptor())) {
    front->on_limit(limit::address_connections, from_->peer_ip(),
                    "targets of its own");
    return answer_error(outcome::address_share, {});
  }
  deadlines_
    = {request.facts.via->rule.timeouts.get(), connection->unit().now()};
  if (request.head->kind() == exchange_kind::stream)
    become_stream(*request.facts.via);
  exchange_ = std::make_shared<exchange>(
    connection->unit(), front->next_id(), std::move(request.head),
    std::move(request.facts), shared_from_this(),
    from_->answer_window(request.window));
  passed_on_ = true;
  if (has_pages(from_->context(), exchange_->facts().via.get()))
    facts_.asked = exchange_;
  if (request.pass && request.pass->refused)
    from_->proves_nothing();
  if (request.pass)
    exchange_->admit_with(std::move(request.pass));
  if (continue_due_)
    continue_at_ = connection->unit().now() + limits().continue_timeout;
  front->start(exchange_);
  if (idle_limit_ > duration::zero())
    forward();
}

// A CONNECT (RFC 9113, 8.5): what comes is no body, from the first byte on.
void h2_visit::become_stream(const route& via) {
  const auto own = std::chrono::duration_cast<duration>(via.rule.idle_timeout);
  idle_limit_ = own > duration::zero()
                  ? own
                  : from_->context().options().streams.idle_timeout;
  protocol_ = protocol::switched;
}

void h2_visit::on_half_end() {
  const auto connection = from_->connection();
  if (!connection || std::exchange(half_ended_, true))
    return;
  connection->session().finish(stream_);
  connection->pump_soon();
}

void h2_visit::on_body(const slice& bytes, size_t retained) {
  received_ += bytes.size();
  continue_due_ = false;
  const auto most = limits().max_body_bytes;
  if (most > 0 && received_ > most && protocol_ == protocol::http
      && exchange_) {
    cancel_exchange(outcome::body_too_large);
    if (answer_ == answer_state::awaited)
      return answer_error(outcome::body_too_large, {});
    return reset(h2_code::cancel);
  }
  body_.push_back(keepable(bytes, retained));
  forward();
}

// Hands on what there is room for; so much may be sent by the visitor anew.
void h2_visit::forward() {
  const auto connection = from_->connection();
  size_t taken = 0;
  // A target that was not yet asked, or does not want to switch, would take
  // what comes early for another request (RFC 9110, 7.8).
  const bool early = protocol_ == protocol::asked && exchange_;
  while (!body_.empty() && !early) {
    const auto room = exchange_ ? exchange_->room() : body_.front().size();
    if (room == 0)
      break;
    auto piece = take_front(body_, room);
    taken += piece.size();
    if (exchange_)
      exchange_->send_body(std::move(piece));
    else
      dropped_ += piece.size();
  }
  if (taken > 0 && connection && stream_ != 0) {
    connection->session().consume(stream_, taken);
    if (!widened_ && exchange_)
      widened_ = from_->widen(stream_);
    connection->pump_soon();
  }
  if (request_ == request_state::complete && body_.empty())
    finish_request();
}

void h2_visit::on_trailers(header_list fields) {
  trailers_ = std::move(fields);
}

void h2_visit::on_peer_end() {
  request_ = request_state::complete;
  continue_due_ = false;
  if (const auto connection = from_->connection())
    awaited_since_ = connection->unit().now();
  forward();
}

void h2_visit::finish_request() {
  // A request without a body has said so in its head.
  if (!exchange_ || exchange_->head()->last)
    return;
  rewrite_trailers(trailers_, exchange_->pass().get());
  exchange_->send_end(std::exchange(trailers_, {}));
}

void h2_visit::on_over(const h2_ending&) {
  stream_ = 0;
  // Both ends of a CONNECT were sent; the last bytes are still on their way.
  if (!half_ended_ || request_ != request_state::complete)
    cancel_exchange(outcome::visitor_gone);
}

void h2_visit::cancel_exchange(outcome why) {
  if (const auto running = std::exchange(exchange_, nullptr))
    running->cancel(why);
  let_go();
}

// Of what only an exchange needs.
void h2_visit::let_go() {
  widened_ = nullptr;
  descriptor_ = nullptr;
}

} // namespace aps
