#pragma once

#include "actors/admin/request.hpp"
#include "actors/admin/shared_answers.hpp"
#include "actors/base/endpoint_choice.hpp"
#include "actors/node.hpp"
#include "actors/policy/limits/address_shares.hpp"
#include "actors/watch/log_set.hpp"
#include "actors/watch/metrics.hpp"
#include "actors/watch/recorder.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aps::admin {

/// The panel's files compressed, each once, when it is first wanted so.
/// Thread-safe.
class packed_assets {
 public:
  slice of(const asset& asset);

 private:
  std::mutex mutex_;
  std::map<std::string_view, slice> packed_; ///< by path
};

/// What the admin API works on. One per node; thread-safe.
struct context {
  caf::actor_system& system;
  node_context_ptr node;
  supervisor_actor supervisor;
  std::shared_ptr<exchange_recorders> recorders;
  log_set logs;
  std::shared_ptr<snapshot_metrics> metrics;
  node_options options;
  std::shared_ptr<std::atomic<bool>> draining;
  int64_t started_ms = 0; ///< since 1970
  std::shared_ptr<std::atomic<bool>> config_stale
    = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<address_shares> streams = std::make_shared<address_shares>();
  std::shared_ptr<shared_answers> answers = std::make_shared<shared_answers>();
  std::shared_ptr<packed_assets> packed = std::make_shared<packed_assets>();
  std::shared_ptr<login_guard> logins = std::make_shared<login_guard>();
};
using context_ptr = std::shared_ptr<const context>;

using node_snapshot_ptr = std::shared_ptr<const node_snapshot>;
using record_list_ptr = std::shared_ptr<const record_list>;

/// One request to the admin listener of a node. Copies are the same request.
class call : public request {
 public:
  call(context_ptr context, request request);

  const context& known() const noexcept { return *known_; }
  const context_ptr& known_ptr() const noexcept { return known_; }

  /// Says in log and events what this did, and from where it came.
  void tell(event_kind kind, const std::string& detail) const;
  void tell(event out) const;

  // -- questions to the actors; each answers 503 by itself when nobody does --

  void with_node(std::function<void(node_snapshot_ptr)> then) const;

  /// With the chosen endpoints alone, the worst first if they are limited.
  void with_endpoints(const endpoint_choice& choice,
                      std::function<void(node_snapshot_ptr)> then) const;
  void with_actors(std::function<void(const actor_list&)> then) const;
  void with_counts(std::function<void(const monitor_counts&)> then) const;

  /// Not on a unit thread, so that `then` may take its time.
  void with_records(std::function<void(record_list_ptr)> then) const;

 private:
  context_ptr known_;
};

} // namespace aps::admin
