#include "transports/front/http_session.hpp"
#include "transports/front/page_origin.hpp"
#include "transports/front/pages/own_page.hpp"
#include "transports/front/streams/stream_visit.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/misread.hpp"
#include "transports/seam/probe_request.hpp"
#include "transports/seam/tunnel_path.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace aps {

namespace {

// With more than this waiting for the visitor no further request begins.
constexpr size_t output_high_water = 64 * 1024;

// Blank lines before a request line that are forgiven (RFC 9112, 2.2).
constexpr size_t max_blank_lines = 8;

// More than Beast's fields take, of a name or of a value.
constexpr size_t max_agent_field = 64 * 1024 - 16;

constexpr auto no_limit = std::numeric_limits<size_t>::max();

outcome outcome_of(parse_fault fault) noexcept {
  switch (fault) {
    case parse_fault::unsupported_coding:
      return outcome::not_implemented;
    case parse_fault::header_too_large:
      return outcome::header_too_large;
    case parse_fault::body_too_large:
      return outcome::body_too_large;
    default:
      return outcome::bad_request;
  }
}

bool too_large(const header& field) noexcept {
  return std::max(field.name.size(), field.value.size()) > max_agent_field;
}

} // namespace

void http_session::on_steps_done() {
  finish_input();
  read_more();
}

// Once the visitor ended its direction and all that came was handled.
void http_session::finish_input() {
  const bool handled = input_.empty() || output_.size() <= output_high_water;
  if (over() || !input_ended_ || request_.open || raw_ || closing_ || !handled)
    return;
  closing_ = true;
  flush();
}

// True when something was done and more may be possible.
bool http_session::step() {
  if (over())
    return false;
  if (lingering_ || dropping()) {
    drop_input();
    return false;
  }
  if (!request_.open)
    return parse_head();
  // A body that is still on its way comes before the other protocol.
  if (!request_.received)
    return feed_body();
  return raw_ && pump_raw();
}

bool http_session::parse_head() {
  if (closing_ || output_.size() > output_high_water)
    return false;
  if (requests_ == 0 && refuse_foreign())
    return false;
  if (!parser_.started() && !skip_blank_lines())
    return false;
  if (input_.empty()) {
    // A read that is outstanding writes into the buffer.
    if (!reading())
      input_.shrink();
    return false;
  }
  if (!parser_.started() && input_.data() == "\r")
    return false;
  const auto used = parser_.feed(input_.owner(), input_.data(), 0,
                                 input_.share_from());
  if (parser_.fault() != parse_fault::none && parser_.head().method.empty())
    guess_head(input_.data(), parser_.head());
  input_.consume(used);
  if (parser_.head_done()) {
    begin_request();
    return true;
  }
  if (parser_.fault() != parse_fault::none)
    refuse_faulty();
  return false;
}

// Who speaks another protocol would wait for an answer in it, and its operator
// for a hint.
bool http_session::refuse_foreign() {
  const auto found = foreign_protocol_of(input_.data());
  if (found.name.empty())
    return false;
  parser_.head().method = found.name; // for the record
  refuse(outcome::bad_request, found.sentence);
  return true;
}

// Robustness (RFC 9112, 2.2), within reason.
bool http_session::skip_blank_lines() {
  while (input_.data().starts_with("\r\n")) {
    input_.consume(2);
    if (++blank_lines_ > max_blank_lines) {
      note_limit(limit::blank_lines, "no request line");
      refuse(outcome::bad_request, "Blank lines instead of a request.");
      return false;
    }
  }
  return true;
}

void http_session::begin_request() {
  auto& head = parser_.head();
  blank_lines_ = 0;
  request_ = {};
  request_.open = true;
  if (place_)
    place_->set(context_->to()->knows(head.headers) ? standing::busy
                                                    : standing::asked);
  request_.received = parser_.done();
  request_.version = head.version;
  const bool last = input_ended_ && input_.empty();
  request_.keep_alive = head.keep_alive && !context_->draining() && !last;
  request_.read(head, id_seed_++);
  if (parser_.fault() != parse_fault::none)
    return refuse_faulty();
  const auto& local = context_->local_service();
  const bool served_here = local && local->takes(head.method, head.target);
  if (context_->options().agents && (served_here || is_agent()))
    if (const auto why
        = why_no_agent(context_->options().agent_origins, head.headers);
        !why.empty())
      return refuse(outcome::foreign_origin, why);
  belong_to(served_here ? local.get() : nullptr);
  if (service_)
    return start_service();
  if (is_agent())
    return hand_over();
  if (is_probe())
    return answer_probe();
  // The head is taken apart below.
  const bool waits = !request_.received && head.version >= 11
                     && lists(head.headers, "expect", "100-continue");
  const bool chunked = head.chunked;
  auto fate = decide_request(*context_, head, peer(), request_);
  if (auto* onward = std::get_if<onward_request>(&fate)) {
    if (onward->head->kind() == exchange_kind::stream)
      return become_stream(std::move(*onward));
    request_.continue_due = waits;
    request_.chunks = chunked && onward->head->kind() == exchange_kind::upgrade;
    start_exchange(std::move(*onward));
  } else if (auto* ours = std::get_if<final_request>(&fate)) {
    tell_own_answer(outcome::ok, ours->detail);
    answer_with(std::move(ours->head), ours->body);
  } else {
    const auto& denied = std::get<denial>(fate);
    // Who has to show a password asks again; all else that follows is meant
    // for the target, and is no request.
    if (head.method == "CONNECT"
        && (denied.cause != outcome::proxy_auth_required || !input_.empty()))
      request_.keep_alive = false;
    answer_error(denied.cause, denied.detail, denied.more, &denied.headers);
  }
}

// Behind a CONNECT come bytes of whatever was asked for: the connection is none
// of ours any more.
void http_session::become_stream(onward_request request) {
  if (reading() || !output_.empty() || output_.in_flight())
    return refuse(outcome::bad_request,
                  "A CONNECT waits for the answer to what was before it.");
  auto asked = std::make_unique<connect_answers>();
  asked->request_id = request_.id;
  asked->json = request_.json;
  asked->told = request_.local || limits().error_detail;
  const std::string early{input_.data()};
  context_->remove(this);
  const auto visit
    = std::make_shared<stream_visit>(unit_, release(), context_, place_);
  if (place_)
    place_->on_evict([weak = std::weak_ptr{visit}] {
      if (const auto me = weak.lock())
        me->close();
    });
  visit->start(std::move(request), early, std::move(asked));
}

void http_session::start_exchange(onward_request request) {
  request_.deadlines = {request.facts.via->rule.timeouts.get(), unit_.now()};
  exchange_ = std::make_shared<exchange>(
    unit_, context_->to()->next_id(), std::move(request.head),
    std::move(request.facts), self(), request.window);
  request_.passed_on = true;
  if (has_pages(*context_, exchange_->facts().via.get()))
    request_.asked = exchange_;
  if (request.pass) {
    if (request.pass->refused && place_)
      place_->set(standing::asked);
    exchange_->admit_with(std::move(request.pass));
  }
  if (request_.continue_due)
    continue_at_ = unit_.now() + limits().continue_timeout;
  context_->to()->start(exchange_);
  if (limits().continue_timeout <= duration::zero())
    send_continue();
}

bool http_session::feed_body() {
  if (!exchange_ && !request_.discarding)
    return false;
  const auto room = exchange_ ? exchange_->room() : no_limit;
  const auto used = parser_.feed(input_.owner(), input_.data(), room,
                                 input_.share_from());
  input_.consume(used);
  if (used > 0)
    request_.continue_due = false;
  for (auto& bytes : parser_.body())
    if (exchange_)
      pass_on(std::move(bytes));
  parser_.body().clear();
  if (parser_.fault() != parse_fault::none)
    body_fault();
  else if (parser_.done())
    request_received();
  return used > 0;
}

void http_session::pass_on(slice bytes) {
  // An empty chunk would be the last one.
  if (!request_.chunks || bytes.empty())
    return exchange_->send_body(std::move(bytes));
  char size[20];
  const auto end = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
  exchange_->send_framing(slice::copy(std::string{size, end} + "\r\n"));
  exchange_->send_body(std::move(bytes));
  if (exchange_) // not over its quota
    exchange_->send_framing(slice::copy("\r\n"));
}

// The body turned out to be no body, or too large.
void http_session::body_fault() {
  cancel_exchange(outcome_of(parser_.fault()));
  if (request_.is_begun())
    cut();
  else
    refuse_faulty();
}

// What is too large is said by the outcome itself.
void http_session::refuse_faulty() {
  const auto result = outcome_of(parser_.fault());
  const auto large
    = result == outcome::header_too_large || result == outcome::body_too_large;
  refuse(result, large ? std::string_view{} : parser_.problem());
}

void http_session::request_received() {
  request_.received = true;
  request_.continue_due = false;
  if (exchange_) {
    if (request_.chunks)
      exchange_->send_framing(slice::copy("0\r\n\r\n"));
    rewrite_trailers(parser_.trailers(), exchange_->pass().get());
    // The other protocol's bytes may follow.
    if (!may_switch())
      exchange_->send_end(std::move(parser_.trailers()));
  }
  if (request_.answer == answer_state::complete)
    finish_request();
}

// An upgraded stream has no framing: what is read is sent.
bool http_session::pump_raw() {
  if (!exchange_)
    return false;
  const auto bytes = input_.data().substr(0, exchange_->room());
  if (bytes.empty()) {
    if (input_ended_ && input_.empty())
      exchange_->send_end({});
    return false;
  }
  auto out = bytes.size() < input_.share_from()
               ? slice::copy(bytes)
               : slice{input_.owner(), bytes};
  input_.consume(bytes.size());
  exchange_->send_body(std::move(out));
  return true;
}

// -- agents -------------------------------------------------------------------

bool http_session::is_agent() noexcept {
  auto& head = parser_.head();
  if (!context_->options().agents || !context_->on_tunnel_upgrade())
    return false;
  const std::string_view target = head.target;
  return target.substr(0, target.find('?')) == tunnel_path && head.upgrade
         && head.method == "GET" && request_.received
         && lists(head.headers, "upgrade", "websocket");
}

// An agent that wants to know what it has found. Operators' listeners have
// answers of their own.
bool http_session::is_probe() noexcept {
  const auto& head = parser_.head();
  const auto* field = find_header(head.headers, "user-agent");
  return context_->options().upgrades && !head.upgrade && head.method == "GET"
         && head.target == probe_request::target && field
         && field->value == probe_request::user_agent;
}

// The socket goes to the tunnel side together with what was read from it.
void http_session::hand_over() {
  if (parser_.head().version < 11) // RFC 9110, 7.8
    return refuse(outcome::bad_request, "Agents need HTTP/1.1.");
  if (reading() || !output_.empty() || output_.in_flight())
    return refuse(outcome::bad_request, "Agents need a connection of their "
                                        "own.");
  auto& head = parser_.head();
  if (std::any_of(head.headers.begin(), head.headers.end(), too_large))
    return refuse(outcome::header_too_large, {});
  upgrade_request request{std::move(head.method), std::move(head.target),
                          std::move(head.headers), std::string{input_.data()},
                          std::move(place_)};
  context_->remove(this);
  context_->on_tunnel_upgrade()(unit_, release(), std::move(request));
}

// The connection stays ours: what is between us and the agent may carry
// requests of others on it, before and after.
void http_session::start_service() {
  auto& head = parser_.head();
  request_.by = service_;
  request_.passed_on = true;
  request_.keep_alive = head.keep_alive;
  auto out = std::make_shared<request_head>();
  out->method = std::move(head.method);
  out->path = std::move(head.target);
  out->headers = std::move(head.headers);
  out->last = !head.has_body;
  out->content_length = head.content_length;
  exchange_ = std::make_shared<exchange>(
    unit_, context_->to()->next_id(), std::move(out),
    exchange_facts{.visitor_address = stream_->peer_name(),
                   .request_id = request_.id,
                   .via = nullptr,
                   .tls = tls_},
    self());
  service_->serve(exchange_);
}

// Only visitors are counted.
void http_session::belong_to(service* owner) noexcept {
  if (owner && !service_)
    --context_->live_;
  else if (!owner && service_)
    ++context_->live_;
  service_ = owner;
}

} // namespace aps
