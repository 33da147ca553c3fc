#define CAF_SUITE process_facts

#include "actors/watch/process_facts.hpp"
#include "tests/support/test.hpp"

#include <ctime>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace aps;

CAF_TEST(a process began before now and after the machine) {
  double up = 0;
  std::ifstream{"/proc/uptime"} >> up;
  CAF_REQUIRE(up > 0);
  const auto now = static_cast<double>(std::time(nullptr));
  const auto started = process_facts::start_time();
  CAF_CHECK(started <= now + 1);
  CAF_CHECK(started >= now - up - 2);
  // As the kernel's own file of this process says, but for its rounding.
  struct stat self {};
  CAF_REQUIRE_EQUAL(::stat("/proc/self", &self), 0);
  CAF_CHECK(started <= static_cast<double>(self.st_ctime) + 2);
  CAF_CHECK_EQUAL(process_facts::start_time(), started);
}

CAF_TEST(open descriptors are counted without the look at them) {
  const auto before = process_facts::open_descriptors();
  const int one = ::dup(0);
  const int two = ::dup(0);
  CAF_REQUIRE(one >= 0 && two >= 0);
  CAF_CHECK_EQUAL(process_facts::open_descriptors(), before + 2);
  ::close(one);
  ::close(two);
  CAF_CHECK_EQUAL(process_facts::open_descriptors(), before);
  // Nothing else is open in between: the next one gets the lowest number.
  uint64_t counted = 0;
  for (int fd = 0; fd < 4096; ++fd)
    counted += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  CAF_CHECK_EQUAL(before, counted);
}

CAF_TEST(as_many_may_be_open_as_the_limit_says) {
  rlimit limit{};
  CAF_REQUIRE_EQUAL(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  CAF_CHECK_EQUAL(process_facts::max_descriptors(), limit.rlim_cur);
  auto lower = limit;
  lower.rlim_cur = limit.rlim_cur - 1;
  CAF_REQUIRE_EQUAL(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  CAF_CHECK_EQUAL(process_facts::max_descriptors(), lower.rlim_cur);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}
