#include "actors/admin/grpc/readiness.hpp"

#include "actors/compat.hpp"

#include <memory>

namespace aps::admin {

namespace {

constexpr auto tick = std::chrono::seconds(1);

// Between two questions that no event is the reason for.
constexpr int quiet_ticks = 10;

struct readiness_state {
  readiness_outlets to;
  bool asking = false;
  int ticks_left = 0; ///< until the next question
};

void ask(caf::event_based_actor* self,
         const std::shared_ptr<readiness_state>& state) {
  state->asking = true;
  state->ticks_left = quiet_ticks;
  state->to.ask([me = caf::strong_actor_ptr{self->ctrl()}, state](bool ready) {
    compat::run_on(me, caf::make_action([state, ready] {
                     state->asking = false;
                     state->to.tell(ready);
                   }));
  });
}

void arm_readiness_tick(caf::event_based_actor* self,
                        const std::shared_ptr<readiness_state>& state) {
  compat::run_delayed(self, tick, [self, state] {
    --state->ticks_left;
    if (state->ticks_left <= 0 && !state->asking)
      ask(self, state);
    arm_readiness_tick(self, state);
  });
}

} // namespace

caf::behavior readiness(caf::event_based_actor* self, monitor_actor monitor,
                        readiness_outlets to) {
  auto state
    = std::make_shared<readiness_state>(readiness_state{std::move(to)});
  compat::on_down(self, [self](const caf::down_msg&) { self->quit(); });
  compat::monitor(self, monitor);
  compat::send(self, monitor, subscribe{});
  ask(self, state);
  arm_readiness_tick(self, state);
  return {
    [](const monitor_snapshot&) {},
    [=](const event&) {
      state->ticks_left = 0;
      compat::send(self, monitor, acknowledge{1});
    },
    [=](const missed&) { state->ticks_left = 0; },
  };
}

} // namespace aps::admin
