#include "transports/http/origin_pool.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace aps {

origin_pool::origin_pool(io_unit& unit,
                         std::shared_ptr<const origin_settings> settings)
    : unit_(unit), settings_(std::move(settings)) {}

origin_connection_ptr origin_pool::take(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end() || found->second.empty())
    return nullptr;
  // The warmest one, so that the others can time out.
  auto result = std::move(found->second.back());
  found->second.pop_back();
  return result;
}

void origin_pool::put(origin_connection_ptr connection) {
  auto& idle = idle_[connection->key()];
  if (over_ || idle.size() >= settings_->options.max_idle_per_origin)
    return connection->close();
  connection->idle_until = time_point::max();
  connection->watch_idle();
  idle.push_back(std::move(connection));
}

void origin_pool::remove(origin_connection* connection) {
  const auto found = idle_.find(connection->key());
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
          self->unit_, std::move(result.stream), self, key, name);
      done(std::move(out));
    });
}

void origin_pool::shut_down() {
  over_ = true;
  const auto all = std::exchange(idle_, {});
  for (const auto& [key, connections] : all)
    for (const auto& connection : connections)
      connection->close();
}

void origin_pool::on_tick(time_point now) {
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

} // namespace aps
