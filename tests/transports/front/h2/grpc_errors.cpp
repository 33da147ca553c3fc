#define CAF_SUITE grpc_errors

#include "transports/front/h2/grpc_errors.hpp"

#include "tests/support/test.hpp"
#include "transports/http2/h2_fields.hpp"

using namespace aps;

namespace {

bool is_call(std::string type) {
  return is_grpc_call({{"content-type", std::move(type)}});
}

} // namespace

CAF_TEST(calls are known by their content type) {
  CAF_CHECK(is_call("application/grpc"));
  CAF_CHECK(is_call("application/grpc+proto"));
  CAF_CHECK(is_call("application/grpc; x=y"));
  CAF_CHECK(!is_call("application/grpc-web"));
  CAF_CHECK(!is_call("application/json"));
  CAF_CHECK(!is_grpc_call({}));
}

CAF_TEST(each outcome has the nearest status) {
  const std::pair<outcome, grpc_status> rows[] = {
    {outcome::unauthorized, grpc_status::unauthenticated},
    {outcome::no_mapping, grpc_status::unimplemented},
    {outcome::not_implemented, grpc_status::unimplemented},
    {outcome::body_timeout, grpc_status::deadline_exceeded},
    {outcome::first_byte_timeout, grpc_status::deadline_exceeded},
    {outcome::body_too_large, grpc_status::resource_exhausted},
    {outcome::header_too_large, grpc_status::resource_exhausted},
    {outcome::address_share, grpc_status::resource_exhausted},
    {outcome::origin_refused, grpc_status::unavailable},
    {outcome::bad_request, grpc_status::internal},
  };
  for (const auto& [cause, status] : rows)
    CAF_CHECK_EQUAL(static_cast<int>(grpc_status_of(cause)),
                    static_cast<int>(status));
}

CAF_TEST(an error has a sentence in one line) {
  const auto fields
    = grpc_error_fields(outcome::origin_refused, "no\nluck", "id-1");
  CAF_CHECK_EQUAL(value_of(fields, "grpc-status"), "14");
  CAF_CHECK(value_of(fields, "grpc-message").ends_with(": no%0Aluck"));
  CAF_CHECK_EQUAL(value_of(fields, "aps-outcome"), "origin-refused");
  CAF_CHECK_EQUAL(value_of(fields, "aps-request-id"), "id-1");
}
