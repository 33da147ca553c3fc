#include "transports/tunnel/grpc/grpc_lease.hpp"

#include <future>

namespace aps {

struct grpc_lease::token {
  std::promise<void> released;
};

grpc_lease::grpc_lease() : token_(std::make_shared<token>()) {
  held_ = std::shared_ptr<void>(nullptr, [all = token_](void*) {
    all->released.set_value();
  });
}

bool grpc_lease::wait(duration timeout) {
  auto released = token_->released.get_future();
  held_.reset();
  return released.wait_for(timeout) == std::future_status::ready;
}

} // namespace aps
