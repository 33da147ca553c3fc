#define CAF_SUITE mapped_messages

#include "tests/support/test.hpp"

#include "transports/front/mapping/mapped_messages.hpp"

#include "transports/http/fields.hpp"

using namespace aps;

namespace {

using translation = config::rewrites::translation;

config::url url_of(const std::string& text, bool prefix) {
  std::string error;
  return config::parse_url(text, prefix, error).value_or(config::url{});
}

route via(const std::string& from, const std::string& to,
          const config::rewrites& rules = {}) {
  config::mapping rule;
  rule.from = url_of(from, true);
  rule.to = url_of(to, false);
  if (rules != config::rewrites{})
    rule.rewrite = rules;
  const route_table table{{rule}};
  return *table
            .matches({rule.from.scheme, "v.test", rule.from.port,
                      rule.from.path.empty() ? "/" : rule.from.path})
            .front();
}

struct row {
  std::string from;
  std::string to;
  std::string value;
  std::string expected; ///< "" = it stays
  translation translate = translation::target;
};

constexpr auto all = translation::all;
constexpr auto off = translation::off;
constexpr auto visitor = "https://v.test";

} // namespace

CAF_TEST(addresses of the target become the visitors) {
  const std::vector<row> rows{
    // all of a host to all of a target
    {"http://v.test", "http://t:81", "http://t:81/", "https://v.test/"},
    {"http://v.test", "http://t:81", "http://t:81", "https://v.test/"},
    {"http://v.test", "http://t:81", "http://T:81/x?y#z",
     "https://v.test/x?y#z"},
    {"http://v.test", "http://t:81", "https://t:81/x", "https://v.test/x"},
    {"http://v.test", "http://t:81", "http://t/x", ""},
    {"http://v.test", "http://t:81", "http://t:82/x", ""},
    {"http://v.test", "http://t", "http://t/x", "https://v.test/x"},
    {"http://v.test", "http://t", "http://t:80/x", "https://v.test/x"},
    {"http://v.test", "http://t", "http://t./x", "https://v.test/x"},
    {"http://v.test", "http://t", "https://t/x", ""},
    {"http://v.test", "https://t", "https://t/x", "https://v.test/x"},
    {"http://v.test", "https://t", "https://t:443/x", "https://v.test/x"},
    {"http://v.test", "http://[::1]:81", "http://[0::1]:81/x",
     "https://v.test/x"},
    {"http://v.test", "http://t", "http://other/x", ""},
    {"http://v.test", "http://t", "http://t.evil/x", ""},
    {"http://v.test", "http://t", "http://t@evil/x", ""},
    {"http://v.test", "http://t", "http://evil/http://t/x", ""},
    {"http://v.test", "http://t", "//t/x", "https://v.test/x"},
    {"http://v.test", "http://t", "//t", "https://v.test/"},
    {"http://v.test", "http://t", "//t:80/x", "https://v.test/x"},
    {"http://v.test", "https://t", "//t:443/x", "https://v.test/x"},
    {"http://v.test", "http://t", "//t:81/x", ""},
    {"http://v.test", "http://t", "//other/x", ""},
    {"http://v.test", "http://t", "///x", ""},
    {"http://v.test/a", "http://t/b", "//t/b/x?q", "https://v.test/a/x?q"},
    {"http://v.test/a", "http://t/b", "//t/c", ""},
    {"http://v.test", "http://t", "ftp://t/x", ""},
    {"http://v.test", "http://t", "mailto:a@t", ""},
    {"http://v.test", "http://t", "/x", ""},
    {"http://v.test", "http://t", "x", ""},
    {"http://v.test", "http://t", "?x", ""},
    {"http://v.test", "http://t", "", ""},
    // a path in front
    {"http://v.test/a", "http://t", "http://t/x", "https://v.test/a/x"},
    {"http://v.test/a", "http://t", "http://t", "https://v.test/a/"},
    {"http://v.test/a/", "http://t", "http://t/x", "https://v.test/a/x"},
    {"http://v.test/a", "http://t", "/x", ""},
    {"http://v.test/a", "http://t", "/x", "/a/x", all},
    {"http://v.test/a", "http://t", "/", "/a/", all},
    {"http://v.test/a", "http://t", "//x", "", all},
    {"http://v.test/a", "http://t", "x", "", all},
    // a path behind
    {"http://v.test", "http://t/b", "http://t/b/x", "https://v.test/x"},
    {"http://v.test", "http://t/b", "http://t/b", "https://v.test/"},
    {"http://v.test", "http://t/b", "http://t/b?q", "https://v.test/?q"},
    {"http://v.test", "http://t/b", "http://t/bx", ""},
    {"http://v.test", "http://t/b", "http://t/c", ""},
    {"http://v.test", "http://t/b", "/b/x", "/x"},
    {"http://v.test", "http://t/b/", "/b/x", "/x"},
    {"http://v.test", "http://t/b", "/bx", ""},
    {"http://v.test", "http://t/b", "/x", ""},
    // both
    {"http://v.test/a", "http://t/b", "http://t/b/x", "https://v.test/a/x"},
    {"http://v.test/a", "http://t/b", "/b/x?q", "/a/x?q"},
    {"http://v.test/a", "http://t/b", "/b", "/a"},
    {"http://v.test/a", "http://t/a", "/a/x", ""},
    {"http://v.test/a", "http://t/a", "http://t/a/x", "https://v.test/a/x"},
  };
  for (const auto& each : rows) {
    CAF_MESSAGE(each.from << " " << each.to << " " << each.value);
    const auto of = via(each.from, each.to, {.translate = each.translate});
    CAF_CHECK_EQUAL(visitors_reference(each.value, of, visitor), each.expected);
  }
}

CAF_TEST(cookies of the target become the visitors) {
  const std::vector<row> rows{
    {"http://v.test", "http://t.inner", "a=b", ""},
    {"http://v.test", "http://t.inner", "a=b; Path=/", ""},
    {"http://v.test", "http://t.inner", "a=b; Domain=t.inner",
     "a=b; Domain=v.test"},
    {"http://v.test", "http://t.inner", "a=b; domain=.T.Inner; Secure",
     "a=b; Domain=v.test; Secure"},
    {"http://v.test", "http://t.inner", "a=b; Domain=inner", ""},
    {"http://v.test", "http://t.inner", "Domain=t.inner", ""},
    {"http://v.test/a", "http://t/b", "x=1; Path=/b", "x=1; Path=/a"},
    {"http://v.test/a", "http://t/b", "x=1; Path=/b/c; HttpOnly",
     "x=1; Path=/a/c; HttpOnly"},
    {"http://v.test/a", "http://t/b", "x=1; Path=/", ""},
    {"http://v.test/a", "http://t/b", "x=1; Path=/bc", ""},
    {"http://v.test/a", "http://t/b", "path=/b", ""},
    {"http://v.test/a", "http://t", "x=1; Path=/", ""},
    {"http://v.test/a", "http://t", "x=1; Path=/", "x=1; Path=/a/", all},
    {"http://v.test/a", "http://t/b", "x=1; Path=/b; Domain=t",
     "x=1; Path=/a; Domain=v.test"},
    {"http://v.test", "http://t.inner", "", ""},
  };
  for (const auto& each : rows) {
    CAF_MESSAGE(each.value);
    const auto of = via(each.from, each.to, {.translate = each.translate});
    CAF_CHECK_EQUAL(visitors_cookie(each.value, of, "v.test"), each.expected);
  }
  // No domain is an address.
  CAF_CHECK_EQUAL(visitors_cookie("a=b; Domain=t.inner",
                                  via("http://*", "http://t.inner"), "::1"),
                  "a=b");
}

CAF_TEST(the target of a copy becomes the origins) {
  const std::vector<row> rows{
    {"http://v.test/a", "http://t/b", "http://v.test/a/x", "http://t/b/x"},
    {"http://v.test/a", "http://t/b", "http://v.test/a", "http://t/b"},
    {"http://v.test", "http://t", "http://v.test:80/x", "http://t/x"},
    {"http://v.test", "https://t", "https://v.test/x", "https://t/x"},
    {"http://v.test/a", "http://t/b", "http://v.test/ax", ""},
    {"http://v.test/a", "http://t/b", "http://v.test/c", ""},
    {"http://v.test/a", "http://t/b", "http://other/a/x", ""},
    {"http://v.test/a", "http://t/b", "http://v.test:81/a/x", ""},
    {"http://v.test/a", "http://t/b", "http://v.test/a/../c", ""},
    {"http://v.test/a", "http://t/b", "http://v.test/a/%2e%2e/c", ""},
    {"http://v.test/a", "http://t/b", "/a/x", ""},
    {"http://v.test/a", "http://t/b", "http://v.test/a/x", "", off},
  };
  for (const auto& each : rows) {
    CAF_MESSAGE(each.value);
    const auto of = via(each.from, each.to, {.translate = each.translate});
    request_head head;
    head.headers
      = {{"Host", of.rule.to.authority()}, {"Destination", each.value}};
    map_destination(head, of, "v.test");
    CAF_CHECK_EQUAL(head.headers[1].value,
                    each.expected.empty() ? each.value : each.expected);
  }
}

CAF_TEST(fields are removed set and added in this order) {
  const route_rewrites::changes changes{
    {.remove = {"A", "x"},
     .set = {{"B", "{address}"}, {"C", "{{}}"}},
     .add = {{"D", "2"}, {"E", "{user}!"}}}};
  header_list fields{{"a", "1"}, {"X", "1"}, {"b", "1"},
                     {"B", "2"}, {"d", "1"}, {"F", "1"}};
  change_fields(fields, changes, {.address = "192.0.2.1"});
  CAF_CHECK(fields
            == (header_list{{"d", "1"},
                            {"F", "1"},
                            {"B", "192.0.2.1"},
                            {"C", "{}"},
                            {"D", "2"},
                            {"E", "!"}}));
}

CAF_TEST(no value ends its field) {
  const route_rewrites::changes sane{{.set = {{"A", "<{user}>"}}}};
  header_list fields;
  change_fields(fields, sane, {.user = std::string_view("a\r\nX: 1\0\x7f", 9)});
  CAF_REQUIRE_EQUAL(fields.size(), 1u);
  CAF_CHECK_EQUAL(fields[0].value, "<aX: 1>");
}
