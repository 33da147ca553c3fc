#define CAF_SUITE process_metrics

#include "actors/watch/process_metrics.hpp"
#include "actors/watch/process_facts.hpp"
#include "tests/actors/watch/metric_reader.hpp"
#include "tests/support/test.hpp"

#include <unistd.h>

using namespace aps;

CAF_TEST_FIXTURE_SCOPE(process_metrics_tests, test::metric_reader)

CAF_TEST(sums of others are shown as of the last look) {
  uint64_t lost = 5;
  process_metrics uut{registry,
                      {{"lost", "Lines.", [&] { return lost; }},
                       {"none", "Nobody counts.", {}},
                       {"held", "May fall.", [&] { return lost; }, false}},
                      "1.2.3"};
  uut.update();
  CAF_CHECK_EQUAL(value("aps_lost_total"), "5");
  CAF_CHECK_EQUAL(value("aps_none_total"), "0");
  CAF_CHECK_EQUAL(value("aps_held"), "5"); // what may fall is no total
  lost = 6;
  CAF_CHECK_EQUAL(value("aps_lost_total"), "5");
  uut.update();
  CAF_CHECK_EQUAL(value("aps_lost_total"), "6");
}

CAF_TEST(what runs is told from the start) {
  process_metrics uut{registry, {}, "1.2.3"};
  CAF_CHECK_EQUAL(value("aps_build_info{version=\"1.2.3\"}"), "1");
  CAF_CHECK_EQUAL(value("process_open_fds"), "(none)");
}

CAF_TEST(descriptors are those of the moment) {
  process_metrics uut{registry, {}, ""};
  uut.update();
  CAF_CHECK_EQUAL(value("process_open_fds"),
                  std::to_string(process_facts::open_descriptors()));
  CAF_CHECK_EQUAL(value("process_max_fds"),
                  std::to_string(process_facts::max_descriptors()));
  const int more = ::dup(0);
  uut.update();
  CAF_CHECK_EQUAL(value("process_open_fds"),
                  std::to_string(process_facts::open_descriptors()));
  ::close(more);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(exceptions and lost lines are counted elsewhere) {
  const auto watch = std::make_shared<exception_watch>();
  watch->tell("one");
  const auto sums = process_sums(watch, [] { return uint64_t{7}; });
  CAF_REQUIRE_EQUAL(sums.size(), 2u);
  CAF_CHECK_EQUAL(std::string{sums[0].name}, "exceptions");
  CAF_CHECK_EQUAL(sums[0].value(), 1u);
  watch->tell("two");
  CAF_CHECK_EQUAL(sums[0].value(), 2u);
  CAF_CHECK_EQUAL(std::string{sums[1].name}, "log-dropped");
  CAF_CHECK_EQUAL(sums[1].value(), 7u);
  CAF_CHECK_EQUAL(process_sums(nullptr, {})[0].value(), 0u);
}
