#define CAF_SUITE config.routes

#include "tests/support/test.hpp"

#include "config/routing/routes.hpp"

#include <algorithm>
#include <chrono>
#include <set>

using namespace aps;

namespace {

struct pair {
  std::string from;
  std::string to = "http://t";
};

config::url url_of(const std::string& text, bool prefix) {
  std::string error;
  const auto parsed = config::parse_url(text, prefix, error);
  if (!parsed)
    CAF_FAIL(text << ": " << error);
  return *parsed;
}

route_table table(const std::vector<pair>& pairs) {
  std::vector<config::mapping> mappings;
  for (const auto& [from, to] : pairs)
    mappings.push_back({url_of(from, true), url_of(to, false), {}, {}});
  return route_table{mappings};
}

/// The winner's position in the file, or -1.
int winner(const route_table& routes, std::string_view host,
           std::string_view path, uint16_t port = 0,
           std::string_view scheme = "http") {
  const auto hit = routes.find({scheme, host, port, path});
  return hit ? static_cast<int>(hit->index) : -1;
}

/// Where `path` goes under one mapping.
std::string target(const std::string& from, const std::string& to,
                   std::string_view path) {
  const auto hit = table({{from, to}}).find({"http", "e", 0, path});
  return hit ? hit->target_path(path) : "no route";
}

} // namespace

CAF_TEST(the host ignores case and default ports) {
  const auto routes = table({{"http://Example.com"},
                             {"http://example.com:8080"},
                             {"https://example.com"},
                             {"http://[::1]"}});
  CAF_CHECK_EQUAL(winner(routes, "example.com", "/"), 0);
  CAF_CHECK_EQUAL(winner(routes, "EXAMPLE.COM", "/"), 0);
  CAF_CHECK_EQUAL(winner(routes, "example.com", "/", 80), 0);
  CAF_CHECK_EQUAL(winner(routes, "example.com.", "/"), 0);
  CAF_CHECK_EQUAL(winner(routes, "example.com", "/", 8080), 1);
  CAF_CHECK_EQUAL(winner(routes, "example.com", "/", 0, "https"), 2);
  CAF_CHECK_EQUAL(winner(routes, "example.com", "/", 443, "HTTPS"), 2);
  CAF_CHECK_EQUAL(winner(routes, "::1", "/"), 3);
  CAF_CHECK_EQUAL(winner(routes, "[0:0::1]", "/"), 3);
  CAF_CHECK_EQUAL(winner(routes, "example.com", "/", 443), 0);
  CAF_CHECK_EQUAL(winner(routes, "www.example.com", "/"), -1);
  CAF_CHECK_EQUAL(winner(routes, "", "/"), -1);
}

CAF_TEST(scheme host and port do not run together) {
  const auto routes = table({{"https://x:81"}, {"http://y:181"}});
  CAF_CHECK_EQUAL(winner(routes, "x", "/", 81, "https"), 0);
  CAF_CHECK_EQUAL(winner(routes, "sx", "/", 81, "http"), -1);
  CAF_CHECK_EQUAL(winner(routes, "y", "/", 181), 1);
  CAF_CHECK_EQUAL(winner(routes, "y1", "/", 81), -1);
}

CAF_TEST(the longest path wins) {
  const auto routes = table(
    {{"http://e"}, {"http://e/a"}, {"http://e/a/b"}, {"http://e/a/b/"}});
  CAF_CHECK_EQUAL(winner(routes, "e", "/"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", ""), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "*"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "/x/a/b"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a"), 1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a/x"), 1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a/b"), 2);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a/b/"), 3);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a/b/c"), 3);
}

CAF_TEST(a prefix matches whole segments) {
  const auto routes = table({{"http://e/a"}, {"http://e/b/*"}});
  CAF_CHECK_EQUAL(winner(routes, "e", "/a"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a?x"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a/"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "/ab"), -1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/A"), -1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/b/"), 1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/b/c"), 1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/b"), -1);
  CAF_CHECK_EQUAL(winner(routes, "e", "/b?/"), -1);
}

CAF_TEST(a query takes no part in the match) {
  const auto routes = table({{"http://e"}, {"http://e/a"}});
  CAF_CHECK_EQUAL(winner(routes, "e", "/?/a"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "?/a"), 0);
  CAF_CHECK_EQUAL(winner(routes, "e", "/a?b/c"), 1);
}

CAF_TEST(no mapping means no route) {
  CAF_CHECK_EQUAL(winner(table({}), "e", "/"), -1);
}

CAF_TEST(the rest of path and query is appended to the target) {
  struct row {
    std::string from, to, path, expected;
  };
  const std::vector<row> rows{
    {"http://e", "http://t", "/", "/"},
    {"http://e", "http://t", "", "/"},
    {"http://e", "http://t", "?q", "/?q"},
    {"http://e", "http://t", "/x/y?q=/z", "/x/y?q=/z"},
    {"http://e", "http://t/", "/x", "/x"},
    {"http://e/", "http://t", "/x", "/x"},
    {"http://e", "http://t/b", "/", "/b/"},
    {"http://e", "http://t/b", "/x", "/b/x"},
    {"http://e", "http://t/b/", "/x", "/b/x"},
    {"http://e/a", "http://t", "/a", "/"},
    {"http://e/a", "http://t", "/a?q", "/?q"},
    {"http://e/a", "http://t", "/a/x?q", "/x?q"},
    {"http://e/a", "http://t/b", "/a", "/b"},
    {"http://e/a", "http://t/b", "/a?q", "/b?q"},
    {"http://e/a", "http://t/b", "/a/", "/b/"},
    {"http://e/a", "http://t/b", "/a//x", "/b//x"},
    {"http://e/a", "http://t/b/", "/a", "/b/"},
    {"http://e/a", "http://t/b/", "/a/x", "/b/x"},
    {"http://e/a/", "http://t/b", "/a/x", "/b/x"},
    {"http://e/a/*", "http://t/b/", "/a/", "/b/"},
    {"http://e/a*", "http://t/b", "/a/x", "/b/x"},
    {"http://e", "http://t", "*", "*"},
    {"http://e", "http://t/b", "*", "/b"},
  };
  for (const auto& [from, to, path, expected] : rows) {
    CAF_MESSAGE(from << " to " << to << ": " << path);
    CAF_CHECK_EQUAL(target(from, to, path), expected);
  }
}

CAF_TEST(a route carries its mapping) {
  const auto routes = table({{"http://x"}, {"http://e/a", "https://t:81/b"}});
  const auto hit = routes.find({"http", "e", 80, "/a/c"});
  CAF_REQUIRE(hit != nullptr);
  CAF_CHECK_EQUAL(hit->index, 1u);
  CAF_CHECK_EQUAL(hit->rule.to.authority(), "t:81");
}

CAF_TEST(another spelling of a path is for no other mapping) {
  const auto uut = table({{"http://a.test"},
                          {"http://a.test/admin"},
                          {"http://a.test/open"},
                          {"http://a.test/open/secret"},
                          {"http://a.test/~home"},
                          {"http://a.test:8080/inner"},
                          {"http://only.test/admin"}});
  const auto find = [&](std::string_view path, uint16_t port = 0) {
    const auto found = find_route(uut, {"http", "a.test", port, path});
    return found ? found->rule.from.path : std::string{"none"};
  };
  for (const auto* path :
       {"/%61dmin",         "/%2561dmin",       "/admin%2fx",
        "//admin",          "/./admin",         "/x/..%2fadmin",
        "/admin;a",         "/admin%00",        "/admin%20",
        "/admin%3fx",       "/\\admin",         "/%c1%a1dmin",
        "/%61dmin/..;/x",   "/x/..;/admin/y",   "/open/%73ecret/x",
        "/open//secret/x",  "/open/./secret/x", "/open/secret;a",
        "/open/secret%2Fx", "/%7Ehome",         "//%61dmin?x=1"}) {
    CAF_CHECK_EQUAL(find(path), "none");
    CAF_CHECK(!why_no_route(uut, {"http", "a.test", 0, path}).empty());
  }
  CAF_CHECK_EQUAL(find("/%69nner", 8080), "none");
  CAF_CHECK_EQUAL(find("/%69nner"), "");
  for (const auto* path :
       {"/", "/x", "/a%20b", "/x//y", "/x;a=1/y", "/%41dmin", "/administration",
        "/admi%6e.html", "/x%2fadmin", "/?/../%61dmin", "/x/.hidden"})
    CAF_CHECK_EQUAL(find(path), "");
  for (const auto* path : {"/admin", "/admin/a%20b", "/admin/./x", "/admin//x",
                           "/admin/x;y", "/admin?%61dmin"})
    CAF_CHECK_EQUAL(find(path), "/admin");
  CAF_CHECK_EQUAL(find("/~home/x"), "/~home");
  CAF_CHECK(why_no_route(uut, {"http", "a.test", 0, "/x"}).empty());
  CAF_CHECK_EQUAL(find("/" + std::string(9000, 'x')), "");
  CAF_CHECK_EQUAL(find("/%20" + std::string(9000, 'x')), "none");
  CAF_CHECK_EQUAL(find("/%20x?" + std::string(9000, 'x')), "");
  std::string many;
  for (int i = 0; i < 4000; ++i)
    many += "/;";
  CAF_CHECK_EQUAL(find(many), "");
  CAF_CHECK_EQUAL(find(many + "/admin"), "none");
  // Where there is one mapping there are no rules of another.
  CAF_CHECK(find_route(uut, {"http", "only.test", 0, "/admin/%61"}));
  CAF_CHECK(!find_route(uut, {"http", "only.test", 0, "/%61dmin"}));
}

CAF_TEST(many mappings of one host keep their order) {
  std::vector<pair> pairs;
  for (int i = 0; i < 2000; ++i)
    pairs.push_back({"http://e/p" + std::to_string(i)});
  const auto routes = table(pairs);
  CAF_CHECK_EQUAL(winner(routes, "e", "/p1999/x"), 1999);
  CAF_CHECK_EQUAL(winner(routes, "e", "/p2000/x"), -1);
}

CAF_TEST(the smallest exchange window of its tunnels counts) {
  config::mapping rule;
  rule.from = {"http", "a", 80, ""};
  rule.to = {"http", "b", 80, ""};
  rule.tunnels = {"small", "large"};
  std::map<std::string, config::tunnel> tunnels;
  tunnels["small"].exchange_window = 20000;
  tunnels["large"].exchange_window = 900000;
  tunnels["large"].exchange_window_max = 1000000;
  CAF_CHECK_EQUAL(
    route_table({rule}, tunnels).find({"http", "a", 0, "/"})->window, 20000u);
  CAF_CHECK_EQUAL(
    route_table({rule}, tunnels).find({"http", "a", 0, "/"})->most_window,
    1000000u);
  rule.tunnels.clear();
  CAF_CHECK_EQUAL(
    route_table({rule}, tunnels).find({"http", "a", 0, "/"})->window,
    config::tunnel{}.exchange_window);
}

// `config_test -v 4 -s config.routes` tells the times.
CAF_TEST(fifty thousand mappings are told apart) {
  using clock = std::chrono::steady_clock;
  std::vector<config::mapping> rules;
  const auto add = [&](const std::string& from, std::string regex = {}) {
    auto& rule = rules.emplace_back();
    rule.from = url_of(from, true);
    rule.to = {"http", "t", 80, ""};
    if (!regex.empty())
      rule.match = config::conditions{.path_regex = std::move(regex)};
  };
  const auto text = [](int i) { return std::to_string(i); };
  for (int i = 0; i < 39'000; ++i)
    add("http://h" + text(i / 3) + ".test/p" + text(i % 3));
  for (int i = 0; i < 10'000; ++i)
    add("http://*.w" + text(i) + ".test");
  for (int i = 0; i < 1000; ++i)
    add("http://r.test", "/r" + text(i) + "/[a-z]+/[0-9]+(/.*)?");
  const auto start = clock::now();
  const route_table uut{rules};
  const auto built = clock::now() - start;
  std::vector<clock::duration> times;
  for (int i = 0; i < 3000; ++i) {
    const auto host = i % 3 == 0   ? "h" + text(i * 4) + ".test"
                      : i % 3 == 1 ? "a.b.w" + text(i * 3) + ".test"
                                   : std::string{"r.test"};
    const auto path = i % 3 == 2 ? "/r" + text(i / 3) + "/abc/12/x"
                                 : std::string{"/p1/a/b?c"};
    const auto expected = i % 3 == 0   ? i * 12 + 1
                          : i % 3 == 1 ? 39'000 + i * 3
                                       : 49'000 + i / 3;
    const auto from = clock::now();
    const auto hit = uut.find({"http", host, 8080, path});
    times.push_back(clock::now() - from);
    CAF_REQUIRE(hit != nullptr);
    CAF_REQUIRE_EQUAL(hit->index, static_cast<size_t>(expected));
  }
  std::nth_element(times.begin(), times.begin() + 1500, times.end());
  const auto us = [](clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
  };
  CAF_MESSAGE("built in " << us(built) / 1000 << " ms, matched in "
                          << us(times[1500]) << " us (median)");
}

CAF_TEST(raw streams are found by their port alone) {
  std::vector<config::mapping> rules;
  for (const auto& [scheme, port] :
       {std::pair{"tcp", 80}, {"tcp", 2222}, {"udp", 2222}, {"connect", 443}}) {
    auto& added = rules.emplace_back();
    added.from.scheme = scheme;
    added.from.port = static_cast<uint16_t>(port);
  }
  const route_table uut{rules};
  const auto index = [&](std::string_view scheme, uint16_t port) {
    const auto found = find_route(
      uut, {.scheme = scheme, .host = "", .port = port, .path = ""});
    return found ? static_cast<int>(found->index) : -1;
  };
  CAF_CHECK_EQUAL(index("tcp", 80), 0);
  CAF_CHECK_EQUAL(index("tcp", 2222), 1);
  CAF_CHECK_EQUAL(index("udp", 2222), 2);
  // No other port stands for it.
  CAF_CHECK_EQUAL(index("tcp", 2223), -1);
  CAF_CHECK_EQUAL(index("udp", 80), -1);
  CAF_CHECK_EQUAL(index("connect", 443), -1);
}

CAF_TEST(an identity is of what a mapping leads to wherever it stands) {
  config::mapping rule;
  rule.from = {"http", "a.test", 80, "/x"};
  rule.to = {"http", "b.test", 80, ""};
  rule.tunnels = {"t"};
  const auto known = identity_of(rule);
  void (*const same[])(config::mapping&) = {
    [](config::mapping& to) { to.access.deny = {"192.0.2.1"}; },
    [](config::mapping& to) { to.health.emplace(); },
    [](config::mapping& to) { to.hsts = 1; },
  };
  for (const auto change : same) {
    auto other = rule;
    change(other);
    CAF_CHECK_EQUAL(identity_of(other), known);
  }
  void (*const others[])(config::mapping&) = {
    [](config::mapping& to) { to.from.path = "/y"; },
    [](config::mapping& to) { to.to.port = 81; },
    [](config::mapping& to) { to.to.h2c = true; },
    [](config::mapping& to) { to.tunnels = {"u"}; },
    [](config::mapping& to) {
      to.tunnels = {"t", "e"};
    },
    [](config::mapping& to) { to.endpoints = {"e"}; },
    [](config::mapping& to) { to.http2 = false; },
    [](config::mapping& to) { to.tls.emplace().server_name = "n"; },
    [](config::mapping& to) { to.match = config::conditions{"/x"}; },
    [](config::mapping& to) {
      to.match = config::conditions{{}, {"PUT"}};
    },
    [](config::mapping& to) {
      to.match = config::conditions{{}, {}, {{"n"}}};
    },
    [](config::mapping& to) {
      to.match = config::conditions{{}, {}, {}, {{"n"}}};
    },
  };
  std::set<uint64_t> all{known};
  for (const auto change : others) {
    auto other = rule;
    change(other);
    CAF_CHECK(all.insert(identity_of(other)).second);
  }
  config::mapping first;
  first.from = {"http", "c.test", 80, ""};
  const route_table table{{first, rule}};
  CAF_CHECK_EQUAL(
    table.find({.scheme = "http", .host = "a.test", .path = "/x"})->identity,
    known);
  CAF_CHECK(table.position_of(known) == size_t{1});
  CAF_CHECK(table.position_of(identity_of(first)) == size_t{0});
  CAF_CHECK(!table.position_of(known + 1));
  CAF_CHECK(!table.with_declared({rule}, {}, 7).position_of(7));
}

CAF_TEST(files for tls are known by their names) {
  config::mapping rule;
  CAF_CHECK_EQUAL(origin_tls_of(rule), 0u);
  rule.tls.emplace().server_name = "n";
  CAF_CHECK_EQUAL(origin_tls_of(rule), 0u);
  rule.tls->ca = "/ca";
  const auto first = origin_tls_of(rule);
  CAF_CHECK(first != 0);
  rule.from.host = "elsewhere";
  CAF_CHECK_EQUAL(origin_tls_of(rule), first);
  rule.tls->cert = "/ca";
  CAF_CHECK(origin_tls_of(rule) != first);
}
