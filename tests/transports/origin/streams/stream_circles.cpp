#define CAF_SUITE stream_circles

#include "tests/support/test.hpp"

#include "transports/origin/streams/stream_circles.hpp"

using namespace aps;

CAF_TEST(a stream that came through us is known by its ends) {
  const auto circles = std::make_shared<stream_circles>();
  const std::string ends = "10.0.0.1:5 10.0.0.2:80";
  CAF_CHECK_EQUAL(circles->laps_of("tcp", ""), 0u);
  CAF_CHECK_EQUAL(circles->laps_of("tcp", ends), 0u);
  auto first = circles->add("tcp", ends, 0);
  const auto other = circles->add("udp", "[::1]:7 [::1]:53", 2);
  CAF_CHECK_EQUAL(circles->laps_of("tcp", ends), 1u);
  CAF_CHECK_EQUAL(circles->laps_of("udp", "[::1]:7 [::1]:53"), 3u);
  CAF_CHECK_EQUAL(circles->laps_of("udp", ends), 0u);
  CAF_CHECK_EQUAL(circles->laps_of("tcp", "10.0.0.1:5 10.0.0.2:81"), 0u);
  CAF_CHECK_EQUAL(circles->laps_of("tcp", "10.0.0.2:80 10.0.0.1:5"), 0u);
  first = nullptr;
  CAF_CHECK_EQUAL(circles->laps_of("tcp", ends), 0u);
}

CAF_TEST(its ends may outlive those who ask) {
  auto circles = std::make_shared<stream_circles>();
  const auto kept = circles->add("tcp", "10.0.0.1:5 10.0.0.2:80", 1);
  circles = nullptr;
}
