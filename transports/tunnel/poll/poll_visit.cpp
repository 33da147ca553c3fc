#include "transports/tunnel/poll/poll_visit.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr uint16_t content_too_large = 413;

std::shared_ptr<served_exchange> serve(const exchange_ptr& from) {
  return std::make_shared<served_exchange>(from->unit(), from->id(),
                                           from->head(), default_window);
}

void send(served_exchange& to, const poll_answer& answer) {
  auto head = std::make_shared<response_head>();
  uint64_t bytes = 0;
  for (const auto& part : answer.body)
    bytes += part.size();
  head->status = answer.status;
  head->headers = answer.headers;
  head->headers.push_back({"Cache-Control", "no-store, no-transform"});
  if (bytes > 0)
    head->headers.push_back({"Content-Type", "application/octet-stream"});
  head->content_length = bytes;
  head->last = bytes == 0;
  to.send_head(std::move(head));
  for (const auto& part : answer.body)
    to.send_body(part);
  to.send_end({});
}

} // namespace

poll_visit::poll_visit(const exchange_ptr& from, std::shared_ptr<poll_host> to,
                       poll_request request, size_t limit)
    : unit_(from->unit()), host_(std::move(to)), request_(std::move(request)),
      limit_(limit) {}

void poll_visit::start(const exchange_ptr& from) {
  at_ = serve(from);
  at_->set_origin(shared_from_this());
  connect_directly(from, at_);
  const auto& head = *from->head();
  if (head.last)
    return complete();
  if (head.content_length.value_or(0) > limit_)
    return do_answer({content_too_large, {}, {}});
  request_.body.reserve(head.content_length.value_or(0));
  host_->on_body_begin(shared_from_this());
}

void poll_visit::on_body(slice bytes) {
  if (!host_)
    return;
  if (bytes.size() > limit_ - request_.body.size())
    return do_answer({content_too_large, {}, {}});
  request_.body += bytes.view();
  at_->consumed(bytes.size());
}

void poll_visit::on_body_end(const header_list&) {
  complete();
}

void poll_visit::complete() {
  if (!host_ || complete_)
    return;
  complete_ = true;
  const auto host = host_;
  host->on_request(shared_from_this(), std::move(request_));
}

void poll_visit::on_cancelled() {
  const auto host = std::exchange(host_, nullptr);
  request_ = {};
  at_ = nullptr;
  if (host && complete_)
    host->on_left(shared_from_this());
}

void poll_visit::answer(poll_answer answer) {
  dispatch(unit_, [me = shared_from_this(), answer = std::move(answer)] {
    me->do_answer(answer);
  });
}

void poll_visit::supersede() {
  dispatch(unit_, [me = shared_from_this()] {
    if (!me->complete_)
      me->do_answer({poll_conflict, {}, {}});
  });
}

void poll_visit::do_answer(const poll_answer& answer) {
  if (!std::exchange(host_, nullptr))
    return;
  request_ = {};
  if (at_)
    send(*at_, answer);
}

void answer_poll(const exchange_ptr& from, const poll_answer& answer) {
  const auto at = serve(from);
  connect_directly(from, at);
  send(*at, answer);
}

} // namespace aps
