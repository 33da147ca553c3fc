#pragma once

#include <cstdint>

/// What the kernel says about this process (Linux, /proc); 0 = it does not.
namespace aps::process_facts {

/// Seconds since 1970.
double start_time();

uint64_t open_descriptors();

/// How many there may be.
uint64_t max_descriptors();

} // namespace aps::process_facts
