#include "transports/front/h2/h2_visit.hpp"

#include "transports/front/error_response.hpp"
#include "transports/front/h2/grpc_errors.hpp"
#include "transports/front/mapping/mapped_messages.hpp"
#include "transports/front/pages/own_page.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/http2/h2_fields.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Interim heads that wait for the visitor, frames.
constexpr size_t max_waiting_heads = 32;

} // namespace

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
  if (grpc_) {
    respond(grpc_error_fields(outcome, detail, facts_.id), 200, true);
    return answered();
  }
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

} // namespace aps
