#include "transports/front/http_front.hpp"

#include "transports/front/http_session.hpp"
#include "transports/front/streams/stream_visit.hpp"
#include "transports/net/guard.hpp"

#include <random>

namespace aps {

http_front_context::http_front_context(front_ptr to, listen_options options,
                                       tunnel_upgrade_handler on_tunnel_upgrade,
                                       service_ptr service)
    : to_(std::move(to)), options_(std::move(options)),
      trusted_(options_.trusted_proxies),
      on_tunnel_upgrade_(std::move(on_tunnel_upgrade)),
      service_(std::move(service)) {
  std::random_device random;
  seed_ = uint64_t{random()} << 32 | random();
}

void http_front_context::close_all() {
  std::unordered_map<http_session*, std::weak_ptr<http_session>> all;
  {
    const std::lock_guard guard{mutex_};
    closed_ = true;
    all.swap(all_);
  }
  streams_.close_all();
  for (const auto& [key, weak] : all)
    if (const auto session = weak.lock())
      dispatch(session->unit(), [session] { session->close(); });
}

void http_front_context::keep(const std::shared_ptr<stream_visit>& stream) {
  streams_.add<stream_visit>(stream, [](stream_visit& visit) {
    dispatch(visit.unit(),
             [kept = visit.shared_from_this()] { kept->close(); });
  });
}

bool http_front_context::add(const std::shared_ptr<http_session>& session) {
  const std::lock_guard guard{mutex_};
  if (!closed_)
    all_.emplace(session.get(), session);
  return !closed_;
}

void http_front_context::remove(http_session* session) {
  const std::lock_guard guard{mutex_};
  all_.erase(session);
}

std::shared_ptr<http_session>
start_http_session(io_unit& unit, stream_ptr stream, std::string already_read,
                   http_front_ptr context, place_ptr place) {
  auto session = std::make_shared<http_session>(
    unit, std::move(stream), std::move(context), std::move(place));
  guard(unit, session, [&](const auto& self) { self->start(already_read); })();
  return session;
}

} // namespace aps
