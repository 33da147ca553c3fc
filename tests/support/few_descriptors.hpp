#pragma once

#include "tests/support/test.hpp"

#include <sys/resource.h>

namespace aps::test {

/// So many descriptors for this process, while it lives.
class few_descriptors {
 public:
  explicit few_descriptors(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{most, before_.rlim_max};
    CAF_REQUIRE_EQUAL(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  }
  ~few_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  few_descriptors(const few_descriptors&) = delete;
  few_descriptors& operator=(const few_descriptors&) = delete;

 private:
  rlimit before_{};
};

} // namespace aps::test
