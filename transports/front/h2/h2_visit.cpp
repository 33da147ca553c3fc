#include "transports/front/h2/h2_visit.hpp"

#include "transports/front/error_response.hpp"
#include "transports/front/h2/h2_request_head.hpp"
#include "transports/front/mapping/mapped_messages.hpp"
#include "transports/front/pages/own_page.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/http2/grpc_status.hpp"
#include "transports/http2/h2_fields.hpp"
#include "transports/seam/tunnel_path.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace aps {

namespace {

constexpr auto unknown_length = std::numeric_limits<uint64_t>::max();

// Interim heads that wait for the visitor, frames.
constexpr size_t max_waiting_heads = 32;

size_t bytes_of(const message_head& head) {
  auto out = head.method.size() + head.target.size();
  for (const auto& field : head.headers)
    out += field.name.size() + field.value.size() + 4;
  return out;
}

// The nearest gRPC status (gRPC's "HTTP to gRPC Status Code Mapping", and what
// the outcome means).
grpc_status grpc_status_of(outcome outcome) noexcept {
  switch (status_of(outcome)) {
    case 401: return grpc_status::unauthenticated;
    case 403: return grpc_status::permission_denied;
    case 404:
    case 501: return grpc_status::unimplemented;
    case 408:
    case 504: return grpc_status::deadline_exceeded;
    case 413:
    case 429:
    case 431: return grpc_status::resource_exhausted;
    case 502:
    case 503: return grpc_status::unavailable;
    default: return grpc_status::internal;
  }
}

bool is_grpc(const header_list& fields) noexcept {
  const auto type = value_of(fields, "content-type");
  constexpr std::string_view grpc = "application/grpc";
  return type.starts_with(grpc)
         && (type.size() == grpc.size() || type[grpc.size()] == '+'
             || type[grpc.size()] == ';');
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
  grpc_ = is_grpc(fields);
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
  const bool shared
    = bytes.owner() && retained <= max_kept_per_byte * bytes.size();
  body_.push_back(shared ? bytes : slice::copy(bytes.view()));
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
    auto& first = body_.front();
    const auto room = exchange_ ? exchange_->room() : first.size();
    const auto size = std::min(room, first.size());
    if (size == 0)
      break;
    taken += size;
    auto piece = first.sub(0, size);
    first = first.sub(size);
    if (first.empty())
      body_.pop_front();
    if (exchange_)
      exchange_->send_body(std::move(piece));
    else
      dropped_ += size;
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

// -- the answer ---------------------------------------------------------------

response_context h2_visit::context_of_answer() const {
  return {.version = 20,
          .head_request = facts_.head_request,
          .request_id = facts_.id,
          .pseudonym = from_->context().pseudonym(),
          .hsts = hsts_of(exchange_ ? exchange_.get() : facts_.asked.get())};
}

void h2_visit::on_head(const response_head_ptr& received) {
  const auto connection = from_->connection();
  if (!exchange_ || !connection)
    return;
  auto head = received->interim() ? received : map_answer(received, *exchange_);
  auto& session = connection->session();
  if (head->interim()) {
    if (head->status == 100 && !std::exchange(continue_due_, false))
      return;
    // They are hints: a visitor that does not read misses some.
    if (session.waiting_frames() > max_waiting_heads)
      return;
    auto fields = interim_fields(*head);
    fields.insert(fields.begin(), {":status", std::to_string(head->status)});
    session.interim(stream_, fields);
    return connection->pump_soon();
  }
  const auto kept = shared_from_this();
  if (came_back(from_->context(), *head, facts_)) {
    cancel_exchange(outcome::loop_detected);
    return answer_error(outcome::loop_detected,
                        "The way to its target leads back to this node.");
  }
  if (head->status == 101 && protocol_ == protocol::http) {
    cancel_exchange(outcome::origin_protocol);
    return answer_error(outcome::origin_protocol,
                        "The target switched protocols without being asked.");
  }
  continue_due_ = false;
  if (facts_.asked && take_page(*head))
    return;
  if (facts_.compression)
    head = encoded(head);
  auto fields = response_fields(*head, context_of_answer());
  const bool switched = head->status == 101;
  if (switched) // RFC 8441, 5: a success, and the rest is of the handshake
    std::erase_if(fields, [](const header& field) {
      return iequals(field.name, "sec-websocket-accept");
    });
  else if (protocol_ != protocol::http && request_ == request_state::complete)
    exchange_->send_end({});
  bodiless_
    = !switched
      && (facts_.head_request || is_bodiless(head->status) || head->last);
  if (!bodiless_ && !switched)
    announced_ = head->content_length;
  respond(std::move(fields), switched ? 200 : head->status, bodiless_);
  if (switched) {
    protocol_ = protocol::switched;
    forward();
  }
}

response_head_ptr h2_visit::encoded(const response_head_ptr& head) {
  auto out = std::make_shared<response_head>(*head);
  encoding_ = encoded_body::begin(*out, *facts_.compression,
                                  from_->context().memory_of_compression());
  return out;
}

// A page instead of what the target said; the rest of that is for nobody.
bool h2_visit::take_page(const response_head& head) {
  if (grpc_)
    return false;
  const auto page = page_for_target(from_->context(), *exchange_, head);
  if (!page)
    return false;
  cancel_exchange(outcome::ok);
  answer_with(with_page(head, *page), page->body);
  return true;
}

void h2_visit::respond(header_list fields, unsigned status, bool last) {
  assert(answer_ == answer_state::awaited);
  answer_ = answer_state::begun;
  const auto connection = from_->connection();
  if (!connection)
    return;
  fields.insert(fields.begin(), {":status", std::to_string(status)});
  connection->session().respond(stream_, fields, last);
  connection->pump_soon();
}

void h2_visit::on_data(slice bytes) {
  const auto connection = from_->connection();
  if (!exchange_ || !connection)
    return;
  if (bodiless_)
    return exchange_->consumed(bytes.size());
  if (encoding_) {
    auto encoded = encoding_->add(bytes);
    if (!encoded)
      return break_off();
    bytes = std::move(*encoded);
  }
  written_ += bytes.size();
  if (announced_ && written_ > *announced_)
    return break_off();
  connection->session().write(stream_, std::move(bytes));
  connection->pump_soon();
}

void h2_visit::on_sent(size_t bytes) {
  sent_ += bytes;
  if (exchange_)
    exchange_->consumed(encoding_ ? encoding_->sent(bytes) : bytes);
}

void h2_visit::on_end(const header_list& trailers) {
  const auto kept = shared_from_this();
  const auto connection = from_->connection();
  if (!exchange_ || !connection)
    return;
  if (announced_ && written_ < *announced_)
    return break_off();
  if (encoding_ && !bodiless_) {
    auto rest = encoding_->finish();
    if (!rest)
      return break_off();
    written_ += rest->size();
    connection->session().write(stream_, std::move(*rest));
  }
  header_list passed;
  for (const auto& field : trailers)
    if (allowed_in_trailers(field.name) && is_token(field.name)
        && is_field_value(field.value))
      passed.push_back(field);
  if (!bodiless_ && !half_ended_)
    connection->session().finish(stream_, std::move(passed));
  answered();
}

// RFC 9113, 8.1.1: an answer of another length than it says is none.
void h2_visit::break_off() {
  const auto kept = shared_from_this();
  cancel_exchange(outcome::origin_protocol);
  reset(h2_code::internal_error);
}

void h2_visit::on_failed(outcome outcome, const std::string& detail) {
  if (!exchange_)
    return;
  const auto kept = shared_from_this();
  exchange_ = nullptr;
  let_go();
  if (outcome == outcome::attempts_exhausted)
    from_->context().to()->on_limit(limit::attempts, from_->peer_ip(), detail);
  // What was begun must not be taken for complete.
  if (answer_ != answer_state::awaited)
    return reset(h2_code::internal_error);
  // Addresses behind the node are nothing for strangers.
  const bool told = facts_.local || limits().error_detail;
  answer_error(outcome, told ? std::string_view{detail} : "");
}

void h2_visit::on_refused(outcome outcome, const header_list& fields) {
  if (!exchange_)
    return;
  const auto kept = shared_from_this();
  exchange_ = nullptr;
  let_go();
  answer_error(outcome, {}, {}, &fields);
}

void h2_visit::on_writable() {
  forward();
}

void h2_visit::answer_with(response_head head, const std::string& body) {
  head.content_length = body.size();
  const bool empty = facts_.head_request || body.empty();
  respond(response_fields(head, context_of_answer()), head.status, empty);
  const auto connection = from_->connection();
  if (connection && !empty) {
    connection->session().write(stream_, slice::copy(body));
    connection->session().finish(stream_);
  }
  answered();
}

void h2_visit::answer_error(outcome outcome, std::string_view detail,
                            std::string_view more, const header_list* fields) {
  const auto connection = from_->connection();
  if (!connection)
    return;
  if (!passed_on_)
    tell_own_answer(from_->context(), connection->unit(), head_, from_->peer(),
                    facts_, outcome, detail);
  if (grpc_)
    return answer_grpc_error(outcome, detail);
  const auto text = std::string{detail}.append(more);
  const auto page = page_of({from_->context(), head_, from_->peer(), facts_},
                            outcome, detail);
  const error_reply reply{outcome,
                          text,
                          facts_.id,
                          facts_.json,
                          facts_.head_request,
                          true,
                          fields,
                          page ? &*page : nullptr};
  const auto body = error_body(reply);
  respond(error_fields(reply, body.size()), status_of(reply),
          facts_.head_request);
  if (!facts_.head_request) {
    connection->session().write(stream_, slice::copy(body));
    connection->session().finish(stream_);
  }
  answered();
}

// Trailers only, as gRPC has it.
void h2_visit::answer_grpc_error(outcome outcome, std::string_view detail) {
  std::string text{render(outcome)};
  if (!detail.empty())
    text.append(": ").append(detail);
  respond(
    {{"content-type", "application/grpc"},
     {"grpc-status", std::to_string(static_cast<int>(grpc_status_of(outcome)))},
     {"grpc-message", encode_grpc_message(text)},
     {"aps-outcome", std::string{to_string(outcome)}},
     {"aps-request-id", facts_.id}},
    200, true);
  answered();
}

// The whole answer is with the session, which ends the stream; what still
// comes of the request is taken for nobody.
void h2_visit::answered() {
  answer_ = answer_state::complete;
  exchange_ = nullptr;
  let_go();
  forward();
  if (const auto connection = from_->connection()) {
    answered_at_ = connection->unit().now();
    connection->pump_soon();
  }
}

void h2_visit::reset(uint32_t code) {
  const auto connection = from_->connection();
  answer_ = answer_state::given_up;
  body_.clear();
  if (!connection)
    return;
  connection->session().reset(stream_, code);
  connection->pump_soon();
}

// -- deadlines ----------------------------------------------------------------

void h2_visit::on_tick(time_point now) {
  if (is_over())
    return;
  const auto kept = shared_from_this();
  if (goes_on_too_long(now))
    return reset(h2_code::no_error); // RFC 9113, 8.1
  if (!takes(now)) {
    from_->context().to()->on_limit(limit::send_rate, from_->peer_ip(),
                                    "takes its answer too slowly");
    cancel_exchange(outcome::visitor_stalled);
    return reset(h2_code::cancel);
  }
  if (continue_due_ && exchange_ && now >= continue_at_)
    send_continue();
  if (!sends(now)) {
    from_->context().to()->on_limit(limit::receive_rate, from_->peer_ip(),
                                    "request body");
    cancel_exchange(outcome::body_timeout);
    if (answer_ != answer_state::awaited)
      return reset(h2_code::cancel);
    return answer_error(outcome::body_timeout,
                        "The request body comes too slowly.");
  }
  if (const auto late = what_is_late(now)) {
    cancel_exchange(*late);
    return answer_ == answer_state::awaited ? answer_error(*late, {})
                                            : reset(h2_code::cancel);
  }
  if (idle_limit_ > duration::zero() && answer_ == answer_state::begun) {
    if (stands_still(now, exchange_ != nullptr, received_ + written_,
                     idle_limit_)) {
      cancel_exchange(outcome::idle_timeout);
      reset(h2_code::cancel);
    }
    return;
  }
  if (stands_still(now, is_awaited(), received_,
                   deadlines_.first_byte(limits().first_byte_timeout))) {
    cancel_exchange(outcome::first_byte_timeout);
    return answer_error(outcome::first_byte_timeout, {});
  }
  // A visitor may have gone that said all it had to say.
  if (stands_still(now,
                   protocol_ == protocol::switched
                     && request_ == request_state::complete,
                   written_, limits().body_timeout)) {
    cancel_exchange(outcome::visitor_gone);
    reset(h2_code::cancel);
  }
}

// By its mapping.
std::optional<outcome> h2_visit::what_is_late(time_point now) {
  if (!exchange_ || !deadlines_.any())
    return std::nullopt;
  return deadlines_.look({.answered = answer_ != answer_state::awaited,
                          .upgraded = protocol_ == protocol::switched,
                          .held_up = written_ != sent_,
                          .progress = received_ + written_},
                         now);
}

// For its answer, as the whole request is with the target, or as that takes
// no more of it.
bool h2_visit::is_awaited() const noexcept {
  return exchange_ && answer_ == answer_state::awaited
         && (request_ == request_state::complete || protocol_ != protocol::http
             || exchange_->room() == 0);
}

bool h2_visit::stands_still(time_point now, bool watched, uint64_t progress,
                            duration limit) {
  if (!watched || limit <= duration::zero())
    return false;
  if (std::exchange(progress_, progress) != progress)
    awaited_since_ = now;
  return now - awaited_since_ >= limit;
}

void h2_visit::send_continue() {
  const auto connection = from_->connection();
  if (!connection || !std::exchange(continue_due_, false)
      || exchange_->room() == 0)
    return;
  connection->session().interim(stream_, {{":status", "100"}});
  connection->pump_soon();
}

// Some clients read an answer only once all that they have to say is taken.
bool h2_visit::goes_on_too_long(time_point now) const {
  return answer_ == answer_state::complete && request_ == request_state::coming
         && written_ == sent_
         && (dropped_ > limits().discard_bytes
             || now - answered_at_ >= limits().discard_timeout);
}

// Does it send what it began, as long as there is room for it?
bool h2_visit::sends(time_point now) {
  if (request_ == request_state::complete || !exchange_
      || protocol_ != protocol::http
      || (grpc_ && answer_ == answer_state::begun) || continue_due_
      || !body_.empty() || !has_credit()) {
    incoming_.rest();
    return true;
  }
  const auto rate = grpc_ ? 0 : limits().min_receive_rate;
  const auto owed
    = head_.content_length ? *head_.content_length - received_ : unknown_length;
  return incoming_.keeps_up(now, received_, owed,
                            {limits().body_timeout, rate});
}

bool h2_visit::has_credit() const noexcept {
  const auto connection = from_->connection();
  return connection && connection->session().has_credit(stream_);
}

// Does it take what is written to it? The end is something, too, which is why
// the stream is still there when both have said all.
bool h2_visit::takes(time_point now) {
  const bool end_waits
    = answer_ == answer_state::complete && request_ == request_state::complete;
  if (written_ == sent_ && !end_waits) {
    outgoing_.rest();
    return true;
  }
  return outgoing_.keeps_up(now, sent_, std::max<uint64_t>(written_ - sent_, 1),
                            {limits().write_timeout, limits().min_send_rate});
}

} // namespace aps
