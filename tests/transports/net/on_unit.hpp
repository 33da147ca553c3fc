#pragma once

#include "transports/net/io_unit.hpp"

#include <future>

namespace aps::test {

/// Runs `work` on the unit's thread and waits for it.
template <class Work>
void on(io_unit& unit, Work work) {
  std::promise<void> done;
  unit.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

} // namespace aps::test
