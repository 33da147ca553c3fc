#include "transports/front/error_response.hpp"
#include "transports/front/http_session.hpp"
#include "transports/front/mapping/mapped_messages.hpp"
#include "transports/front/pages/own_page.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/seam/probe_request.hpp"

namespace aps {

namespace {

// A request body's unread rest up to this size is read and dropped so that
// the connection can be used again.
constexpr uint64_t small_rest = 64 * 1024;

// Interim heads that wait for the visitor, bytes.
constexpr size_t max_waiting_hints = 16 * 1024;

} // namespace

// -- visitor ------------------------------------------------------------------

void http_session::on_head(const response_head_ptr& received) {
  if (!exchange_)
    return;
  auto head = received->interim() ? received : map_answer(received, *exchange_);
  if (head->interim()) {
    // A 100 is for those who wait for one.
    if (head->status == 100 && !std::exchange(request_.continue_due, false))
      return;
    // They are hints: a visitor that does not read misses some.
    if (request_.version < 11 || output_.size() > max_waiting_hints)
      return;
    append_interim_head(output_.text(), *head);
    return flush_soon();
  }
  if (head->status == 101)
    return switch_protocols(*head);
  if (came_back(*context_, *head, request_)) {
    const auto kept = shared_from_this();
    cancel_exchange(outcome::loop_detected);
    return answer_error(outcome::loop_detected,
                        "The way to its target leads back to this node.");
  }
  if (request_.asked && take_page(*head))
    return;
  if (request_.compression)
    head = encoded(head);
  // Nothing will follow a refused upgrade but its body.
  if (may_switch() && request_.received)
    exchange_->send_end({});
  auto context = context_of_answer(request_.keep_alive && !request_.continue_due
                                   && (request_.by || !context_->draining()));
  const auto framing = choose_framing(*head, context);
  request_.keep_alive = context.keep_alive;
  request_.answer = answer_state::begun;
  begun_at_ = output_.empty() && !output_.in_flight() ? writes_ : no_write;
  body_.begin(framing, head->content_length.value_or(0));
  append_response_head(output_.text(), *head, framing, context);
  flush_soon();
}

response_head_ptr http_session::encoded(const response_head_ptr& head) {
  auto out = std::make_shared<response_head>(*head);
  request_.encoding = encoded_body::begin(*out, *request_.compression,
                                          context_->memory_of_compression());
  return out;
}

// A page instead of what the target said; the rest of that is for nobody.
bool http_session::take_page(const response_head& head) {
  const auto page = page_for_target(*context_, *exchange_, head);
  if (!page)
    return false;
  const auto kept = shared_from_this();
  cancel_exchange(outcome::ok);
  answer_with(with_page(head, *page), page->body);
  return true;
}

void http_session::switch_protocols(const response_head& head) {
  const auto kept = shared_from_this();
  if (exchange_->head()->kind() != exchange_kind::upgrade) {
    cancel_exchange(outcome::origin_protocol);
    return answer_error(outcome::origin_protocol,
                        "The target switched protocols without being asked.");
  }
  const auto context = context_of_answer(false);
  request_.keep_alive = false;
  request_.answer = answer_state::begun;
  raw_ = true;
  body_.begin(body_framing::raw);
  append_response_head(output_.text(), head, body_framing::raw, context);
  flush_soon();
  process();
}

// Whether the target may still take a wish to switch protocols, or has.
bool http_session::may_switch() const noexcept {
  return exchange_ && exchange_->head()->kind() == exchange_kind::upgrade
         && (raw_ || !request_.is_begun());
}

response_context http_session::context_of_answer(bool keep_alive) const {
  return {.version = request_.version,
          .head_request = request_.head_request,
          .keep_alive = keep_alive,
          .request_id = request_.id,
          .pseudonym = context_->pseudonym(),
          .ours = request_.by != nullptr,
          .hsts = hsts_of(exchange_ ? exchange_.get() : request_.asked.get())};
}

void http_session::on_data(slice bytes) {
  if (!exchange_)
    return;
  const auto size = bytes.size();
  if (request_.encoding) {
    auto encoded = request_.encoding->add(bytes);
    if (!encoded)
      return cut();
    bytes = std::move(*encoded);
  }
  if (body_.framing() == body_framing::none)
    exchange_->consumed(size); // an answer that must not have a body
  else if (!body_.data(output_, std::move(bytes)))
    return cut();
  flush_soon();
}

void http_session::on_end(const header_list& trailers) {
  if (!exchange_)
    return;
  const auto kept = shared_from_this();
  if (request_.encoding) {
    auto rest = request_.encoding->finish();
    if (!rest || !body_.data(output_, std::move(*rest)))
      return cut();
  }
  if (!body_.end(output_, trailers))
    return cut();
  answered();
}

void http_session::on_failed(outcome outcome, const std::string& detail) {
  if (!exchange_)
    return;
  const auto kept = shared_from_this();
  exchange_ = nullptr;
  if (outcome == outcome::attempts_exhausted)
    context_->to()->on_limit(limit::attempts, visitor_ip_, detail);
  if (request_.is_begun()) {
    // What nobody saw of it yet can still be another answer.
    if (raw_ || begun_at_ != writes_ || output_.in_flight())
      return cut();
    output_.clear();
    request_.answer = answer_state::awaited;
    request_.encoding = nullptr;
  }
  // Addresses behind the node are nothing for strangers.
  const bool told = request_.local || limits().error_detail;
  answer_error(outcome, told ? std::string_view{detail} : "");
}

void http_session::on_refused(outcome outcome, const header_list& fields) {
  if (!exchange_)
    return;
  const auto kept = shared_from_this();
  exchange_ = nullptr;
  answer_error(outcome, {}, {}, &fields);
}

void http_session::on_writable() {
  const auto kept = shared_from_this();
  process();
}

// -- answers ------------------------------------------------------------------

void http_session::send_continue() {
  if (!exchange_ || !std::exchange(request_.continue_due, false))
    return;
  // A body that is on its way already needs no invitation.
  if (!input_.empty() || exchange_->room() == 0)
    return;
  output_.text() += "HTTP/1.1 100 Continue\r\n\r\n";
  flush_soon();
}

// The node's own answer to the current request; `more` is for the visitor
// alone.
void http_session::answer_error(outcome outcome, std::string_view detail,
                                std::string_view more,
                                const header_list* fields) {
  if (!request_.passed_on)
    tell_own_answer(outcome, detail);
  const auto text = std::string{detail}.append(more);
  if (!request_.received && !can_discard_rest())
    request_.keep_alive = false;
  const auto page
    = page_of({*context_, parser_.head(), peer(), request_}, outcome, detail);
  output_.text() += render_error({outcome, text, request_.id, request_.json,
                                  request_.head_request, request_.keep_alive,
                                  fields, page ? &*page : nullptr});
  answered();
}

void http_session::tell_own_answer(outcome outcome, std::string_view detail) {
  aps::tell_own_answer(*context_, unit_, parser_.head(), peer(), request_,
                       outcome, detail);
}

// By Aps-Outcome the agent knows a node.
void http_session::answer_probe() {
  response_head head;
  head.headers = {{"Content-Type", "text/plain"},
                  {"Aps-Outcome", std::string{to_string(outcome::ok)}}};
  answer_with(std::move(head),
              std::string{context_->options().agents
                            ? probe_request::welcome
                            : probe_request::no_agents},
              true);
}

// `ours`: its Aps-* fields stay.
void http_session::answer_with(response_head head, const std::string& body,
                               bool ours) {
  if (!request_.received && !can_discard_rest())
    request_.keep_alive = false;
  auto context = context_of_answer(request_.keep_alive);
  context.ours = ours;
  head.content_length = body.size();
  append_response_head(output_.text(), head, body_framing::length, context);
  if (!request_.head_request)
    output_.text() += body;
  answered();
}

// The same when nothing sensible can follow on this connection.
void http_session::refuse(outcome outcome, std::string_view detail) {
  if (!request_.open) {
    request_ = {};
    request_.open = true;
    request_.id = make_request_id(id_seed_++);
  }
  request_.keep_alive = false;
  answer_error(outcome, detail);
}

// The whole answer is queued.
void http_session::answered() {
  exchange_ = nullptr;
  output_.disown_payload();
  request_.answer = answer_state::complete;
  if (!request_.received && request_.keep_alive && can_discard_rest()) {
    request_.discarding = true;
    parser_.discard_payload();
  } else if (!request_.received || !request_.keep_alive) {
    closing_ = true;
  }
  if (request_.received && !closing_)
    finish_request();
  flush();
  process();
}

// Cheaper for both sides than a new connection?
bool http_session::can_discard_rest() noexcept {
  auto& head = parser_.head();
  if (parser_.fault() != parse_fault::none || request_.continue_due
      || !head.content_length)
    return false;
  return *head.content_length - parser_.body_bytes() <= small_rest;
}

void http_session::finish_request() {
  request_ = {};
  if (place_ && place_->is() == standing::busy)
    place_->set(standing::idle);
  parser_.reset();
  ++requests_;
}

} // namespace aps
