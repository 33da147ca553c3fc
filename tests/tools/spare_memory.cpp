#define CAF_SUITE tools.spare_memory

#include "tests/support/test.hpp"

#include "tools/spare_memory.hpp"

using namespace aps::host;
using namespace std::chrono_literals;

namespace {

constexpr size_t MiB = 1 << 20;

} // namespace

CAF_TEST(spare memory is given back at rest) {
  // CPU used in 10 s, and what is spare then.
  struct row {
    const char* name;
    std::chrono::duration<double> cpu;
    size_t spare;
    bool expected;
  };
  const row table[] = {
    {"at rest with much", 0.1s, 50 * MiB, true},
    {"that is the heap's already", 0.1s, 50 * MiB, false},
    {"a little more", 0.1s, 53 * MiB, false},
    {"as much more as counts", 0.1s, 54 * MiB, true},
    {"busy", 0.5s, 90 * MiB, false},
    {"at rest again", 0.4s, 50 * MiB, true},
    {"nearly nothing", 0.1s, 3 * MiB, false},
    {"busy with it", 9s, 12 * MiB, false},
    {"at rest with some", 0.1s, 4 * MiB, true},
  };
  memory_reading reading;
  memory_policy uut{reading};
  for (const auto& [name, cpu, spare, expected] : table) {
    CAF_MESSAGE(name);
    reading.at += 10s;
    reading.cpu += cpu;
    reading.spare = spare;
    CAF_CHECK_EQUAL(uut.is_time(reading), expected);
  }
}

CAF_TEST(a reading is of this process) {
  const auto before = read_memory();
  volatile unsigned work = 0;
  for (int i = 0; i < 4'000'000; ++i)
    work = work + 1;
  const auto now = read_memory();
  CAF_CHECK(now.at > before.at);
  CAF_CHECK(now.cpu > before.cpu);
}
