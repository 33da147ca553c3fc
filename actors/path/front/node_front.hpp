#pragma once

#include "actors/base/node_context.hpp"
#include "actors/path/copies/copy_desk.hpp"
#include "actors/path/front/login_checks.hpp"
#include "actors/path/retry/retrier.hpp"
#include "actors/watch/recorder.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace aps {

/// What the node's listeners talk to: applies the mappings and brings requests
/// and dialled links into the actor system. Thread-safe.
class node_front final : public front,
                         public std::enable_shared_from_this<node_front> {
 public:
  /// `origins` performs mappings without `via`. Exchange ids count up from
  /// `first_id`; 0 = from a random number, so that a node that restarts does
  /// not meet the exchanges that an agent still keeps from its former life.
  /// `recorders` keep a record of each exchange; null = nobody does.
  node_front(caf::actor_system& system, node_context_ptr context,
             std::shared_ptr<origin_client> origins, exchange_id first_id = 0,
             std::shared_ptr<exchange_recorders> recorders = nullptr);

  route_decision admit(const visitor_request& request) override;
  route_ptr find_name(std::string_view name, uint16_t port) const override;
  bool has_names(uint16_t port) const override;
  void start(exchange_ptr exchange) override;
  void on_link(link_ptr link) override;
  void on_limit(limit kind, std::string_view peer,
                std::string_view detail) override;
  void on_own_answer(executor& unit, const own_answer& answer) override;
  exchange_id next_id() override;

  /// Refuses new requests and links from now on.
  void drain() { draining_ = true; }

  /// Nobody waits for a login service any more; once all visitors are gone.
  void close();

 private:
  route_decision admit_visitor(const visitor_request& request, route_ptr found,
                               const configuration& now);
  route_ptr find_for(const visitor_request& request,
                     const configuration& now) const;
  denial tell(access_refusal refused, std::string_view address);
  void prove(const exchange_ptr& exchange);
  void on_proven(const exchange_ptr& exchange, access_answer answer);
  void let_in(const exchange_ptr& exchange);
  void on_login(const exchange_ptr& exchange, const login_service& service,
                const login_verdict& verdict);
  void carry(const exchange_ptr& exchange);
  using places = std::shared_ptr<const std::vector<endpoint_place>>;
  void carry_through_tunnels(const exchange_ptr& exchange, places asked);
  void serve_here(const exchange_ptr& exchange);

  caf::actor_system& system_;
  node_context_ptr context_;
  std::shared_ptr<origin_client> origins_;
  std::shared_ptr<exchange_recorders> recorders_;
  std::vector<std::shared_ptr<login_checks>> logins_; ///< by unit
  std::shared_ptr<retry_desk> retries_;
  std::shared_ptr<copy_desk> copies_;
  std::atomic<uint32_t> next_tunnel_{0};
  std::atomic<bool> draining_{false};
};

} // namespace aps
