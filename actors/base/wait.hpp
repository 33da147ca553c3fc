#pragma once

#include "actors/compat.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <thread>

namespace aps {

/// Polls `done` until it is true or `limit` is over. Only for the hosts' stop
/// functions, which block by contract.
template <class Done>
bool wait_until(std::chrono::milliseconds limit, Done done) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Asks an actor to exit and waits until it and, by their links, its children
/// are gone.
template <class Handle>
void stop_and_wait(caf::actor_system& system, const Handle& actor) {
  if (!actor)
    return;
  caf::scoped_actor self{system};
  self->send_exit(actor, caf::exit_reason::user_shutdown);
  self->wait_for(actor);
}

} // namespace aps
