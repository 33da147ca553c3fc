#define CAF_SUITE config.diff

#include "tests/support/test.hpp"

#include "config/diff.hpp"
#include "tests/config/good.hpp"

using namespace aps::config;

namespace {

constexpr auto websocket_pool = pool_index("websocket_pool");
constexpr auto grpc_pool = pool_index("grpc_pool");
constexpr auto poll_pool = pool_index("poll_pool");

node sample() {
  return good(R"({
    "servers": {"a": 1, "b": 2},
    "tunnels": {"t": {"password": "one"}, "u": {"password": "x"}},
    "mappings": [{"from": "http://a", "to": "http://b"},
                 {"from": "http://c", "to": "http://d",
                  "via": {"tunnels": ["t"]}}],
    "admin": {"token": "one"}})");
}

using keys = std::vector<std::string>;

/// A mapping in two letters, "0" behind them for one without rules: from, to.
mapping small_mapping(std::string_view text) {
  mapping out;
  out.from = {"http", std::string(1, text[0]) + ".test", 80, ""};
  out.to = {"http", std::string(1, text[1]) + ".test", 80, ""};
  if (text.size() == 2)
    out.access.require.emplace();
  return out;
}

node with_mappings(const std::vector<std::string_view>& all) {
  auto out = sample();
  out.mappings.clear();
  for (const auto text : all)
    out.mappings.push_back(small_mapping(text));
  return out;
}

} // namespace

CAF_TEST(the same configuration differs in nothing) {
  CAF_CHECK(changed_keys(sample(), sample()).empty());
  CAF_CHECK_EQUAL(listed({}), "");
}

CAF_TEST(what differs is named as in the file) {
  auto other = sample();
  other.servers.at("a").port = 7;
  other.servers.erase("b");
  other.servers["c"].port = 3;
  other.mappings[0].from.path = "/f";
  other.mappings[1].to.host = "e";
  other.tunnels.at("t").pools[websocket_pool].pool_size = 2;
  other.log.level = "debug";
  CAF_CHECK_EQUAL(changed_keys(sample(), other),
                  (keys{"log.level", "mappings[0].from", "mappings[1].to",
                        "servers.a.port", "servers.b", "servers.c",
                        "tunnels.t.websocket_pool.pool_size"}));
}

CAF_TEST(the monitor over grpc takes a restart) {
  auto other = sample();
  other.admin->grpc.emplace();
  CAF_CHECK_EQUAL(changed_keys(sample(), other), (keys{"admin.grpc"}));
  auto third = other;
  third.admin->grpc->port = 7;
  CAF_CHECK_EQUAL(changed_keys(other, third), (keys{"admin.grpc.port"}));
  CAF_CHECK(in_effect(other, third) == other);
}

CAF_TEST(secrets differ without being shown) {
  auto other = sample();
  other.tunnels.at("u").password = "two";
  other.admin->token = "two";
  CAF_CHECK_EQUAL(changed_keys(sample(), other),
                  (keys{"admin.token", "tunnels.u.password"}));
}

CAF_TEST(checks of a mapping have keys of their own) {
  auto other = sample();
  other.mappings[1].health.emplace();
  CAF_CHECK_EQUAL(changed_keys(sample(), other),
                  (keys{"mappings[1].health"}));
  auto third = other;
  third.mappings[1].health->expect = {{204, 204}};
  third.mappings[1].health->fall = 9;
  CAF_CHECK_EQUAL(changed_keys(other, third),
                  (keys{"mappings[1].health.expect",
                        "mappings[1].health.fall"}));
}

CAF_TEST(what is live is in effect and the rest is as before) {
  const auto before = sample();
  auto fresh = before;
  auto& tunnel = fresh.tunnels.at("t");
  tunnel.pools[poll_pool].ping_interval = seconds{7};
  tunnel.pools[websocket_pool].enabled = false;
  tunnel.pools[grpc_pool].pool_size = 2;
  tunnel.fallback.threshold = 9;
  tunnel.fallback.hold_down = seconds{2};
  tunnel.resume_time = seconds{3};
  tunnel.reconnect_grace = seconds{4};
  tunnel.password = "two";
  tunnel.credentials = {{"a", "p", ""}};
  auto live = before;
  live.tunnels.at("t") = tunnel;
  tunnel.enabled = false;
  tunnel.exchange_window = 65536;
  tunnel.max_endpoints = 8;
  fresh.tunnels.erase("u");
  fresh.tunnels["v"].password = "p";
  fresh.servers.at("a").http.max_headers = 5;
  fresh.limits.address_share = 7;
  fresh.mappings[0].to.host = "e";
  fresh.mappings[0].health.emplace(); // of another mapping
  fresh.mappings[1].health.emplace();
  live.mappings[1].health.emplace();
  CAF_CHECK(in_effect(before, fresh, mapping_change::rules) == live);
  live.mappings = fresh.mappings;
  CAF_CHECK(in_effect(before, fresh) == live);
}

CAF_TEST(mappings stay while one of them needs a tunnel that is not there) {
  const auto before = sample();
  auto fresh = before;
  fresh.tunnels["v"].password = "p";
  fresh.mappings.push_back(small_mapping("xa"));
  fresh.mappings.back().tunnels = {"t", "u"};
  CAF_CHECK_EQUAL(why_mappings_stay(before, fresh), "");
  fresh.mappings.back().tunnels = {"t", "v"};
  CAF_CHECK_EQUAL(why_mappings_stay(before, fresh),
                  "mappings[2] goes through tunnel v, which takes a restart");
  fresh.mappings.back().tunnels = {};
  auto& login = fresh.mappings.back().access.forward_auth.emplace();
  CAF_CHECK_EQUAL(why_mappings_stay(before, fresh), "");
  login.tunnels = {"v"};
  CAF_CHECK_EQUAL(why_mappings_stay(before, fresh),
                  "mappings[2] goes through tunnel v, which takes a restart");
}

CAF_TEST(rules go to no mapping but the one that they are for) {
  struct {
    std::vector<std::string_view> running;
    std::vector<std::string_view> fresh;
    std::vector<std::string_view> effective;
    keys left;
  } const rows[] = {
    {{"xa"}, {"xa"}, {"xa"}, {}},
    {{"xa"}, {"xa0"}, {"xa0"}, {}},
    {{"xa0"}, {"xa"}, {"xa"}, {}},
    // One that does not run yet, before and behind.
    {{"xa"}, {"xb0", "xa"}, {"xa"}, {"mappings"}},
    {{"xa"}, {"xa", "xb0"}, {"xa"}, {"mappings"}},
    {{"xa"}, {"xb0"}, {"xa"}, {"mappings[0].require", "mappings[0].to"}},
    {{"xa"}, {"ya0"}, {"xa"}, {"mappings[0].from", "mappings[0].require"}},
    {{"xa"}, {}, {"xa"}, {"mappings"}},
    {{"xa0"}, {"xb"}, {"xa0"}, {"mappings[0].require", "mappings[0].to"}},
    // The same address twice.
    {{"xa", "xb0"}, {"xa", "xb0"}, {"xa", "xb0"}, {}},
    {{"xa", "xb0"}, {"xa0", "xb"}, {"xa0", "xb"}, {}},
    {{"xa", "xb0"},
     {"xb0", "xa"},
     {"xa", "xb0"},
     {"mappings[0].require", "mappings[0].to", "mappings[1].require",
      "mappings[1].to"}},
    {{"xa", "xb0"}, {"xb0"}, {"xa", "xb0"}, {"mappings"}},
    {{"xa", "xb0"}, {"xb"}, {"xa", "xb"}, {"mappings"}},
    // The same mapping twice.
    {{"xa", "xa0"}, {"xa", "xa0"}, {"xa", "xa0"}, {}},
    {{"xa", "xa0"}, {"xa0", "xa"}, {"xa0", "xa"}, {}},
    {{"xa", "xb", "xa0"}, {"xa0", "xb", "xa"}, {"xa0", "xb", "xa"}, {}},
    {{"xa", "xa"}, {"xa0"}, {"xa0", "xa"}, {"mappings"}},
    // Others may move.
    {{"xa", "yb0"},
     {"yb", "xa0"},
     {"xa0", "yb"},
     {"mappings[0].from", "mappings[0].require", "mappings[0].to",
      "mappings[1].from", "mappings[1].require", "mappings[1].to"}},
  };
  for (const auto& [running, fresh, effective, left] : rows) {
    const auto now = in_effect(with_mappings(running), with_mappings(fresh),
                               mapping_change::rules);
    CAF_CHECK(now == with_mappings(effective));
    CAF_CHECK_EQUAL(changed_keys(now, with_mappings(fresh)), left);
    // Once more the same file changes nothing.
    CAF_CHECK(in_effect(now, with_mappings(fresh), mapping_change::rules)
              == now);
    CAF_CHECK(in_effect(now, with_mappings(fresh)) == with_mappings(fresh));
  }
}

CAF_TEST(what stays keeps rules and checks from a mapping) {
  void (*const changes[])(mapping&) = {
    [](mapping& to) { to.from.scheme = "https"; },
    [](mapping& to) { to.from.path = "/f"; },
    [](mapping& to) { to.to.port = 81; },
    [](mapping& to) { to.to.h2c = true; },
    [](mapping& to) { to.tunnels = {"u"}; },
    [](mapping& to) { to.endpoints = {"e"}; },
    [](mapping& to) { to.balance = balance::random; },
    [](mapping& to) { to.sticky_by.name = "n"; },
    [](mapping& to) { to.allow_encoded_slash = true; },
    [](mapping& to) { to.hsts = 1; },
    [](mapping& to) { to.http2 = false; },
    [](mapping& to) { to.tls.emplace(); },
    [](mapping& to) { to.origins.allowed = origin_rule::kind::same; },
    [](mapping& to) { to.proxy_protocol = proxy_protocol::v2; },
  };
  const auto before = sample();
  auto fresh = before;
  auto& changed = fresh.mappings[1];
  changed.access.deny = {"192.0.2.1"};
  changed.access.quota.all.requests = 1;
  changed.access.forward_auth.emplace();
  changed.health.emplace();
  CAF_CHECK(in_effect(before, fresh) == fresh);
  for (const auto change : changes) {
    auto other = fresh;
    change(other.mappings[1]);
    CAF_CHECK(in_effect(before, other, mapping_change::rules) == before);
    CAF_CHECK(in_effect(before, other) == other);
  }
}

CAF_TEST(lists of another length are one key) {
  auto other = sample();
  other.mappings.pop_back();
  CAF_CHECK_EQUAL(changed_keys(sample(), other), (keys{"mappings"}));
}

CAF_TEST(a long list is cut behind a key) {
  const keys many(30, "tunnels.t.websocket_pool.pool_size");
  const auto text = listed(many);
  CAF_CHECK(text.size() < 100);
  CAF_CHECK(text.ends_with(" and 29 more"));
}

CAF_TEST(a list takes sixty bytes and its first key) {
  const std::string half(30, 'a');
  CAF_CHECK_EQUAL(listed({half, half}), half + ", " + half);
  CAF_CHECK_EQUAL(listed({half, half + "a"}), half + " and 1 more");
  CAF_CHECK_EQUAL(listed({half + half + "a"}), half + half + "a");
  CAF_CHECK_EQUAL(listed({half + half + "a", "b", "c"}),
                  half + half + "a and 2 more");
}
