#define CAF_SUITE event_text

#include "actors/watch/event_text.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

CAF_TEST(log_lines_have_the_documented_form) {
  event created{event_kind::pool_created, "tunnel1", "endpoint1", "websocket",
                "", "with size 5, idle timeout " + show_duration(300s)
                      + ", max lifetime " + show_duration(1800s),
                0};
  CAF_CHECK_EQUAL(render(created),
                  "[WS-POOL] Created new pool for tunnel1.endpoint1 with size "
                  "5, idle timeout 5m0s, max lifetime 30m0s");
  event failed{event_kind::fallback_attempt, "tunnel1", "endpoint1", "", "",
               "connection refused", 0};
  CAF_CHECK_EQUAL(render(failed),
                  "[HYBRID] gRPC request failed for tunnel1.endpoint1, trying "
                  "WebSocket fallback: connection refused");
  event expired{event_kind::connection_expired, "tunnel1", "endpoint1",
                "websocket", "ws-def456", "", 0};
  CAF_CHECK_EQUAL(render(expired),
                  "[WS-POOL] Closing expired connection ws-def456 in pool "
                  "tunnel1.endpoint1");
  event full{event_kind::pool_exhausted,
             "tunnel1",
             "endpoint1",
             "",
             "",
             "too many requests wait for an agent",
             9};
  CAF_CHECK_EQUAL(render(full),
                  "[HYBRID] Pool tunnel1.endpoint1 is exhausted: too many "
                  "requests wait for an agent (waiting: 9)");
  CAF_CHECK_EQUAL(show_duration(90min), "1h30m0s");
  CAF_CHECK_EQUAL(show_duration(250ms), "250ms");
}
