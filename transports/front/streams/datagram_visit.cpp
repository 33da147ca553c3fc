#include "transports/front/streams/datagram_visit.hpp"

#include <utility>

namespace aps {

namespace {

// A visitor whose session failed begins no other one sooner.
constexpr duration pause_after_failure = std::chrono::seconds(1);

} // namespace

datagram_visit::datagram_visit(place_ptr place, sender send,
                               duration idle_limit)
    : place_(std::move(place)), send_(std::move(send)),
      idle_limit_(idle_limit) {}

void datagram_visit::start(const http_front_context& context, executor& unit,
                           onward_request request) {
  unit_ = &unit;
  moved_at_ = unit.now();
  exchange_ = std::make_shared<exchange>(
    unit, context.to()->next_id(), std::move(request.head),
    std::move(request.facts), shared_from_this(), request.window);
  if (request.pass)
    exchange_->admit_with(std::move(request.pass));
  context.to()->start(exchange_);
}

void datagram_visit::take(std::string_view datagram, time_point now) {
  if (exchange_ && exchange_->send_datagram(slice::copy(datagram)))
    moved_at_ = now;
}

bool datagram_visit::is_over(time_point now) {
  if (!exchange_)
    return now - moved_at_ >= pause_after_failure;
  if (now - moved_at_ < idle_limit_)
    return false;
  // It has no end of its own, so this is one as good as any.
  std::exchange(exchange_, nullptr)->cancel(outcome::ok);
  return true;
}

void datagram_visit::close() {
  if (const auto running = std::exchange(exchange_, nullptr))
    running->cancel(outcome::visitor_gone);
  place_ = nullptr;
}

void datagram_visit::on_head(const response_head_ptr&) {}

void datagram_visit::on_datagram(slice datagram) {
  if (!exchange_)
    return;
  moved_at_ = unit_->now();
  // Whoever is answered is no stranger.
  if (place_ && place_->is() == standing::silent)
    place_->set(standing::busy);
  send_(datagram.view());
}

void datagram_visit::on_end(const header_list&) {
  exchange_ = nullptr;
  moved_at_ = unit_->now();
}

void datagram_visit::on_failed(outcome, const std::string&) {
  exchange_ = nullptr;
  moved_at_ = unit_->now();
}

} // namespace aps
