#define CAF_SUITE h2_visitors

#include "transports/front/h2/h2_visitors.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/http/proxy.hpp"

#include <nghttp2/nghttp2.h>

using namespace aps;
using namespace aps::test;

CAF_TEST(what a visitor may do follows from the limits of its server) {
  listen_options options;
  options.limits.max_header_bytes = 1000;
  options.limits.max_headers = 10;
  const http_front_context context{
    std::make_shared<direct_front>(1, origin_options{}, "http"), options, {}};
  const auto settings = visitor_settings(context);
  CAF_CHECK_EQUAL(settings.profile.header_bytes, 2000u);
  CAF_CHECK_EQUAL(settings.profile.header_fields, 25u);
  CAF_CHECK_EQUAL(settings.profile.streams, 100u);
  CAF_CHECK(settings.stream_window < settings.connection_window);
  CAF_CHECK(settings.connect_protocol);
}

// nghttp2's own tools ask as fast as they can; browsers send large cookies.
CAF_TEST(a quick visitor may ask on one connection) {
  struct row {
    int requests; // in a second
    size_t wire, text;
  };
  const http_front_context context{
    std::make_shared<direct_front>(1, origin_options{}, "http"), {}, {}};
  for (const auto& [requests, wire, text] :
       {row{100'000, 12, 90}, row{200, 20, 4'000}}) {
    h2_counts counts{visitor_settings(context).profile};
    for (int second = 0; second < 3; ++second)
      for (int i = 0; i < requests; ++i) {
        const auto now
          = time_point{std::chrono::hours(1)} + std::chrono::seconds(second)
            + std::chrono::nanoseconds(1'000'000'000 / requests) * i;
        CAF_REQUIRE(counts.on_frame(NGHTTP2_HEADERS, wire, now)
                    == h2_verdict::ok);
        CAF_REQUIRE(counts.on_field(0, text) == h2_verdict::ok);
      }
  }
}
