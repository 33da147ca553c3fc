#define CAF_SUITE known_visitor

#include "actors/base/access/known_visitor.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

constexpr time_point start{std::chrono::hours(2)};

known_visitor known() {
  auto pass = std::make_shared<visitor_pass>();
  pass->max_body_bytes = 100;
  known_visitor out;
  out.by_number = 7;
  out.until = start + std::chrono::minutes(1);
  out.server = "main";
  out.address = "192.0.2.1";
  out.mapping = 3;
  out.with_field = true;
  out.field = "Basic dTpw";
  out.pass = std::move(pass);
  return out;
}

/// The request that it came with.
struct fixture {
  fixture() {
    via.index = 3;
    request.server = "main";
    request.visitor_address = "192.0.2.1";
    request.headers = &fields;
  }

  bool is_same() const { return known().is_same(request, via); }

  header_list fields{{"Authorization", "Basic dTpw"}};
  visitor_request request;
  route via;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(known_visitor_tests, fixture)

CAF_TEST(the same request is the same visitor) {
  CAF_CHECK(is_same());
  request.body_bytes = 100;
  CAF_CHECK(is_same());
}

CAF_TEST(another credential is another visitor) {
  fields.front().value = "Basic dTpx";
  CAF_CHECK(!is_same());
}

CAF_TEST(no credential and two are another visitor) {
  fields.push_back(fields.front());
  CAF_CHECK(!is_same());
  fields.clear();
  CAF_CHECK(!is_same());
  request.headers = nullptr;
  CAF_CHECK(!is_same());
}

CAF_TEST(another place or way is another visitor) {
  via.index = 4;
  CAF_CHECK(!is_same());
  via.index = 3;
  request.visitor_address = "192.0.2.2";
  CAF_CHECK(!is_same());
  request.visitor_address = "192.0.2.1";
  request.server = "other";
  CAF_CHECK(!is_same());
  request.server = "main";
  request.proxied = true;
  CAF_CHECK(!is_same());
  request.proxied = false;
  request.tls = std::make_shared<const tls_facts>();
  CAF_CHECK(!is_same());
}

CAF_TEST(a body over its limit is looked at again) {
  request.body_bytes = 101;
  CAF_CHECK(!is_same());
}

CAF_TEST(it holds for its rules and its time) {
  auto uut = known();
  CAF_CHECK(uut.holds(7, start));
  CAF_CHECK(!uut.holds(8, start));
  CAF_CHECK(!uut.holds(7, uut.until));
  uut.expires_at = 1;
  CAF_CHECK(!uut.holds(7, start));
}

CAF_TEST_FIXTURE_SCOPE_END()
