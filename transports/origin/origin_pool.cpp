#include "transports/origin/origin_pool.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Limits of seconds need no look more often.
constexpr duration check_interval = std::chrono::seconds(1);

} // namespace

origin_pool::origin_pool(io_unit& unit,
                         std::shared_ptr<const origin_settings> settings)
    : unit_(unit), settings_(std::move(settings)) {}

origin_connection_ptr origin_pool::take(const std::string& key,
                                        uint64_t visitor) {
  if (authenticated_ && visitor != 0)
    if (auto own = take(visitor_key(key, visitor)))
      return own;
  return take(key);
}

origin_connection_ptr origin_pool::take(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end() || found->second.empty())
    return nullptr;
  // The warmest one, so that the others can time out; but not one that may
  // still bring bytes of its last answer, before a tick saw it quiet.
  auto& idle = found->second;
  const auto usable = std::find_if(idle.rbegin(), idle.rend(), [](auto& x) {
    return !x->body_may_follow() || x->idle_until != time_point::max();
  });
  if (usable == idle.rend())
    return nullptr;
  auto result = std::move(*usable);
  idle.erase(std::next(usable).base());
  return result;
}

void origin_pool::put(origin_connection_ptr connection) {
  assert(connection);
  const auto key = connection->pool_key();
  authenticated_ = authenticated_ || key != connection->key();
  auto& idle = idle_[key];
  if (over_ || idle.size() >= settings_->options.max_idle_per_origin)
    return connection->close();
  connection->idle_until = time_point::max();
  connection->watch_idle();
  idle.push_back(std::move(connection));
}

void origin_pool::remove(origin_connection* connection) {
  const auto found = idle_.find(connection->pool_key());
  if (found == idle_.end())
    return;
  std::erase_if(found->second,
                [&](const auto& x) { return x.get() == connection; });
}

void origin_pool::open(const std::string& key, const request_head& head,
                       std::function<void(opened)> done) {
  origin_address to;
  if (!parse_authority(head.scheme, head.authority, to)) {
    boost::asio::post(unit_.context(), [done = std::move(done),
                                        name = head.authority] {
      done({nullptr, outcome::origin_unresolved,
            name + ": not a host and port"});
    });
    return;
  }
  const auto name = to.str();
  connect_to_origin(
    unit_, settings_, std::move(to),
    [self = shared_from_this(), key, name,
     done = std::move(done)](connect_result result) {
      opened out{nullptr, result.error, std::move(result.detail)};
      if (result.stream)
        out.connection = std::make_shared<origin_connection>(
          self->unit_, std::move(result.stream), self, self->settings_, key,
          name);
      done(std::move(out));
    });
}

void origin_pool::shut_down() {
  over_ = true;
  const auto all = std::exchange(idle_, {});
  for (const auto& [key, connections] : all)
    for (const auto& connection : connections)
      connection->close();
  while (!users_.empty()) {
    auto& user = users_.front();
    user.unlink();
    user.on_shut_down();
  }
}

void origin_pool::note_user(pool_user& user) {
  users_.push_back(user);
}

void origin_pool::note_busy(origin_connection& connection) {
  connection.unlink();
  busy_.push_back(connection);
}

void origin_pool::on_tick(time_point now) {
  expire_idle(now);
  check_busy(now);
}

// A check may end any connection, so the list is copied.
void origin_pool::check_busy(time_point now) {
  if (now < next_check_ || busy_.empty())
    return;
  const auto& options = settings_->options;
  const auto shortest = std::min(options.read_timeout, options.send_timeout);
  next_check_ = now + std::min(check_interval, shortest / 8);
  std::vector<origin_connection_ptr> busy;
  for (auto& connection : busy_)
    busy.push_back(connection.self());
  for (const auto& connection : busy)
    connection->check(now);
}

void origin_pool::expire_idle(time_point now) {
  std::vector<origin_connection_ptr> expired;
  for (auto& [key, connections] : idle_)
    for (auto& connection : connections) {
      // The first tick sets the deadline, so that requests need no clock.
      if (connection->idle_until == time_point::max())
        connection->idle_until = now + settings_->options.idle_timeout;
      else if (now >= connection->idle_until)
        expired.push_back(connection);
    }
  for (const auto& connection : expired)
    connection->close();
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
}

std::string origin_key(const request_head& head) {
  std::string key;
  key.reserve(head.scheme.size() + 3 + head.authority.size());
  return key.append(head.scheme).append("://").append(head.authority);
}

std::string visitor_key(const std::string& key, uint64_t visitor) {
  return key + " of " + std::to_string(visitor);
}

} // namespace aps
