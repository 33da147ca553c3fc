#pragma once

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <utility>

/// Everything that differs between CAF versions, and nothing else.
/// Written for 0.18; the places where 1.x differs are these functions.
namespace aps::compat {

/// The actor class of a state class with `make_behavior`.
template <class Handle, class State>
using actor_impl = typename Handle::template stateful_impl<State>;

/// What runs actors on an I/O unit's thread (unit_context.hpp).
using run_context = caf::execution_unit;

/// Sends from within an actor.
template <class Self, class Handle, class... Ts>
void send(Self* self, const Handle& to, Ts&&... xs) {
  if (to)
    self->send(to, std::forward<Ts>(xs)...);
}

/// Sends without a sender; for dynamically typed receivers.
template <class Handle, class... Ts>
void send_anonymously(const Handle& to, Ts&&... xs) {
  caf::anon_send(to, std::forward<Ts>(xs)...);
}

/// Sends from a thread that is not an actor; `on` runs the receiver.
/// Thread: the one of `on`; any when it is null.
template <class Handle, class... Ts>
void enqueue(run_context* on, const Handle& to, Ts&&... xs) {
  if (!to)
    return;
  const auto target = caf::actor_cast<caf::strong_actor_ptr>(to);
  target->enqueue(nullptr, caf::make_message_id(),
                  caf::make_message(std::forward<Ts>(xs)...), on);
}

/// Asks `to`; exactly one of the callbacks is called, on the actor.
template <class Self, class Handle, class Message, class Then, class Error>
void request(Self* self, const Handle& to, std::chrono::milliseconds timeout,
             Message message, Then then, Error failed) {
  self->request(to, timeout, std::move(message))
    .then(std::move(then), std::move(failed));
}

/// Has `work` run on `actor`, like a message to it.
inline void run_on(const caf::strong_actor_ptr& actor, caf::action work) {
  actor->enqueue(nullptr, caf::make_message_id(),
                 caf::make_message(std::move(work)), nullptr);
}

/// Has `work` run on `actor` at `due`. One of the few timers of CAF's clock;
/// actors have an `alarm`.
template <class Work>
void run_at(caf::actor_system& system,
            std::chrono::steady_clock::time_point due,
            caf::strong_actor_ptr actor, Work work) {
  system.clock().schedule(
    due, caf::make_action(std::move(work), caf::action::state::waiting),
    std::move(actor));
}

/// The time on the system's clock (virtual in deterministic tests).
inline auto now(caf::actor_system& system) {
  return system.clock().now();
}

/// The same without limit: who is asked answers or ends.
template <class Self, class Handle, class Message, class Then, class Error>
void request(Self* self, const Handle& to, Message message, Then then,
             Error failed) {
  self->request(to, caf::infinite, std::move(message))
    .then(std::move(then), std::move(failed));
}

/// Calls `work` on the actor after `delay`. For what there is little of.
template <class Self, class Work>
void run_delayed(Self* self, std::chrono::milliseconds delay, Work work) {
  self->run_delayed(delay, std::move(work));
}

/// Ends `monitor`; who stays monitored keeps a reference to its observer.
template <class Self, class Handle>
void demonitor(Self* self, const Handle& actor) {
  self->demonitor(actor);
}

/// `handler` gets down messages of actors that `self` monitors.
template <class Self, class Handler>
void on_down(Self* self, Handler handler) {
  self->set_down_handler(std::move(handler));
}

template <class Self, class Handle>
void monitor(Self* self, const Handle& actor) {
  self->monitor(actor);
}

/// Asks `actor` to exit; for destructors, where no actor can send any more.
template <class Handle>
void stop_anonymously(const Handle& actor) {
  if (actor)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

/// Asks `actor` to exit.
template <class Self, class Handle>
void stop(Self* self, const Handle& actor) {
  if (actor)
    self->send_exit(actor, caf::exit_reason::user_shutdown);
}

/// CAF's count of the actors that run in a system.
inline size_t running_actors(caf::actor_system& system) {
  return system.registry().running();
}

/// CAF keeps a reference to the system's logger on every thread that ran or
/// spawned an actor, and the system's destructor waits for all of them.
inline void forget_actor_system() {
  caf::logger::set_current_actor_system(nullptr);
}

/// A timestamp on the actor's own clock (virtual in deterministic tests).
template <class Self>
auto now(Self* self) {
  return self->clock().now();
}

} // namespace aps::compat
