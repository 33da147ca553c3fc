#define CAF_SUITE config.base64

#include "tests/support/test.hpp"

#include "config/syntax/base64.hpp"

using namespace aps::config;

CAF_TEST(bytes come back as they were) {
  // RFC 4648, 10.
  const std::pair<std::string, std::string> table[] = {
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    {std::string{"\xff\xfe\x00", 3}, "//4A"},
  };
  for (const auto& [bytes, text] : table) {
    CAF_CHECK_EQUAL(to_base64(bytes), text);
    const auto padded = text + std::string((4 - text.size() % 4) % 4, '=');
    CAF_REQUIRE(from_base64(text));
    CAF_CHECK(*from_base64(text) == bytes);
    CAF_REQUIRE(from_base64(padded));
    CAF_CHECK(*from_base64(padded) == bytes);
  }
}

CAF_TEST(other text is refused) {
  for (const auto* text :
       {"Z", "Zm9vY", "Zg=", "Zg===", "Zm8==", "Zm9v=", "====", "=", "Z g",
        "Zm-_", "Zm9v\n", "Zh", "Zm9", "Zg==Zg=="}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!from_base64(text));
  }
}
