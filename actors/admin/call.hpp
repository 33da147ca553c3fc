#pragma once

#include "actors/admin/long_text.hpp"
#include "actors/log_set.hpp"
#include "actors/metrics.hpp"
#include "actors/node.hpp"
#include "actors/policy/address_shares.hpp"
#include "actors/policy/login_limit.hpp"
#include "actors/recorder.hpp"

#include <caf/actor_system.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps::admin {

/// Guesses at the token, by address. Thread-safe.
struct login_guard {
  std::mutex mutex;
  login_limit limit; // by mutex
};

/// What the admin API works on. One per node; thread-safe.
struct context {
  caf::actor_system& system;
  node_context_ptr node;
  std::shared_ptr<const published<config::node>> config; ///< in effect
  route_table routes; ///< of its mappings, which no reload changes
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
  std::shared_ptr<login_guard> logins = std::make_shared<login_guard>();
};
using context_ptr = std::shared_ptr<const context>;

using node_snapshot_ptr = std::shared_ptr<const node_snapshot>;
using record_list_ptr = std::shared_ptr<const record_list>;

/// One request to the admin listener, its body complete, and the way to answer
/// it, once. Copies are the same request.
class call {
 public:
  call(context_ptr where, served_exchange_ptr served, exchange_facts facts,
       std::string body);

  const context& where() const noexcept { return *where_; }
  const context_ptr& where_ptr() const noexcept { return where_; }
  const served_exchange_ptr& served() const noexcept { return served_; }
  const exchange_facts& facts() const noexcept { return facts_; }
  const std::string& method() const { return served_->head()->method; }

  /// The path without query, still percent-encoded.
  std::string_view path() const;

  /// A header's value; empty when it is absent.
  std::string_view header(std::string_view name) const;

  /// A parameter of the query, decoded; nothing when it is absent.
  std::optional<std::string> parameter(std::string_view name) const;

  /// The body as a JSON object; else answers 400 and returns nothing.
  std::optional<nlohmann::json> json_body() const;

  /// The parts of the path that a route left open, decoded.
  std::vector<std::string> names;

  // -- answers, from any thread -----------------------------------------------

  void answer(uint16_t status, const nlohmann::json& body,
              header_list more = {}) const;
  void answer_bytes(uint16_t status, std::string_view type, std::string body,
                    header_list more = {}) const;

  /// Answers 200, rendered step by step on CAF's threads.
  void answer_in_steps(long_text body,
                       std::string type = "application/json") const;

  void problem(uint16_t status, const std::string& text,
               const std::string& field = {},
               const std::vector<std::string>& allowed = {}) const;

  /// Somebody reached a limit; counted, and told now and then.
  void note_limit(limit kind, std::string_view detail) const;

  /// Says in log and events that this was refused.
  void tell(event_kind kind, const std::string& detail) const;

  // -- questions to the actors; each answers 503 by itself when nobody does --

  void with_node(std::function<void(node_snapshot_ptr)> then) const;
  void with_actors(std::function<void(const actor_list&)> then) const;
  void with_counts(std::function<void(const monitor_counts&)> then) const;

  /// Not on a unit thread, so that `then` may take its time.
  void with_records(std::function<void(record_list_ptr)> then) const;

 private:
  context_ptr where_;
  served_exchange_ptr served_;
  exchange_facts facts_;
  std::string body_;
};

/// Percent-decoding (RFC 3986); `plus` = "+" is a space, as in a query.
std::string decoded(std::string_view text, bool plus = false);

} // namespace aps::admin
