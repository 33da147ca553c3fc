#define CAF_SUITE origin_fields

#include "tests/support/test.hpp"

#include "transports/origin/origin_fields.hpp"

using namespace aps;

CAF_TEST(streams of events may be silent and files may not ) {
  const std::pair<const char*, bool> rows[]
    = {{"text/event-stream", true},
       {"Text/Event-Stream; charset=utf-8", true},
       {"multipart/x-mixed-replace; boundary=x", true},
       {"application/x-ndjson", true},
       {"application/grpc", true},
       {"application/grpc+proto", true},
       {"application/grpc;x=1", true},
       {"application/grpc-web", false},
       {"application/json", false},
       {"text/event-stream-not", false},
       {"", false}};
  for (const auto& [type, expected] : rows) {
    CAF_MESSAGE(type);
    CAF_CHECK_EQUAL(is_event_stream({{"Content-Type", type}}), expected);
  }
  CAF_CHECK(!is_event_stream({}));
  CAF_CHECK(!is_event_stream({{"Accept", "text/event-stream"}}));
}

CAF_TEST(some schemes authenticate a connection) {
  struct row {
    const char *name, *value;
    bool expected;
  };
  const row rows[] = {{"Authorization", "NTLM abc", true},
                      {"authorization", "negotiate abc", true},
                      {"WWW-Authenticate", "Basic realm=x, NTLM", true},
                      {"Proxy-Authenticate", "Kerberos", true},
                      {"Proxy-Authorization", "Negotiate x", true},
                      {"Authorization", "Bearer ntlm", false},
                      {"Authorization", "Basic bnRsbQ==", false},
                      {"X-Authorization", "NTLM abc", false},
                      {"Authorization", "", false}};
  for (const auto& row : rows) {
    CAF_MESSAGE(row.name << ": " << row.value);
    CAF_CHECK_EQUAL(
      authenticates_connection({{"X", "NTLM"}, {row.name, row.value}}),
      row.expected);
  }
}
