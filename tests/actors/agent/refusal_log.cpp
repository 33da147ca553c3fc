#define CAF_SUITE refusal_log

#include "actors/agent/refusal_log.hpp"

#include "tests/actors/agent/log_lines.hpp"
#include "tests/support/test.hpp"

using namespace aps;

CAF_TEST(the first lines of a cause are written and others by themselves) {
  test::log_lines lines;
  refusal_log uut{lines.log(), "Here"};
  for (int i = 0; i < 100; ++i)
    uut.write("cause", "this");
  CAF_CHECK_EQUAL(lines.count("Here: this"), 10u);
  uut.write("another", "that");
  CAF_CHECK_EQUAL(lines.count("Here: that"), 1u);
}
