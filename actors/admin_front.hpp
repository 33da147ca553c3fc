#pragma once

#include "actors/node_context.hpp"

#include <atomic>
#include <memory>

namespace aps {

/// The admin listener's side: answers the JSON API from the actors' snapshots.
/// Requests are exchanges like any other, served in this process.
class admin_front final : public front {
 public:
  admin_front(caf::actor_system& system, node_context_ptr context,
              supervisor_actor supervisor);

  std::shared_ptr<const route> find(const visitor_request& what) override;
  void start(exchange_ptr what) override;
  void on_link(link_ptr what) override;
  exchange_id next_id() override { return ++next_id_; }

 private:
  caf::actor_system& system_;
  node_context_ptr context_;
  supervisor_actor supervisor_;
  std::shared_ptr<const route> everything_;
  std::atomic<exchange_id> next_id_{0};
};

} // namespace aps
