#define CAF_SUITE target_guard

#include "actors/agent/target_guard.hpp"

#include "tests/actors/agent/log_lines.hpp"
#include "tests/actors/watch/metric_reader.hpp"
#include "tests/support/test.hpp"

#include <stdexcept>

using namespace aps;

namespace {

struct fixture : test::metric_reader {
  target_guard_ptr make(const std::vector<std::string>& patterns) {
    return std::make_shared<target_guard>(
      patterns, registry, target_guard::names{"t", "e"}, lines.log());
  }

  std::string count() {
    return value("aps_agent_targets_forbidden_total{endpoint=\"e\",tunnel="
                 "\"t\"}");
  }

  test::log_lines lines;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(target_guard_tests, fixture)

CAF_TEST(options get the guard as their rule) {
  const auto uut = make({"10.0.0.0/8"});
  const auto options = guarded({}, uut);
  CAF_CHECK(options.admits({"a.test", "10.1.2.3", 80}));
  CAF_CHECK(!options.admits({"a.test", "192.0.2.1", 80}));
  CAF_CHECK_EQUAL(count(), "0");
  options.on_forbidden({"a.test", "192.0.2.1", 80});
  CAF_CHECK_EQUAL(count(), "1");
}

CAF_TEST(what is refused is counted and a few of it written) {
  const auto uut = make({"10.0.0.0/8"});
  for (int i = 0; i < 100; ++i)
    uut->on_forbidden({"a.test", "192.0.2.1", 80});
  uut->on_forbidden({"192.0.2.1", "192.0.2.1", 80});
  CAF_CHECK_EQUAL(count(), "101");
  CAF_CHECK_EQUAL(lines.count("Target refused: a.test:80 is 192.0.2.1, which "
                              "is none of -allow-target"),
                  10u);
  CAF_CHECK_EQUAL(lines.count("Target refused: 192.0.2.1:80 is none of"), 1u);
}

CAF_TEST(names of others cannot write what they want into the log) {
  const auto uut = make({});
  uut->on_forbidden({std::string(100'000, 'a') + "\n\x1b[2J", "fe80::1", 80});
  CAF_CHECK_LESS(lines.all().size(), 1000u);
  CAF_CHECK_EQUAL(lines.count("\n"), 1u);
  CAF_CHECK_EQUAL(lines.count("\x1b"), 0u);
}

CAF_TEST(a closed guard refuses all the same) {
  const auto uut = make({"10.0.0.0/8"});
  uut->close();
  CAF_CHECK(!uut->admits({"a.test", "192.0.2.1", 80}));
  uut->on_forbidden({"a.test", "192.0.2.1", 80});
  CAF_CHECK_EQUAL(count(), "0");
  CAF_CHECK_EQUAL(lines.all(), "");
}

CAF_TEST(what is no pattern makes no guard) {
  bool thrown = false;
  try {
    make({"10.0.0.1/8"});
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  CAF_CHECK(thrown);
}

CAF_TEST_FIXTURE_SCOPE_END()
