#define CAF_SUITE head_excess

#include "transports/seam/exchange/head_excess.hpp"

#include "transports/seam/wire_bounds.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

/// One field of `size` bytes, name and value together.
header_list field_of(size_t size) {
  return {{"ab", std::string(size - 2, 'v')}};
}

bool starts(const std::string& text, std::string_view begin) {
  return text.starts_with(begin);
}

} // namespace

CAF_TEST(bytes_of_fields_are_those_of_names_and_values) {
  CAF_CHECK_EQUAL(bytes_of({}), 0u);
  CAF_CHECK_EQUAL(bytes_of({{"ab", "cde"}, {"f", ""}}), 6u);
}

CAF_TEST(a_head_travels_up_to_its_limits) {
  CAF_CHECK_EQUAL(head_excess(header_list(max_head_fields, {"a", "b"})), "");
  CAF_CHECK(starts(head_excess(header_list(max_head_fields + 1, {"a", "b"})),
                   "number of header fields: 1025"));
  CAF_CHECK_EQUAL(head_excess(field_of(max_head_bytes)), "");
  CAF_CHECK(starts(head_excess(field_of(max_head_bytes + 1)),
                   "bytes of header fields: 278529"));
  response_head answer;
  answer.headers = field_of(max_head_bytes);
  CAF_CHECK_EQUAL(head_excess(answer), "");
  answer.headers = field_of(max_head_bytes + 1);
  CAF_CHECK(!head_excess(answer).empty());
}

CAF_TEST(each_text_of_a_request_has_a_limit) {
  struct row {
    std::string request_head::*text;
    size_t most;
    const char* called;
  };
  const row table[] = {
    {&request_head::method, max_method_bytes, "bytes of the method: 257"},
    {&request_head::scheme, max_scheme_bytes, "bytes of the scheme: 17"},
    {&request_head::authority, max_authority_bytes,
     "bytes of the target's name: 4097"},
    {&request_head::path, max_head_bytes, "bytes of the path: 278529"},
    {&request_head::upgrade, max_upgrade_bytes,
     "bytes of the protocol: 1025"},
  };
  for (const auto& [text, most, called] : table) {
    request_head request;
    request.*text = std::string(most, 'x');
    CAF_CHECK_EQUAL(head_excess(request), "");
    request.*text += 'x';
    CAF_CHECK(starts(head_excess(request), called));
  }
  request_head request;
  request.headers = field_of(max_head_bytes + 1);
  CAF_CHECK(!head_excess(request).empty());
}
