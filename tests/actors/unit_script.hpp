#pragma once

#include "tests/actors/script_system.hpp"

namespace aps::test {

/// What lives on one unit and is no actor: the unit, the system whose clock
/// wakes it, and time.
struct unit_script {
  template <class Work>
  void inside(Work work) {
    net.here.run_inside(work);
    system.run(net.here);
  }

  void pass(duration time) {
    for (duration done{}; done < time; done += alarm_clock::grain) {
      net.here.advance(alarm_clock::grain);
      system.pass(alarm_clock::grain, net.here);
    }
  }

  one_unit net;
  script_system system;
};

} // namespace aps::test
