#define CAF_SUITE http_date

#include "tests/support/test.hpp"

#include "transports/http/http_date.hpp"

using namespace aps;

CAF_TEST(a time is written as RFC 9110 writes it) {
  struct {
    std::time_t at;
    std::string_view text;
  } const rows[] = {
    {784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {951'782'400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {1'735'689'599, "Tue, 31 Dec 2024 23:59:59 GMT"},
    {1'735'689'600, "Wed, 01 Jan 2025 00:00:00 GMT"},
    {4'102'444'800, "Fri, 01 Jan 2100 00:00:00 GMT"},
  };
  for (const auto& row : rows)
    CAF_CHECK_EQUAL(render_date(row.at), row.text);
}

CAF_TEST(every day and month has its name) {
  const std::string_view days[]
    = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  for (size_t day = 0; day < std::size(days); ++day)
    CAF_CHECK_EQUAL(render_date(std::time_t(day) * 86'400).substr(0, 3),
                    days[day]);
  const std::pair<std::time_t, std::string_view> first_days[]
    = {{0, "Jan"},   {31, "Feb"},  {59, "Mar"},  {90, "Apr"},
       {120, "May"}, {151, "Jun"}, {181, "Jul"}, {212, "Aug"},
       {243, "Sep"}, {273, "Oct"}, {304, "Nov"}, {334, "Dec"}};
  for (const auto& [day, month] : first_days)
    CAF_CHECK_EQUAL(render_date(day * 86'400).substr(5, 6),
                    "01 " + std::string{month});
}

CAF_TEST(the present is that of the clock) {
  const auto before = std::time(nullptr) - 1; // the coarse one may be behind
  const std::string text{http_date()};
  const auto after = std::time(nullptr);
  bool found = false;
  for (auto at = before; at <= after; ++at)
    found = found || render_date(at) == text;
  CAF_MESSAGE(text);
  CAF_CHECK(found);
}

CAF_TEST(a second later it is another) {
  const std::string first{http_date()};
  while (http_date() == first) {
  }
  CAF_CHECK_NOT_EQUAL(std::string{http_date()}, first);
}
