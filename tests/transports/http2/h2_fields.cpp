#define CAF_SUITE h2_fields

#include "transports/http2/h2_fields.hpp"

#include "tests/support/test.hpp"

using namespace aps;

CAF_TEST(fields are views) {
  const header_list fields{{":path", "/x"}, {"empty", ""}};
  const auto out = to_nghttp2(fields);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  for (size_t i = 0; i < out.size(); ++i) {
    CAF_CHECK(out[i].name
              == reinterpret_cast<const uint8_t*>(fields[i].name.data()));
    CAF_CHECK_EQUAL(out[i].namelen, fields[i].name.size());
    CAF_CHECK_EQUAL(out[i].valuelen, fields[i].value.size());
  }
}

CAF_TEST(the first field of a name counts) {
  const header_list fields{{":path", "/x"}, {"a", "1"}, {"a", "2"}};
  CAF_CHECK_EQUAL(value_of(fields, ":path"), "/x");
  CAF_CHECK_EQUAL(value_of(fields, "a"), "1");
  CAF_CHECK_EQUAL(value_of(fields, "A"), "");
}
