#define CAF_SUITE h2_limits

#include "transports/http2/h2_limits.hpp"

#include "tests/support/test.hpp"

#include <nghttp2/nghttp2.h>

#include <string>

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

/// How many of the same frame are taken.
size_t taken(h2_counts uut, uint8_t type, size_t length, h2_verdict seen,
             size_t most = 1'000'000) {
  for (size_t i = 0; i < most; ++i)
    if (const auto verdict = uut.on_frame(type, length, start);
        verdict != h2_verdict::ok) {
      CAF_CHECK(verdict == seen);
      return i;
    }
  return most;
}

} // namespace

CAF_TEST(an agent opens few streams) {
  h2_counts uut{agent_profile};
  CAF_CHECK_EQUAL(
    taken(uut, NGHTTP2_HEADERS, 100, h2_verdict::too_many_requests), 8u);
}

CAF_TEST(header blocks are counted on the wire in sum) {
  h2_counts uut{agent_profile};
  CAF_CHECK_EQUAL(
    taken(uut, NGHTTP2_HEADERS, 4 * 1024, h2_verdict::header_flood), 3u);
  CAF_CHECK_EQUAL(
    taken(uut, NGHTTP2_HEADERS, 17 * 1024, h2_verdict::header_flood), 0u);
  CAF_CHECK_EQUAL(
    taken(uut, NGHTTP2_CONTINUATION, 0, h2_verdict::header_flood),
    16u * 1024 / 9);
}

CAF_TEST(a visitor has a limit for each block alone) {
  const h2_profile visitor{.header_bytes = 1000};
  h2_counts uut{visitor};
  CAF_CHECK_EQUAL(taken(uut, NGHTTP2_HEADERS, 991, h2_verdict::ok, 10'000),
                  10'000u);
  CAF_CHECK_EQUAL(taken(uut, NGHTTP2_HEADERS, 992, h2_verdict::header_flood),
                  0u);
  CAF_CHECK(uut.on_frame(NGHTTP2_HEADERS, 500, start) == h2_verdict::ok);
  CAF_CHECK(uut.on_frame(NGHTTP2_CONTINUATION, 482, start) == h2_verdict::ok);
  CAF_CHECK(uut.on_frame(NGHTTP2_CONTINUATION, 0, start)
            == h2_verdict::header_flood);
}

CAF_TEST(what is small on the wire may not be large in memory) {
  h2_counts uut{{.header_bytes = 1000, .header_fields = 5}};
  CAF_CHECK(uut.on_frame(NGHTTP2_HEADERS, 10, start) == h2_verdict::ok);
  CAF_CHECK(uut.on_field(10, 958) == h2_verdict::ok);
  CAF_CHECK(uut.on_field(0, 0) == h2_verdict::header_flood);
  CAF_CHECK(uut.on_frame(NGHTTP2_HEADERS, 10, start) == h2_verdict::ok);
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(uut.on_field(1, 1) == h2_verdict::ok);
  CAF_CHECK(uut.on_field(1, 1) == h2_verdict::header_flood);
}

CAF_TEST(frames that carry nothing are counted by the second) {
  for (const uint8_t type : {NGHTTP2_PING, NGHTTP2_SETTINGS, NGHTTP2_PRIORITY,
                             NGHTTP2_RST_STREAM, NGHTTP2_WINDOW_UPDATE,
                             NGHTTP2_GOAWAY, NGHTTP2_PUSH_PROMISE}) {
    h2_counts uut{agent_profile};
    CAF_CHECK_EQUAL(taken(uut, type, 8, h2_verdict::control_flood), 128u);
  }
  h2_counts uut{agent_profile};
  CAF_CHECK_EQUAL(taken(uut, NGHTTP2_DATA, 0, h2_verdict::control_flood),
                  128u);
  CAF_CHECK_EQUAL(taken(uut, NGHTTP2_DATA, 1, h2_verdict::ok, 10'000), 10'000u);
  for (int second = 0; second < 5; ++second)
    for (int i = 0; i < 128; ++i)
      CAF_REQUIRE(uut.on_frame(NGHTTP2_PING, 8, start + 1s * second)
                  == h2_verdict::ok);
  CAF_CHECK(uut.on_frame(NGHTTP2_PING, 8, start + 4999ms)
            == h2_verdict::control_flood);
}

CAF_TEST(what we send may be answered) {
  h2_counts uut{agent_profile};
  for (int i = 0; i < 10; ++i)
    uut.on_data_sent();
  CAF_CHECK_EQUAL(
    taken(uut, NGHTTP2_WINDOW_UPDATE, 4, h2_verdict::control_flood),
    160u + 128u);
  CAF_CHECK_EQUAL(taken(uut, NGHTTP2_PING, 8, h2_verdict::control_flood),
                  128u);
}

CAF_TEST(each request of a visitor may have control frames) {
  h2_counts uut{{.control_per_second = 10, .control_per_request = 4}};
  for (int i = 0; i < 1000; ++i) {
    CAF_REQUIRE(uut.on_frame(NGHTTP2_HEADERS, 10, start) == h2_verdict::ok);
    for (int k = 0; k < 4; ++k)
      CAF_REQUIRE(uut.on_frame(NGHTTP2_PRIORITY, 5, start) == h2_verdict::ok);
  }
  CAF_CHECK_EQUAL(taken(uut, NGHTTP2_PRIORITY, 5, h2_verdict::control_flood),
                  10u);
}

CAF_TEST(strangers have few bytes) {
  h2_counts uut{agent_profile};
  CAF_CHECK(uut.on_bytes(64 * 1024) == h2_verdict::ok);
  CAF_CHECK(uut.on_bytes(1) == h2_verdict::early_flood);
  uut.admit();
  CAF_CHECK(uut.on_frame(NGHTTP2_DATA, 1'000'000, start) == h2_verdict::ok);
  CAF_CHECK(uut.on_bytes(1'000'000'000) == h2_verdict::ok);
}

CAF_TEST(frames that nobody knows are skipped within limits) {
  h2_counts uut{{}};
  uut.admit();
  for (int i = 0; i < 17; ++i)
    CAF_CHECK(uut.on_bytes(4096) == h2_verdict::ok);
  CAF_CHECK(uut.on_bytes(1) == h2_verdict::control_flood);
  h2_counts known{{}};
  known.admit();
  for (int i = 0; i < 1000; ++i) {
    CAF_REQUIRE(known.on_bytes(4105) == h2_verdict::ok);
    CAF_REQUIRE(known.on_frame(NGHTTP2_DATA, 4096, start) == h2_verdict::ok);
  }
}

CAF_TEST(what belongs to a stream that we ended is no flood) {
  constexpr uint32_t window = 512 * 1024;
  h2_counts uut{{}};
  uut.admit();
  uut.on_rest(window);
  for (uint32_t i = 0; i < window / 4096; ++i)
    CAF_REQUIRE(uut.on_bytes(4096) == h2_verdict::ok);
  size_t more = 0;
  while (uut.on_bytes(4096) == h2_verdict::ok)
    CAF_REQUIRE(++more < 20);
}

CAF_TEST(requests that are none are few) {
  h2_counts uut{{}};
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(uut.on_bad_request() == h2_verdict::ok);
  CAF_CHECK(uut.on_bad_request() == h2_verdict::too_many_requests);
}

CAF_TEST(streams that break the rules come at a rate) {
  h2_counts uut{{.resets = 10, .resets_per_second = 5}};
  const auto faults = [&](time_point now) {
    int count = 0;
    while (uut.on_fault(now) == h2_verdict::ok)
      ++count;
    return count;
  };
  CAF_CHECK_EQUAL(faults(start), 10);
  CAF_CHECK_EQUAL(faults(start + 1s), 5);
  CAF_CHECK_EQUAL(faults(start + 100s), 10);
}

CAF_TEST(what heads have beyond their bytes comes at a rate) {
  h2_counts uut{{.header_bytes = 1'000'000,
                 .inflated_bytes = 100'000,
                 .inflated_per_second = 10'000}};
  const auto blocks = [&](size_t wire, time_point now) {
    int count = 0;
    for (; count < 1000; ++count)
      if (uut.on_frame(NGHTTP2_HEADERS, wire, now) != h2_verdict::ok
          || uut.on_field(10, 990) != h2_verdict::ok)
        break;
    return count;
  };
  CAF_CHECK_EQUAL(blocks(1000, start), 1000); // as large as they look
  CAF_CHECK_EQUAL(blocks(1, start), 133);     // less 256 each, which are usual
  CAF_CHECK_EQUAL(blocks(1, start + 1s), 14);
}

CAF_TEST(streams that are given up are counted) {
  h2_counts uut{{.resets = 3, .resets_per_second = 2}};
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(uut.on_reset(start) == h2_verdict::ok);
  CAF_CHECK(uut.on_reset(start) == h2_verdict::reset_flood);
  CAF_CHECK(uut.on_reset(start + 499ms) == h2_verdict::reset_flood);
  CAF_CHECK(uut.on_reset(start + 500ms) == h2_verdict::ok);
  CAF_CHECK(uut.on_reset(start + 500ms) == h2_verdict::reset_flood);
  // Whatever we had to reset for faults counts apart.
  CAF_CHECK(uut.on_fault(start + 500ms) == h2_verdict::ok);
}

CAF_TEST(each verdict has a sentence) {
  for (const auto verdict :
       {h2_verdict::ok, h2_verdict::too_many_requests, h2_verdict::header_flood,
        h2_verdict::control_flood, h2_verdict::early_flood,
        h2_verdict::fault_flood, h2_verdict::reset_flood})
    CAF_CHECK(render(verdict) != "unknown verdict");
}
