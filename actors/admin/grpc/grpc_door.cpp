#include "actors/admin/grpc/grpc_door.hpp"

#include "actors/admin/admin_front.hpp"
#include "actors/admin/grpc/grpc_server.hpp"
#include "actors/admin/grpc/monitor_service.hpp"
#include "actors/admin/grpc/readiness.hpp"
#include "actors/base/wait.hpp"

#include <grpcpp/health_check_service_interface.h>

#include <atomic>
#include <optional>

namespace aps {

namespace {

/// Where health checks hear of the node's readiness, as long as there are any.
struct health_switch {
  std::mutex mutex;
  grpc::HealthCheckServiceInterface* service = nullptr; // by mutex

  void set(bool ready) {
    const std::lock_guard guard{mutex};
    if (!service)
      return;
    service->SetServingStatus(ready); // the server as a whole
    service->SetServingStatus(admin::wire::Monitor::service_full_name(), ready);
  }
};

class grpc_door final : public operator_door {
 public:
  explicit grpc_door(const admin::context_ptr& context)
      : system_(context->system), service_(service_context_of(context)) {
    try {
      const auto config = context->node->config();
      open_ = admin::open_grpc_server(*config->admin->grpc, service_);
    } catch (...) {
      stop_and_wait(system_, door_);
      throw;
    }
    // Until the node's answer it is not ready.
    {
      const std::lock_guard guard{health_->mutex};
      health_->service = open_.server->GetHealthCheckService();
    }
    health_->set(false);
  }

  ~grpc_door() override { stop(std::chrono::milliseconds(0)); }

  uint16_t port() const noexcept override { return open_.port; }

  // Watchers end with the door's actor, and that with a word to their readers;
  // what then still runs is cancelled.
  void stop(std::chrono::milliseconds limit) override {
    if (!open_.server)
      return;
    health_->set(false);
    {
      const std::lock_guard guard{health_->mutex};
      health_->service = nullptr;
    }
    stop_and_wait(system_, door_);
    open_.server->Shutdown(std::chrono::system_clock::now() + limit);
    open_.server.reset();
  }

 private:
  admin::service_context service_context_of(const admin::context_ptr& context) {
    admin::service_context out{context, admin::make_desk(context, "grpc"), {}};
    admin::readiness_outlets outlets{
      [out](std::function<void(bool)> done) {
        admin::ask(out, {"127.0.0.1", {}}, {"GET", "/.api/ready"},
                   [done = std::move(done)](const admin::document& found) {
                     done(found.status == 200);
                   });
      },
      [health = health_](bool ready) { health->set(ready); }};
    door_ = system_.spawn(admin::readiness, context->node->monitor,
                          std::move(outlets));
    out.door = door_;
    return out;
  }

  caf::actor_system& system_;
  std::shared_ptr<health_switch> health_ = std::make_shared<health_switch>();
  caf::actor door_;
  admin::monitor_service service_;
  admin::open_server open_;
};

} // namespace

std::unique_ptr<operator_door>
open_grpc_door(const std::shared_ptr<const admin::context>& context) {
  return std::make_unique<grpc_door>(context);
}

} // namespace aps
