#define CAF_SUITE http_identity

#include "tests/support/test.hpp"

#include "transports/http/identity.hpp"

using namespace aps;

namespace {

const config::network_set trusted{{"10.0.0.0/8", "fd00::/8"}};

std::string visitor(header_list headers, std::string_view peer = "10.0.0.1") {
  return identify(headers, peer, trusted).address;
}

std::string visitor(std::string forwarded_for) {
  return visitor({{"X-Forwarded-For", std::move(forwarded_for)}});
}

} // namespace

CAF_TEST(fields that say who a visitor is are known in every spelling) {
  for (const auto* name :
       {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
        "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix",
        "X-Forwarded-Anything", "X-Forwarded", "Forwarded", "X-Real-IP",
        "True-Client-IP", "CF-Connecting-IP", "CF-Connecting-IPv6",
        "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP", "Client-IP",
        "X-Original-URL", "X-Rewrite-URL", "X-Original-Forwarded-For",
        "Remote-User", "X-SSL-Client-DN", "X-ProxyUser-Ip", "Proxy"}) {
    std::string text = name;
    CAF_MESSAGE(text);
    CAF_CHECK(is_identity_field(text));
    for (auto& c : text)
      c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    CAF_CHECK(is_identity_field(text));
    CAF_CHECK_EQUAL(is_disguised(text), text.find('_') != text.npos);
  }
  for (const auto* name : {"X_Forwarded-For", "x.forwarded.for",
                           "X-FORWARDED_FOR", "X!Real~Ip"})
    CAF_CHECK(is_identity_field(name) && is_disguised(name));
}

CAF_TEST(other fields pass) {
  for (const auto* name :
       {"", "X", "Host", "Accept", "Authorization", "Cookie", "User-Agent",
        "X-Request-Id", "X-Api-Key", "Via", "From", "Referer", "X-Real-IPs",
        "Forward", "X-Forwarding", "Client", "CDN-Loop", "Proxies",
        "X-HTTP-Method-Override", "traceparent"})
    CAF_CHECK(!is_identity_field(name));
}

CAF_TEST(our own fields are known in every spelling) {
  for (const auto* name : {"Aps-Outcome", "APS-REQUEST-ID", "aps_outcome",
                           "aps-", "Aps.Loop"})
    CAF_CHECK(is_own_field(name));
  for (const auto* name : {"", "Aps", "Apsis", "X-Aps-Outcome", "Accept"})
    CAF_CHECK(!is_own_field(name));
}

CAF_TEST(a stranger is who connects) {
  const auto who = identify({{"X-Forwarded-For", "1.1.1.1"}}, "192.0.2.1",
                            trusted);
  CAF_CHECK(!who.trusted);
  CAF_CHECK_EQUAL(who.address, "192.0.2.1");
  CAF_CHECK_EQUAL(identify({{"X-Forwarded-For", "1.1.1.1"}}, "10.0.0.1", {})
                    .address,
                  "10.0.0.1");
}

CAF_TEST(behind trusted proxies the last untrusted hop is the visitor) {
  CAF_CHECK_EQUAL(visitor("192.0.2.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(visitor("6.6.6.6, 192.0.2.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(visitor("6.6.6.6, 192.0.2.1, 10.2.0.1, 10.3.0.1"),
                  "192.0.2.1");
  CAF_CHECK_EQUAL(visitor("10.1.1.1, 10.2.2.2"), "10.1.1.1");
  CAF_CHECK_EQUAL(visitor(header_list{}), "10.0.0.1");
  CAF_CHECK_EQUAL(visitor({{"X-Forwarded-For", "6.6.6.6"},
                           {"x-forwarded-for", "192.0.2.1, 10.2.0.1"}}),
                  "192.0.2.1");
  CAF_CHECK_EQUAL(visitor({{"X-Forwarded-For", "2001:DB8::0:1"}}, "fd00::1"),
                  "2001:db8::1");
}

CAF_TEST(addresses may have ports) {
  CAF_CHECK_EQUAL(visitor("192.0.2.1:4711"), "192.0.2.1");
  CAF_CHECK_EQUAL(visitor("[2001:db8::1]:4711"), "2001:db8::1");
  CAF_CHECK_EQUAL(visitor("[2001:db8::1]"), "2001:db8::1");
  CAF_CHECK_EQUAL(visitor("::ffff:192.0.2.1"), "192.0.2.1");
}

CAF_TEST(what is no address ends the search) {
  for (const auto* odd : {"unknown", "_hidden", "1.2.3", "[", "[]", ":", "x y",
                          "1.2.3.4.5", "\"1.2.3.4\""}) {
    CAF_MESSAGE(odd);
    CAF_CHECK_EQUAL(visitor(odd), "10.0.0.1");
    CAF_CHECK_EQUAL(visitor("6.6.6.6, " + std::string{odd} + ", 10.2.0.1"),
                    "10.2.0.1");
  }
}

CAF_TEST(a name is compared in lower case and without marks) {
  CAF_CHECK(same_variable("X_Request-ID", "x-request-id"));
  CAF_CHECK(!same_variable("X-Request-I", "x-request-id"));
  CAF_CHECK(!same_variable("Y-Request-Id", "x-request-id"));
}

CAF_TEST(somebody of this machine comes over its loopback) {
  for (const auto* ip : {"127.0.0.1", "127.1.2.3", "::1"})
    CAF_CHECK(is_loopback(ip));
  for (const auto* ip : {"", "128.0.0.1", "12.7.0.1", "1270.0.0.1", "::",
                         "::11", "192.0.2.1", "localhost"})
    CAF_CHECK(!is_loopback(ip));
}

CAF_TEST(a request that passed somebody else says so) {
  CAF_CHECK(!was_forwarded({}));
  CAF_CHECK(!was_forwarded({{"Host", "via"}, {"Accept", "*/*"}}));
  for (const auto* name : {"Via", "via", "X-Forwarded-For", "Forwarded"})
    CAF_CHECK(was_forwarded({{"Accept", "*/*"}, {name, "x"}}));
}
