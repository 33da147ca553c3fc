#define CAF_SUITE complaints

#include "actors/policy/limits/complaints.hpp"

#include <caf/test/unit_test.hpp>

#include <vector>

using namespace aps;
using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const time_point start{hours(1)};

/// The ages, in seconds, at which a cause gets a line when it is told of every
/// ten seconds.
std::vector<int64_t> lines_within(complaints& all, const std::string& cause,
                                  hours span) {
  std::vector<int64_t> out;
  for (duration age{}; age <= span; age += seconds(10))
    if (all.admit(cause, start + age))
      out.push_back(duration_cast<seconds>(age).count());
  return out;
}

} // namespace

CAF_TEST(a trouble that lasts gets a line at once and then ever more seldom) {
  complaints all;
  CAF_CHECK_EQUAL(lines_within(all, "refused", hours(3)),
                  std::vector<int64_t>({0, 60, 300, 3600, 7200, 10800}));
}

CAF_TEST(each cause has lines of its own) {
  complaints all;
  CAF_CHECK(all.admit("refused", start));
  CAF_CHECK(all.admit("unresolved", start));
  CAF_CHECK(!all.admit("refused", start));
  CAF_CHECK(*all.admit("refused", start + minutes(2)) == minutes(2));
}

CAF_TEST(after all was well the next line comes at once) {
  complaints all;
  CAF_CHECK(all.admit("refused", start));
  all.clear();
  CAF_CHECK(all.admit("refused", start));
}

CAF_TEST(the causes of one transport are forgotten by themselves) {
  complaints all;
  CAF_CHECK(all.admit("refused (gRPC)", start));
  CAF_CHECK(all.admit("refused", start));
  all.forget(" (gRPC)");
  CAF_CHECK(all.admit("refused (gRPC)", start));
  CAF_CHECK(!all.admit("refused", start));
}

CAF_TEST(lines that nobody asked for are not made up for) {
  complaints all;
  CAF_CHECK(all.admit("refused", start));
  CAF_CHECK(all.admit("refused", start + hours(5)));
  CAF_CHECK(!all.admit("refused", start + hours(5)));
}

CAF_TEST(ever new causes do not take ever more lines) {
  complaints all;
  size_t lines = 0;
  for (int i = 0; i < 1000; ++i)
    lines += all.admit(std::to_string(i), start).has_value();
  CAF_CHECK_EQUAL(lines, complaints::max_causes + 1);
}

CAF_TEST(durations are told in the unit that fits) {
  CAF_CHECK_EQUAL(in_words(milliseconds(20)), "20 ms");
  CAF_CHECK_EQUAL(in_words(milliseconds(1500)), "1.5 s");
  CAF_CHECK_EQUAL(in_words(seconds(2)), "2 s");
  CAF_CHECK_EQUAL(in_words(seconds(15)), "15 s");
  CAF_CHECK_EQUAL(in_words(minutes(5)), "5 min");
  CAF_CHECK_EQUAL(in_words(minutes(90)), "1.5 h");
}
