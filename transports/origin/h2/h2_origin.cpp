#include "transports/origin/h2/h2_origin.hpp"

#include "transports/origin/h2/h2_origin_request.hpp"
#include "transports/origin/origin_connector.hpp"
#include "transports/origin/origin_pool.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

namespace {

using std::chrono::seconds;

/// What waits of an answer because its visitor is slow. All of them together
/// are not limited: one slow visitor would stop the others.
constexpr uint32_t answer_window = 256 * 1024;
constexpr uint32_t answers_window = 0x7fffffff;

/// As many requests at once, whatever the origin would take.
constexpr uint32_t most_requests = 128;

/// An origin that is silent for so long while it has requests is asked for a
/// sign of life, and gets no others until one comes: what is said to a machine
/// that is gone is lost.
constexpr seconds silence{5};
constexpr seconds answer_time{5};

// An origin that we chose ourselves may say more than a visitor.
h2_settings client_settings() {
  h2_profile profile;
  profile.header_bytes = 256 * 1024;
  profile.header_fields = 1000;
  profile.control_per_second = 1024;
  profile.control_per_request = 64;
  return {.profile = profile,
          .stream_window = answer_window,
          .connection_window = answers_window};
}

} // namespace

h2_origin::h2_origin(io_unit& unit, stream_ptr stream,
                     std::weak_ptr<origin_pool> pool,
                     origin_settings_ptr settings, std::string key,
                     std::string name)
    : connection_(std::make_shared<h2_connection>(unit, std::move(stream),
                                                  client_settings())),
      pool_(std::move(pool)), settings_(std::move(settings)),
      key_(std::move(key)), name_(std::move(name)), heard_at_(unit.now()) {}

void h2_origin::start() {
  session().counts().admit();
  connection_->start({});
}

bool h2_origin::takes_requests() const noexcept {
  return !retired_ && !deaf_ && !is_over() && connection_->session().has_room()
         && connection_->session().streams() < most_requests;
}

request_carrier_ptr h2_origin::add() {
  assert(takes_requests());
  const auto fresh
    = std::make_shared<h2_origin_request>(shared_from_this(), begun_++ > 0);
  requests_.push_back(fresh);
  return fresh;
}

void h2_origin::retire_for_http1() {
  retire();
  if (const auto pool = pool_.lock())
    pool->note_http1(key_);
}

void h2_origin::note_no_sockets() {
  if (const auto pool = pool_.lock())
    pool->note_no_sockets(key_);
}

bool h2_origin::has_requests() {
  std::erase_if(requests_, [](const auto& weak) {
    const auto request = weak.lock();
    return !request || request->is_over();
  });
  return !requests_.empty();
}

void h2_origin::on_tick(time_point now) {
  const auto kept = shared_from_this();
  for (const auto& weak : std::vector{requests_})
    if (const auto request = weak.lock())
      request->check(now);
  if (is_over())
    return;
  if (has_requests()) {
    left_at_ = time_point::max();
    return ask_for_life(now);
  }
  if (has_spoken(now))
    asked_ = deaf_ = false;
  // Streams that were given up wait behind what the origin does not read.
  left_at_
    = session().streams() == 0 ? time_point::max() : std::min(left_at_, now);
  if (left_at_ != time_point::max() && now - left_at_ >= answer_time)
    connection_->close("does not take the end of its requests");
  else if (retired_ || deaf_ || !session().has_room()
           || now - heard_at_ >= settings_->options.idle_timeout)
    connection_->linger();
}

// Since the last look.
bool h2_origin::has_spoken(time_point now) {
  const auto received = connection_->received();
  if (std::exchange(heard_, received) == received)
    return false;
  heard_at_ = now;
  return true;
}

void h2_origin::ask_for_life(time_point now) {
  if (has_spoken(now)) {
    asked_ = deaf_ = false;
  } else if (!asked_ && now - heard_at_ >= silence) {
    asked_ = true;
    asked_at_ = now;
    session().ping();
    connection_->pump();
  } else if (asked_ && now - asked_at_ >= answer_time) {
    deaf_ = true;
  }
}

} // namespace aps
