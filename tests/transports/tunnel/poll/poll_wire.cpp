#define CAF_SUITE poll_wire

#include "tests/support/test.hpp"

#include "transports/tunnel/poll/poll_wire.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

struct reading {
  bool good;
  poll_request request;
};

reading read(std::string_view path, const header_list& headers) {
  reading out{};
  out.good = read_poll_request(path, headers, out.request);
  return out;
}

} // namespace

CAF_TEST(a number is digits and nothing else) {
  CAF_CHECK(to_number("0") == 0u);
  CAF_CHECK(to_number("007") == 7u);
  CAF_CHECK(to_number("18446744073709551615") == UINT64_MAX);
  for (const auto* bad :
       {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1x", "18446744073709551616"})
    CAF_CHECK(!to_number(bad));
  const header_list headers{{"aps-batch", "5"}, {"Aps-Hold", "x"}};
  CAF_CHECK(number_in(headers, poll_batch_field) == 5u);
  CAF_CHECK(!number_in(headers, poll_hold_field));
  CAF_CHECK(!number_in(headers, poll_received_field));
}

CAF_TEST(who asks for frames says what arrived and how long to wait) {
  const auto full
    = read(poll_down_path, {{"Aps-Received", "3"}, {"Aps-Hold", "1500"}});
  CAF_CHECK(full.good);
  CAF_CHECK(full.request.verb == poll_verb::down);
  CAF_CHECK_EQUAL(full.request.number, 3u);
  CAF_CHECK(full.request.hold == 1500ms);
  const auto first = read(poll_down_path, {{"Aps-Received", "0"}});
  CAF_CHECK(first.good);
  CAF_CHECK(first.request.hold == 0ms);
  CAF_CHECK(!read(poll_down_path, {{"Aps-Hold", "1500"}}).good);
  CAF_CHECK(!read(poll_down_path, {{"Aps-Received", "x"}}).good);
}

CAF_TEST(nobody waits longer than the limit) {
  const auto hold = [](const std::string& ms) {
    return read(poll_down_path, {{"Aps-Received", "0"}, {"Aps-Hold", ms}})
      .request.hold;
  };
  CAF_CHECK(hold("20000") == max_poll_hold);
  CAF_CHECK(hold("20001") == max_poll_hold);
  CAF_CHECK(hold("18446744073709551615") == max_poll_hold);
  CAF_CHECK(hold("19999") == 19'999ms);
}

CAF_TEST(batches are counted from one) {
  const auto second = read(poll_up_path, {{"Aps-Batch", "2"}});
  CAF_CHECK(second.good);
  CAF_CHECK(second.request.verb == poll_verb::up);
  CAF_CHECK_EQUAL(second.request.number, 2u);
  CAF_CHECK(read(poll_up_path, {{"Aps-Batch", "1"}}).good);
  CAF_CHECK(!read(poll_up_path, {{"Aps-Batch", "0"}}).good);
  CAF_CHECK(!read(poll_up_path, {}).good);
}

CAF_TEST(a closing has a code of two bytes) {
  const auto most = read(poll_close_path, {{"Aps-Close", "65535"}});
  CAF_CHECK(most.good);
  CAF_CHECK(most.request.verb == poll_verb::close);
  CAF_CHECK_EQUAL(most.request.code, 65535);
  CAF_CHECK(!read(poll_close_path, {{"Aps-Close", "65536"}}).good);
  CAF_CHECK(!read(poll_close_path, {}).good);
}

CAF_TEST(other paths ask nothing) {
  for (const std::string_view path :
       {std::string_view{"/.tunnel/poll/sideways"}, poll_path,
        std::string_view{"/.tunnel/poll/down/"}, std::string_view{""}})
    CAF_CHECK(
      !read(path,
            {{"Aps-Received", "0"}, {"Aps-Batch", "1"}, {"Aps-Close", "1000"}})
         .good);
}

CAF_TEST(a request is one that no cache keeps or changes) {
  CAF_CHECK_EQUAL(
    poll_request_head(poll_up_path, "[::1]:80",
                      {{"Aps-Token", "t"}, poll_number(poll_batch_field, 7)},
                      12),
    "POST /.tunnel/poll/up HTTP/1.1\r\nHost: [::1]:80\r\nAps-Token: t\r\n"
    "Aps-Batch: 7\r\nCache-Control: no-store, no-transform\r\n"
    "Content-Type: application/octet-stream\r\nContent-Length: 12\r\n\r\n");
}
