#define CAF_SUITE config.field_names

#include "tests/support/test.hpp"

#include "config/access/field_names.hpp"

#include <string>

using namespace aps::config;

CAF_TEST(names have letters digits and hyphens) {
  for (const auto* name : {"X", "Remote-User", "x-1", "1-x", "a-"})
    CAF_CHECK(is_field_name(name));
  for (const auto* name :
       {"", "-x", "a b", "a_b", "a:b", "a.b", "\xc3\xa4", "a\n", "a\r\nb"})
    CAF_CHECK(!is_field_name(name));
  CAF_CHECK(is_field_name(std::string(64, 'x')));
  CAF_CHECK(!is_field_name(std::string(65, 'x')));
}

CAF_TEST(what says how a message is read is ours) {
  for (const auto* name :
       {"Host", "content-length", "Transfer-Encoding", "COOKIE", "Via",
        "X-Forwarded-For", "x-forwarded-anything", "Aps-Outcome",
        "Sec-WebSocket-Key", "Authorization", "Proxy", "X-Request-Id"})
    CAF_CHECK(is_taken_field(name));
  for (const auto* name :
       {"Remote-User", "X-Auth-Request-User", "X-Forward", "Apsis", "Hosts"})
    CAF_CHECK(!is_taken_field(name));
}
