#define CAF_SUITE credentials

#include "actors/policy/access/credentials.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

// "-", "?", "user|password" or "~token".
std::string told(const std::string& value, bool proxied = false) {
  const header_list headers{
    {proxied ? "Proxy-Authorization" : "Authorization", value}};
  const auto found = credentials_of(headers, proxied);
  if (std::holds_alternative<std::monostate>(found))
    return "-";
  if (const auto* basic = std::get_if<basic_login>(&found))
    return std::string(basic->user()) + "|" + std::string(basic->password());
  if (const auto* bearer = std::get_if<bearer_token>(&found))
    return "~" + std::string(bearer->token);
  return "?";
}

} // namespace

CAF_TEST(fields are read as RFC 7617 and 6750 have them) {
  const std::pair<const char*, const char*> table[] = {
    {"Basic YTpi", "a|b"},
    {"basic YTpi", "a|b"},
    {"BASIC  YTpi", "a|b"},
    {"Basic YTpiOmM=", "a|b:c"},
    {"Basic YTo=", "a|"},
    {"Basic OmI=", "|b"},
    {"Basic Og==", "|"},
    {"Basic YQ==", "?"},
    {"Basic", "?"},
    {"Basic ", "?"},
    {"Basic ???", "?"},
    {"Basic YTpiAA==", "?"},        // a NUL behind the password
    {"Basic YQA6Yg==", "?"},        // in the name
    {"Basic YTpiCg==", "?"},        // a line feed
    {"Basic YTpifw==", "?"},        // DEL
    {"Basic YTrDvA==", "a|\u00fc"}, // UTF-8
    {"Basic YTpi YTpi", "?"},
    {"BasicYTpi", "?"},
    {"Bearer x.y-z", "~x.y-z"},
    {"bearer   x", "~x"},
    {"Bearer", "?"},
    {"Bearer ", "?"},
    {"Digest username=\"a\"", "?"},
    {"", "?"},
    {"Negotiate YTpi", "?"},
  };
  for (const auto& [field, expected] : table) {
    CAF_MESSAGE(field);
    CAF_CHECK_EQUAL(told(field), expected);
    CAF_CHECK_EQUAL(told(field, true), expected);
  }
}

CAF_TEST(a proxy is told in a field of its own) {
  const header_list headers{{"Authorization", "Bearer target"},
                            {"Proxy-Authorization", "Bearer proxy"}};
  CAF_CHECK_EQUAL(std::get<bearer_token>(credentials_of(headers, false)).token,
                  "target");
  CAF_CHECK_EQUAL(std::get<bearer_token>(credentials_of(headers, true)).token,
                  "proxy");
  CAF_CHECK(std::holds_alternative<std::monostate>(
    credentials_of(header_list{}, true)));
}

CAF_TEST(what is said twice is not said) {
  const header_list twice{{"Authorization", "Bearer a"},
                          {"authorization", "Bearer a"}};
  CAF_CHECK(
    std::holds_alternative<foreign_credentials>(credentials_of(twice, false)));
}
