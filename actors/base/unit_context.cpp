#include "actors/base/unit_context.hpp"

#include <latch>

namespace aps {

namespace {

// Messages an actor handles before others get their turn; as CAF's default
// leaves it unbounded, one busy connection could starve the unit.
constexpr size_t max_throughput = 64;

} // namespace

unit_context::unit_context(caf::actor_system& system, executor& unit)
    : unit_(unit) {
  system_ = &system;
}

unit_context::~unit_context() {
  for (auto* job : ready_)
    caf::intrusive_ptr_release(job);
}

void unit_context::exec_later(caf::resumable* job) {
  ready_.push_back(job);
  if (drain_posted_)
    return;
  drain_posted_ = true;
  unit_.post([self = shared_from_this()] { self->drain(); });
}

void unit_context::drain() {
  // What becomes runnable meanwhile is run as well: the whole chain from the
  // visitor's socket to the link ends before the next socket is looked at.
  while (!ready_.empty()) {
    auto* job = ready_.front();
    ready_.pop_front();
    switch (job->resume(this, max_throughput)) {
      case caf::resumable::resume_later: ready_.push_back(job); break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message:
      case caf::resumable::shutdown_execution_unit:
        caf::intrusive_ptr_release(job);
        break;
    }
  }
  drain_posted_ = false;
}

unit_contexts::unit_contexts(caf::actor_system& system, network& net) {
  for (size_t i = 0; i < net.units(); ++i)
    contexts_.push_back(std::make_shared<unit_context>(system, net.unit(i)));
}

void unit_contexts::leave() {
  std::latch left{static_cast<ptrdiff_t>(contexts_.size())};
  for (const auto& context : contexts_)
    context->unit().post([&left] {
      compat::forget_actor_system();
      left.count_down();
    });
  left.wait();
}

hold unit_contexts::use() {
  ++users_;
  return {this, [self = shared_from_this()](void*) { --self->users_; }};
}

} // namespace aps
