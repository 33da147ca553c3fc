#define CAF_SUITE descriptors

#include "transports/seam/process/descriptors.hpp"

#include "tests/support/few_descriptors.hpp"
#include "tests/support/test.hpp"

#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <vector>

using namespace aps;

namespace {

int opened() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// Descriptors of the process up to the first of the reserve.
struct fixture {
  fixture() {
    do {
      numbers.push_back(opened());
      CAF_REQUIRE(numbers.back() >= 0);
    } while (!in_descriptor_reserve(numbers.back()));
  }
  ~fixture() {
    for (const int number : numbers)
      ::close(number);
  }

  int highest() const { return numbers.back(); }

  // Of those below, what is free now and given anew next.
  int close_lowest() {
    const int number = numbers.front();
    ::close(number);
    numbers.erase(numbers.begin());
    return number;
  }

  int open_one() {
    numbers.push_back(opened());
    return numbers.back();
  }

  const test::few_descriptors few{96}; // 12 are the reserve
  std::vector<int> numbers;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(descriptor_tests, fixture)

CAF_TEST(the last numbers are the reserve) {
  CAF_CHECK_EQUAL(highest(), 96 - 12);
  CAF_CHECK(!in_descriptor_reserve(highest() - 1));
  CAF_CHECK(in_descriptor_reserve(95));
  CAF_CHECK(!deep_in_descriptor_reserve(highest() + 5));
  CAF_CHECK(deep_in_descriptor_reserve(highest() + 6));
}

CAF_TEST(a number below is of the reserve while one of that is lent) {
  auto loan = std::make_unique<reserve_loan>();
  loan->take(highest());
  const int freed = close_lowest();
  CAF_REQUIRE_EQUAL(open_one(), freed);
  CAF_CHECK(in_descriptor_reserve(freed));
  loan.reset();
  CAF_CHECK(!in_descriptor_reserve(freed));
}

CAF_TEST(a number below is free when another one can give back the loan) {
  reserve_loan loan;
  loan.take(highest());
  close_lowest();
  const int other = close_lowest();
  const int first = open_one();
  CAF_CHECK(!in_descriptor_reserve(first));
  // Looking for it took nothing.
  const int second = open_one();
  CAF_CHECK_EQUAL(second, other);
  CAF_CHECK(in_descriptor_reserve(second));
}

CAF_TEST(a quarter is lent at most and agents have their half beside it) {
  std::vector<std::unique_ptr<reserve_loan>> loans;
  for (int i = 0; i < 3; ++i) {
    CAF_CHECK(may_lend_descriptor(highest() + i));
    loans.push_back(std::make_unique<reserve_loan>());
    loans.back()->take(highest() + i);
  }
  CAF_CHECK(!may_lend_descriptor(highest() + 3));
  CAF_CHECK(may_lend_descriptor(highest() - 1));
  CAF_CHECK(!deep_in_descriptor_reserve(highest() + 8));
  CAF_CHECK(deep_in_descriptor_reserve(highest() + 9));
  loans.pop_back();
  CAF_CHECK(may_lend_descriptor(highest() + 3));
}

CAF_TEST(one leaves the reserve when enough is free below) {
  CAF_CHECK(!left_descriptor_reserve(highest()));
  const int other = close_lowest();
  CAF_CHECK(left_descriptor_reserve(highest()));
  reserve_loan loan;
  loan.take(highest());
  CAF_CHECK(!left_descriptor_reserve(highest()));
  // One that lies below has no number to give back.
  CAF_CHECK(left_descriptor_reserve(numbers.front()));
  CAF_REQUIRE_EQUAL(open_one(), other);
  CAF_CHECK(!left_descriptor_reserve(other));
}

CAF_TEST(nothing is lent below the reserve) {
  reserve_loan loan;
  loan.take(highest() - 1);
  const int freed = close_lowest();
  CAF_REQUIRE_EQUAL(open_one(), freed);
  CAF_CHECK(!in_descriptor_reserve(freed));
}

CAF_TEST_FIXTURE_SCOPE_END()
