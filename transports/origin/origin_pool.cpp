#include "transports/origin/origin_pool.hpp"

#include "transports/net/proxy/proxy_header.hpp"
#include "transports/origin/h2/h2_origin_heads.hpp"
#include "transports/origin/origin_fields.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Limits of seconds need no look more often.
constexpr duration check_interval = std::chrono::seconds(1);

// Origins of one kind that are remembered, such as those that asked for
// HTTP/1.1; beyond it all are asked anew.
constexpr size_t most_noted = 1024;

// In the names of origins whose connections are those of one visitor.
constexpr std::string_view private_mark = " proxied as ";

bool is_private(std::string_view key) {
  return key.find(private_mark) != key.npos;
}

void note(std::unordered_set<std::string>& among, const std::string& key) {
  if (among.size() >= most_noted)
    among.clear();
  among.insert(key);
}

} // namespace

std::string preamble_of(const request_head& head) {
  switch (head.proxy) {
    case proxy_version::none: break;
    case proxy_version::v1:
      return proxy_header_v1(parse_proxied_ends(head.proxy_ends));
    case proxy_version::v2:
      return proxy_header_v2(parse_proxied_ends(head.proxy_ends));
  }
  return {};
}

origin_pool::origin_pool(io_unit& unit, origin_settings_ptr settings)
    : unit_(unit), settings_(std::move(settings)) {}

// Over HTTP/2, as far as that is known: a negotiated connection says so first.
bool origin_pool::takes_sockets(const std::string& key,
                                const request_head& head) const {
  if (!is_websocket(head) || no_sockets_.contains(key))
    return false;
  if (head.protocol == origin_protocol::http2)
    return true;
  const auto* shared = find_http2(key);
  return shared && shared->takes_sockets().value_or(false);
}

// What an origin is asked in, as far as that is known before it is asked.
origin_protocol origin_pool::protocol_for(const std::string& key,
                                          const request_head& head) const {
  const bool negotiable = head.protocol == origin_protocol::negotiated;
  const bool http1
    = (head.kind() != exchange_kind::request && !takes_sockets(key, head))
      || (negotiable
          && (head.scheme != "https" || http1_.contains(key)
              || head.proxy != proxy_version::none
              || authenticates_connection(head.headers)));
  return http1 ? origin_protocol::http1 : head.protocol;
}

h2_origin* origin_pool::find_http2(const std::string& key) const {
  const auto found = http2_.find(key);
  if (found == http2_.end())
    return nullptr;
  for (const auto& connection : found->second)
    if (connection->takes_requests())
      return connection.get();
  return nullptr;
}

request_carrier_ptr origin_pool::take(const std::string& key,
                                      const request_head& head) {
  const auto protocol = protocol_for(key, head);
  if (protocol != origin_protocol::http1)
    if (auto* shared = find_http2(key))
      return shared->add();
  if (protocol == origin_protocol::http2)
    return nullptr;
  auto idle = take_idle(key, head);
  // What must not be sent twice deserves a look at the connection first, and so
  // does a connection that may bring what belongs to nobody.
  while (idle && (idle->body_may_follow() || !is_idempotent(head))
         && !idle->still_open()) {
    idle->close();
    idle = take_idle(key, head);
  }
  return idle;
}

origin_connection_ptr origin_pool::take_idle(const std::string& key,
                                             const request_head& head) {
  if (authenticated_ && head.visitor != 0)
    if (auto own = take_idle(visitor_key(key, head.visitor)))
      return own;
  return take_idle(key);
}

origin_connection_ptr origin_pool::take_idle(const std::string& key) {
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
  // Its visitor may never come back.
  if (is_private(key))
    return connection->close();
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
  to.server_name = head.server_name;
  to.tls = head.origin_tls;
  to.preamble = preamble_of(head);
  const auto name = to.str();
  const auto protocol = protocol_for(key, head);
  connect_to_origin(unit_, settings_, std::move(to), protocol,
                    [self = shared_from_this(), key, name, protocol,
                     done = std::move(done)](connect_result result) {
                      done(self->carry(key, name, protocol, std::move(result)));
                    });
}

origin_pool::opened origin_pool::carry(const std::string& key,
                                       const std::string& name,
                                       origin_protocol protocol,
                                       connect_result result) {
  if (!result.stream)
    return {nullptr, result.error, std::move(result.detail)};
  if (result.http2)
    return {carry_http2(key, name, std::move(result.stream))};
  if (protocol == origin_protocol::http2)
    return {nullptr, outcome::origin_protocol,
            name + ": does not speak HTTP/2"};
  return {std::make_shared<origin_connection>(
    unit_, std::move(result.stream), shared_from_this(), settings_, key, name)};
}

request_carrier_ptr origin_pool::carry_http2(const std::string& key,
                                             const std::string& name,
                                             stream_ptr stream) {
  if (auto* shared = find_http2(key)) {
    stream->close();
    return shared->add();
  }
  auto fresh = std::make_shared<h2_origin>(
    unit_, std::move(stream), shared_from_this(), settings_, key, name);
  http2_[key].push_back(fresh);
  fresh->start();
  return fresh->add();
}

void origin_pool::note_http1(const std::string& key) {
  note(http1_, key);
}

void origin_pool::note_no_sockets(const std::string& key) {
  note(no_sockets_, key);
}

void origin_pool::shut_down() {
  over_ = true;
  const auto all = std::exchange(idle_, {});
  for (const auto& [key, connections] : all)
    for (const auto& connection : connections)
      connection->close();
  const auto shared = std::exchange(http2_, {});
  for (const auto& [key, connections] : shared)
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
  if (now < next_check_)
    return;
  const auto& options = settings_->options;
  const auto shortest = std::min(options.read_timeout, options.send_timeout);
  next_check_ = now + std::min(check_interval, shortest / 8);
  check_busy(now);
  check_http2(now);
}

// A check may end any request, whose end may begin another one, so the lists
// are copied.
void origin_pool::check_http2(time_point now) {
  std::vector<h2_origin_ptr> all;
  for (const auto& [key, connections] : http2_)
    all.insert(all.end(), connections.begin(), connections.end());
  for (const auto& connection : all)
    connection->on_tick(now);
  for (auto& [key, connections] : http2_)
    std::erase_if(connections, [](const auto& x) { return x->is_over(); });
  std::erase_if(http2_, [](const auto& entry) { return entry.second.empty(); });
}

void origin_pool::check_busy(time_point now) {
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
      else
        connection->rest_when_idle();
    }
  for (const auto& connection : expired)
    connection->close();
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
}

std::string origin_key(const request_head& head) {
  std::string key;
  key.reserve(head.scheme.size() + 3 + head.authority.size());
  key.append(head.scheme).append("://").append(head.authority);
  if (!head.server_name.empty())
    key.append(" as ").append(head.server_name);
  if (head.origin_tls != 0)
    key.append(" with ").append(std::to_string(head.origin_tls));
  if (head.proxy != proxy_version::none)
    key.append(private_mark)
      .append(preamble_of(head))
      .append(" of ")
      .append(std::to_string(head.visitor));
  return key;
}

std::string visitor_key(const std::string& key, uint64_t visitor) {
  return key + " of " + std::to_string(visitor);
}

} // namespace aps
