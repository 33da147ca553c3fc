#include "transports/front/h2/h2_visitors.hpp"

#include "transports/front/h2/h2_visit.hpp"
#include "transports/net/sockets/visitor_socket.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <limits>

namespace aps {

namespace {

constexpr uint32_t most_streams = 100;

/// What a target did not take of a request waits in its stream's window. That
/// of the connection has room for all of them, so that targets that take
/// nothing stop no others; some that do take have more.
constexpr uint32_t first_window = 64 * 1024;
constexpr uint32_t upload_window = 512 * 1024;
constexpr uint32_t most_widened = 8;
constexpr uint32_t uploads_window
  = most_streams * first_window + most_widened * upload_window;

/// Bytes of answers under way to one connection, roughly: few visits have all
/// that their mappings allow, many share.
constexpr uint32_t answers_under_way = 4 * 1024 * 1024;
constexpr uint32_t least_answer_window = 32 * 1024;

/// Visitors give requests up as they leave a page; who only does that is none.
constexpr uint32_t resets_in_a_row = 200;
constexpr uint32_t resets_per_second = 33;

/// Pseudo-header fields, beside those that are limited.
constexpr uint32_t pseudo_fields = 5;

/// A head that is somewhat too large is answered; beyond this the connection
/// goes.
constexpr uint32_t answered_excess = 2;

} // namespace

h2_settings visitor_settings(const http_front_context& context) {
  const auto& limits = context.options().limits;
  const auto bytes = std::min(limits.max_header_bytes, max_visitor_head_bytes);
  const auto fields = std::min(limits.max_headers, max_visitor_fields);
  h2_profile profile;
  profile.header_bytes = static_cast<uint32_t>(bytes) * answered_excess;
  profile.header_fields
    = static_cast<uint32_t>(fields) * answered_excess + pseudo_fields;
  profile.control_per_request = 8;
  profile.streams = most_streams;
  profile.resets = resets_in_a_row;
  profile.resets_per_second = resets_per_second;
  return {.profile = profile,
          .stream_window = first_window,
          .connection_window = uploads_window,
          .connect_protocol = context.options().upgrades};
}

h2_visitors::h2_visitors(const h2_connection_ptr& connection,
                         http_front_ptr context, place_ptr place)
    : connection_(connection), context_(std::move(context)),
      place_(std::move(place)), peer_ip_(connection->peer_ip()),
      number_(context_->next_seed()), tls_(connection->tls()),
      seed_(number_ * 0x9e3779b97f4a7c15),
      rests_since_(connection->unit().now()) {
  context_->count_visitor(1);
}

h2_visitors::~h2_visitors() {
  context_->count_visitor(-1);
}

void h2_visitors::start() {
  const auto connection = connection_.lock();
  visitor_socket::set_up(connection->native_handle());
  connection->session().counts().adopt(visitor_settings(*context_).profile);
  connection->session().counts().admit();
  connection->session().take_rests();
  if (place_)
    place_->on_evict([weak = weak_from_this()] {
      if (const auto me = weak.lock())
        me->make_room();
    });
}

h2_stream_owner_ptr h2_visitors::on_request(int32_t stream, header_list head,
                                            bool last) {
  const auto connection = connection_.lock();
  if (!connection || leaving_)
    return nullptr;
  if (place_)
    place_->set(context_->to()->knows(head) ? standing::busy : standing::asked);
  const auto visit = std::make_shared<h2_visit>(shared_from_this(), stream);
  visits_.push_back(visit);
  visit->start(std::move(head), last);
  return visit;
}

void h2_visitors::on_bad_request() {
  if (const auto connection = connection_.lock())
    context_->to()->on_own_answer(
      connection->unit(),
      {.result = outcome::bad_request,
       .peer = peer_ip_,
       .method = "HTTP/2",
       .detail = "A request breaks the rules of HTTP/2 for its fields.",
       .tls = tls_});
}

bool h2_visitors::has_visits() noexcept {
  std::erase_if(visits_, [](const auto& weak) {
    const auto visit = weak.lock();
    return !visit || visit->is_over();
  });
  return !visits_.empty();
}

void h2_visitors::proves_nothing() {
  if (place_ && has_visits() && visits_.size() == 1)
    place_->set(standing::asked);
}

void h2_visitors::on_tick(time_point now) {
  const auto connection = connection_.lock();
  if (!connection)
    return;
  for (const auto& weak : std::vector{visits_})
    if (const auto visit = weak.lock())
      visit->on_tick(now);
  if (connection->is_over())
    return;
  if (!takes(*connection, now)) {
    context_->to()->on_limit(limit::send_rate, peer_ip_,
                             "takes nothing of its HTTP/2 connection");
    return connection->close("the visitor takes nothing");
  }
  if (has_visits()) {
    rests_since_ = now;
    if (context_->draining())
      leave(*connection);
    return;
  }
  if (place_ && place_->is() == standing::busy)
    place_->set(standing::idle);
  const auto rest = context_->options().limits.idle_timeout;
  if (leaving_ || context_->draining()
      || (rest > duration::zero() && now - rests_since_ >= rest))
    connection->linger();
}

// Whatever the peer's windows allow, it has to read: answers and all else.
bool h2_visitors::takes(h2_connection& connection, time_point now) {
  if (!connection.is_writing()) {
    outgoing_.rest();
    return true;
  }
  const auto& limits = context_->options().limits;
  return outgoing_.keeps_up(
    now, visitor_socket::acknowledged(connection.native_handle()),
    std::numeric_limits<uint64_t>::max(),
    {limits.write_timeout, limits.min_send_rate});
}

uint32_t h2_visitors::answer_window(uint32_t most) noexcept {
  has_visits();
  const auto share
    = answers_under_way / static_cast<uint32_t>(visits_.size() + 1);
  return std::min(most, std::max(share, least_answer_window));
}

hold h2_visitors::widen(int32_t stream) {
  const auto connection = connection_.lock();
  if (!connection || widened_ >= most_widened)
    return nullptr;
  ++widened_;
  connection->session().widen(stream, upload_window);
  return {this, [me = shared_from_this()](void*) { --me->widened_; }};
}

hold h2_visitors::take_descriptor() {
  if (!place_)
    return shared_from_this();
  if (!place_->take_descriptor())
    return nullptr;
  return {this, [place = place_](void*) { place->return_descriptor(); }};
}

// For another connection; what has begun is the last of this one.
void h2_visitors::make_room() {
  const auto connection = connection_.lock();
  if (!connection)
    return;
  if (has_visits() && place_->is() == standing::busy)
    leave(*connection);
  else
    connection->close();
}

// RFC 9113, 6.8: what is on its way already may be asked for elsewhere.
void h2_visitors::leave(h2_connection& connection) {
  if (std::exchange(leaving_, true))
    return;
  connection.session().go_away();
  connection.pump();
}

} // namespace aps
