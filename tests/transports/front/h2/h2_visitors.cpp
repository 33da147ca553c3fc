#define CAF_SUITE h2_visitors

#include "transports/front/h2/h2_visitors.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/http/proxy.hpp"

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
