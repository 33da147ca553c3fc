#define CAF_SUITE config.conditions

#include "tests/support/test.hpp"

#include "config/routing/conditions.hpp"

#include "config/host.hpp"
#include "config/routing/routes.hpp"
#include "tests/config/good.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace aps;
using config::good;

namespace {

// The path of `to` is the name of a mapping.
constexpr auto mappings = R"({"servers": {"s": 1}, "mappings": [
  {"from": "http://a.test", "to": "http://t/a"},
  {"from": "http://a.test/x", "to": "http://t/ax"},
  {"from": "http://a.test/x/y", "to": "http://t/axy"},
  {"from": "http://a.test/z/", "to": "http://t/az"},
  {"from": "http://a.test:8080", "to": "http://t/a8080"},
  {"from": "http://a.test:8080/p", "to": "http://t/a8080p"},
  {"from": "https://a.test", "to": "http://t/sa"},
  {"from": "http://*.w.test", "to": "http://t/w"},
  {"from": "http://*.w.test/x", "to": "http://t/wx"},
  {"from": "http://*.deep.w.test", "to": "http://t/deep"},
  {"from": "http://one.w.test/only", "to": "http://t/only"},
  {"from": "http://*.w.test:81", "to": "http://t/w81"},
  {"from": "http://*.W2.Test", "to": "http://t/w2"},
  {"from": "http://bücher.test", "to": "http://t/idn"},
  {"from": "http://*.bücher.test", "to": "http://t/idnw"},
  {"from": "http://*/any", "to": "http://t/any"},
  {"from": "http://*:9000", "to": "http://t/any9000"},
  {"from": "http://[::1]", "to": "http://t/v6"},
  {"from": "http://r.test", "to": "http://t/r"},
  {"from": "http://r.test", "to": "http://t/num",
   "match": {"path_regex": "/item/[0-9]+"}},
  {"from": "http://r.test", "to": "http://t/sub",
   "match": {"path_regex": "/item/([0-9]+)/(?P<what>[a-z]+)/?"}},
  {"from": "http://r.test", "to": "http://t/png",
   "match": {"path_regex": ".*\\.png"}},
  {"from": "http://r.test", "to": "http://t/post-num",
   "match": {"path_regex": "/item/[0-9]+", "methods": "POST"}},
  {"from": "http://r.test/static", "to": "http://t/static"},
  {"from": "http://r.test/static", "to": "http://t/ico",
   "match": {"path_regex": "/static/.*\\.ico"}},
  {"from": "http://m.test", "to": "http://t/m"},
  {"from": "http://m.test", "to": "http://t/put",
   "match": {"methods": ["PUT", "DELETE"]}},
  {"from": "http://m.test/x", "to": "http://t/mx", "match": {"methods": "GET"}},
  {"from": "http://h.test", "to": "http://t/h"},
  {"from": "http://h.test", "to": "http://t/beta",
   "match": {"headers": {"X-Env": "beta"}}},
  {"from": "http://h.test", "to": "http://t/debug",
   "match": {"headers": {"X-Debug": true}}},
  {"from": "http://h.test", "to": "http://t/beta-debug",
   "match": {"headers": {"X-Env": "beta", "X-Debug": true}}},
  {"from": "http://h.test", "to": "http://t/fox",
   "match": {"headers": {"User-Agent": {"regex": ".*Firefox/[0-9]+.*"}}}},
  {"from": "http://h.test/plain", "to": "http://t/no-cookie",
   "match": {"headers": {"Cookie": false}}},
  {"from": "http://q.test", "to": "http://t/q"},
  {"from": "http://q.test", "to": "http://t/v2",
   "match": {"query": {"v": "2"}}},
  {"from": "http://q.test", "to": "http://t/v-any",
   "match": {"query": {"w": true}}},
  {"from": "http://q.test", "to": "http://t/v-num",
   "match": {"query": {"n": {"regex": "[0-9]{1,3}"}}}},
  {"from": "http://q.test/no", "to": "http://t/no-q",
   "match": {"query": {"x": false}}},
  {"from": "http://q.test", "to": "http://t/blank",
   "match": {"query": {"name of it": "a&b"}}},
  {"from": "http://n.test", "to": "http://t/n"},
  {"from": "http://n.test", "to": "http://t/lan",
   "match": {"addresses": ["10.0.0.0/8", "fd00::/8"]}},
  {"from": "http://n.test", "to": "http://t/lan-post",
   "match": {"addresses": ["10.0.0.0/8"], "methods": "POST"}},
  {"from": "http://o.test", "to": "http://t/first",
   "match": {"headers": {"A": true}}},
  {"from": "http://o.test", "to": "http://t/second",
   "match": {"headers": {"B": true}}},
  {"from": "http://o.test", "to": "http://t/third",
   "match": {"query": {"c": true}}}
]})";

struct header_text final : request_fields {
  explicit header_text(std::string from) : text(std::move(from)) {}

  // "name: value" lines, in lower case.
  bool any(std::string_view name,
           const std::function<bool(std::string_view)>& passes) const override {
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const auto colon = line.find(": ");
      if (line.substr(0, colon) == name && passes(line.substr(colon + 2)))
        return true;
    }
    return false;
  }

  std::string text;
};

struct row {
  std::string url;
  std::string expected; ///< "-" = nobody's
  std::string method = "GET";
  std::string headers = "";
  std::string address = "192.0.2.1";
};

struct asked {
  explicit asked(const row& from) : fields(from.headers) {
    const auto mark = from.url.find("://");
    scheme = from.url.substr(0, mark);
    auto rest = from.url.substr(mark + 3);
    const auto slash = std::min(rest.find_first_of("/?"), rest.size());
    authority = rest.substr(0, slash);
    path = rest.substr(slash);
    request.scheme = scheme;
    config::read_authority(authority, request.host, request.port);
    request.path = path;
    request.method = from.method;
    request.address = from.address;
    request.fields = &fields;
  }

  std::string scheme, authority, path;
  header_text fields;
  route_request request;
};

const std::vector<row>& rows() {
  static const std::vector<row> all{
    // hosts, ports, prefixes as ever
    {"http://a.test/", "a"},
    {"http://A.TEST/", "a"},
    {"http://a.test./", "a"},
    {"http://a.test", "a"},
    {"http://a.test?x", "a"},
    {"http://a.test:80/", "a"},
    {"http://a.test:81/", "a"},
    {"http://a.test/x", "ax"},
    {"http://a.test/x?q=/x/y", "ax"},
    {"http://a.test/x/", "ax"},
    {"http://a.test/xx", "a"},
    {"http://a.test/X", "a"},
    {"http://a.test/x/y", "axy"},
    {"http://a.test/x/y/z", "axy"},
    {"http://a.test/x/yy", "ax"},
    {"http://a.test/z", "a"},
    {"http://a.test/z/", "az"},
    {"http://a.test/z/1", "az"},
    {"http://a.test:8080/", "a8080"},
    {"http://a.test:8080/p", "a8080p"},
    {"http://a.test:8080/p/q", "a8080p"},
    // the port before the path
    {"http://a.test:8080/x", "a8080"},
    {"http://a.test:8080/x/y", "a8080"},
    {"http://a.test:8081/x", "ax"},
    {"https://a.test/", "sa"},
    {"https://a.test/x", "sa"},
    {"https://a.test:8443/x", "sa"},
    {"https://a.test:8080/", "sa"},
    // wildcards
    {"http://b.w.test/", "w"},
    {"http://B.W.TEST/", "w"},
    {"http://b.w.test./", "w"},
    {"http://c.b.w.test/", "w"},
    {"http://d.c.b.w.test/", "w"},
    {"http://w.test/", "-"},
    {"http://xw.test/", "-"},
    {"http://.w.test/", "-"},
    {"http://b.w.test/x", "wx"},
    {"http://b.w.test/x/1", "wx"},
    {"http://b.w.test/xy", "w"},
    {"http://b.deep.w.test/", "deep"},
    {"http://c.b.deep.w.test/", "deep"},
    {"http://deep.w.test/", "w"},
    {"http://b.ndeep.w.test/", "w"},
    // the longer wildcard before the path
    {"http://b.deep.w.test/x", "deep"},
    {"http://deep.w.test/x", "wx"},
    // one host before all wildcards, but for what it has
    {"http://one.w.test/only", "only"},
    {"http://one.w.test/only/1", "only"},
    {"http://one.w.test/", "w"},
    {"http://one.w.test/x", "wx"},
    {"http://b.w.test:81/", "w81"},
    {"http://b.w.test:81/x", "w81"},
    {"http://b.w.test:82/x", "wx"},
    {"http://b.deep.w.test:81/", "deep"},
    {"http://one.w.test:81/only", "only"},
    {"http://one.w.test:81/", "w81"},
    {"https://b.w.test/", "-"},
    {"http://a.w2.test/", "w2"},
    {"http://a.W2.test/", "w2"},
    {"http://*.w.test/", "w"},
    // names of other letters
    {"http://xn--bcher-kva.test/", "idn"},
    {"http://XN--BCHER-KVA.test/", "idn"},
    {"http://shop.xn--bcher-kva.test/", "idnw"},
    {"http://bucher.test/", "-"},
    // the default
    {"http://nobody.test/any", "any"},
    {"http://nobody.test/any/1", "any"},
    {"http://nobody.test/", "-"},
    {"http://192.0.2.7/any", "any"},
    {"http://[2001:db8::1]/any", "any"},
    {"http:///any", "any"},
    {"http://*/any", "any"},
    {"http://nobody.test:9000/", "any9000"},
    {"http://nobody.test:9000/any", "any9000"},
    {"http://nobody.test:9001/any", "any"},
    {"http://a.test/any", "a"},
    {"http://a.test:9000/any", "a"},
    {"http://w.test/any", "any"},
    {"http://b.w.test/any", "w"},
    {"http://b.w.test:9000/", "w"},
    {"https://nobody.test/any", "-"},
    {"http://[::1]/", "v6"},
    {"http://[0:0::1]/", "v6"},
    {"http://[::1]:81/any", "v6"},
    {"http://[::2]/any", "any"},
    // patterns of paths
    {"http://r.test/", "r"},
    {"http://r.test/item/1", "num"},
    {"http://r.test/item/123?x=/a", "num"},
    {"http://r.test/item/", "r"},
    {"http://r.test/item/1/", "r"},
    {"http://r.test/item/x", "r"},
    {"http://r.test/x/item/1", "r"},
    {"http://r.test/item/1/abc", "sub"},
    {"http://r.test/item/1/abc/", "sub"},
    {"http://r.test/item/1/ABC", "r"},
    {"http://r.test/item/1/abc/d", "r"},
    {"http://r.test/a.png", "png"},
    {"http://r.test/a/b/c.png", "png"},
    {"http://r.test/a.png?v=1", "png"},
    {"http://r.test/a.png.gz", "r"},
    {"http://r.test/a?b.png", "r"},
    {"http://r.test/item/1", "post-num", "POST"},
    {"http://r.test/item/1", "num", "PUT"},
    {"http://r.test/item/x", "r", "POST"},
    // a longer path before a pattern, and a pattern before none
    {"http://r.test/static/a.png", "static"},
    {"http://r.test/static", "static"},
    {"http://r.test/static/a.ico", "ico"},
    {"http://r.test/static/b/a.ico", "ico"},
    {"http://r.test/statics/a.ico", "r"},
    {"http://r.test:81/item/1", "num"},
    // methods
    {"http://m.test/", "m"},
    {"http://m.test/", "m", "POST"},
    {"http://m.test/", "put", "PUT"},
    {"http://m.test/", "put", "DELETE"},
    {"http://m.test/", "m", "put"},
    {"http://m.test/x", "mx"},
    {"http://m.test/x", "m", "HEAD"},
    {"http://m.test/x", "put", "PUT"},
    {"http://m.test/x/1", "mx"},
    {"http://m.test/x", "m", "OPTIONS"},
    // header fields
    {"http://h.test/", "h"},
    {"http://h.test/", "beta", "GET", "x-env: beta"},
    {"http://h.test/", "h", "GET", "x-env: Beta"},
    {"http://h.test/", "h", "GET", "x-env: beta2"},
    {"http://h.test/", "h", "GET", "x-env: "},
    {"http://h.test/", "beta", "GET", "x-env: alpha\nx-env: beta"},
    {"http://h.test/", "debug", "GET", "x-debug: 1"},
    {"http://h.test/", "debug", "GET", "x-debug: "},
    {"http://h.test/", "beta-debug", "GET", "x-debug: 0\nx-env: beta"},
    {"http://h.test/", "fox", "GET", "user-agent: Mozilla Firefox/99 x"},
    {"http://h.test/", "h", "GET", "user-agent: Mozilla Chrome/99 x"},
    // as many conditions: the first in the file
    {"http://h.test/", "beta", "GET", "user-agent: Firefox/9\nx-env: beta"},
    {"http://h.test/", "debug", "GET", "user-agent: Firefox/9\nx-debug: 1"},
    {"http://h.test/plain", "no-cookie"},
    {"http://h.test/plain", "h", "GET", "cookie: a=b"},
    {"http://h.test/plain", "beta", "GET", "cookie: a=b\nx-env: beta"},
    // a longer path before more conditions
    {"http://h.test/plain", "no-cookie", "GET", "x-debug: 1\nx-env: beta"},
    // parameters
    {"http://q.test/", "q"},
    {"http://q.test/?v=2", "v2"},
    {"http://q.test?v=2", "v2"},
    {"http://q.test/?v=3", "q"},
    {"http://q.test/?v=22", "q"},
    {"http://q.test/?V=2", "q"},
    {"http://q.test/?v=%32", "v2"},
    {"http://q.test/?%76=2", "v2"},
    {"http://q.test/?a=1&v=2&b=3", "v2"},
    {"http://q.test/?v=1&v=2", "v2"},
    {"http://q.test/?w", "v-any"},
    {"http://q.test/?w=", "v-any"},
    {"http://q.test/?w=1", "v-any"},
    {"http://q.test/?ww", "q"},
    {"http://q.test/?n=12", "v-num"},
    {"http://q.test/?n=1234", "q"},
    {"http://q.test/?n=1a", "q"},
    {"http://q.test/?n=", "q"},
    {"http://q.test/?name+of%20it=a%26b", "blank"},
    {"http://q.test/?name+of+it=a&b", "q"},
    {"http://q.test/no", "no-q"},
    {"http://q.test/no?y", "no-q"},
    {"http://q.test/no?x", "q"},
    {"http://q.test/no?x&v=2", "v2"},
    {"http://q.test/?v=2&w=1", "v2"},
    {"http://q.test/?&&=&v=2", "v2"},
    {"http://q.test/?v", "q"},
    {"http://q.test/?v=%2", "q"},
    // addresses
    {"http://n.test/", "n"},
    {"http://n.test/", "lan", "GET", "", "10.1.2.3"},
    {"http://n.test/", "lan", "GET", "", "::ffff:10.1.2.3"},
    {"http://n.test/", "lan", "GET", "", "fd00::1"},
    {"http://n.test/", "n", "GET", "", "fe80::1"},
    {"http://n.test/", "n", "GET", "", ""},
    {"http://n.test/", "n", "GET", "", "unknown"},
    {"http://n.test/", "lan-post", "POST", "", "10.1.2.3"},
    {"http://n.test/", "lan", "POST", "", "fd00::1"},
    {"http://n.test/", "n", "POST", "", "11.0.0.1"},
    // a mapping with conditions alone is nobody else's
    {"http://o.test/", "-"},
    {"http://o.test/any", "any"},
    {"http://o.test/", "first", "GET", "a: 1"},
    {"http://o.test/", "second", "GET", "b: 1"},
    {"http://o.test/", "first", "GET", "b: 1\na: 1"},
    {"http://o.test/?c", "third"},
    {"http://o.test/?c", "second", "GET", "b: 1"},
  };
  return all;
}

std::string name_of(const route* found) {
  return found ? found->rule.to.path.substr(1) : "-";
}

/// Whether a mapping alone takes a request: all others taken away.
struct alone {
  explicit alone(const config::mapping& rule) : table({rule}) {}
  route_table table;
};

} // namespace

CAF_TEST(the most special mapping wins) {
  CAF_CHECK_GREATER_OR_EQUAL(rows().size(), 150u);
  const route_table uut{good(mappings).mappings};
  for (const auto& each : rows()) {
    const asked of{each};
    const auto found = uut.find(of.request);
    CAF_MESSAGE(each.method << " " << each.url << " " << each.headers);
    CAF_CHECK_EQUAL(name_of(found.get()), each.expected);
    const auto all = uut.matches(of.request);
    CAF_CHECK_EQUAL(name_of(all.empty() ? nullptr : all.front().get()),
                    each.expected);
  }
}

CAF_TEST(ten thousand requests go to the most special of those that match) {
  const auto rules = good(mappings).mappings;
  const route_table uut{rules};
  std::vector<alone> single(rules.begin(), rules.end());
  std::mt19937 random{7};
  const auto pick
    = [&](const auto& from) { return from[random() % std::size(from)]; };
  const char* hosts[] = {"a.test", "b.w.test", "c.deep.w.test", "one.w.test",
                         "r.test", "m.test",   "h.test",        "q.test",
                         "n.test", "o.test",   "x.test",        "a.w2.test"};
  const char* ports[] = {"", "", ":80", ":81", ":8080", ":9000"};
  const char* paths[]
    = {"/",   "/x",     "/x/y",          "/item/7", "/any", "/item/7/ab",
       "/no", "/plain", "/static/a.ico", "/a.png",  "/p",   "/only"};
  const char* queries[] = {"", "?v=2", "?w&n=5", "?x", "?c", "?n=5&v=2"};
  const char* fields[] = {"",         "x-env: beta", "x-debug: 1",
                          "a: 1",     "b: 1\na: 1",  "x-env: beta\nx-debug: 1",
                          "cookie: x"};
  const char* methods[] = {"GET", "GET", "POST", "PUT"};
  const char* addresses[] = {"192.0.2.1", "10.0.0.1", "fd00::1"};
  std::map<std::string, int> met;
  for (int i = 0; i < 10'000; ++i) {
    const row request{"http://" + std::string{pick(hosts)} + pick(ports)
                        + pick(paths) + pick(queries),
                      "", pick(methods), pick(fields), pick(addresses)};
    const asked of{request};
    std::optional<size_t> best;
    size_t count = 0;
    for (size_t rule = 0; rule < rules.size(); ++rule) {
      if (!single[rule].table.find(of.request))
        continue;
      ++count;
      if (!best
          || precedence_of({rule, rules[rule]})
               > precedence_of({*best, rules[*best]}))
        best = rule;
    }
    const auto found = uut.find(of.request);
    const auto all = uut.matches(of.request);
    CAF_REQUIRE_EQUAL(all.size(), count);
    CAF_REQUIRE_EQUAL(found != nullptr, best.has_value());
    if (!found)
      continue;
    CAF_REQUIRE_EQUAL(found->index, *best);
    CAF_REQUIRE(
      std::is_sorted(all.begin(), all.end(), [](const auto& x, const auto& y) {
        return precedence_of(*x) > precedence_of(*y);
      }));
    ++met[name_of(found.get())];
  }
  CAF_CHECK_GREATER(met.size(), 30u);
}

CAF_TEST(another spelling does not evade a pattern) {
  const route_table uut{good(R"({"servers": {"s": 1}, "mappings": [
    {"from": "http://e.test", "to": "http://t/all"},
    {"from": "http://e.test", "to": "http://t/admin",
     "match": {"path_regex": "/admin(/.*)?"}},
    {"from": "http://e.test", "to": "http://t/post",
     "match": {"path_regex": "/form/[a-z]+", "methods": "POST"}}]})")
                          .mappings};
  const auto find = [&](const std::string& path, std::string method = "GET") {
    return name_of(
      find_route(
        uut,
        {.scheme = "http", .host = "e.test", .path = path, .method = method})
        .get());
  };
  CAF_CHECK_EQUAL(find("/admin"), "admin");
  CAF_CHECK_EQUAL(find("/admin/x"), "admin");
  CAF_CHECK_EQUAL(find("/administration"), "all");
  for (const auto* path : {"/%61dmin", "//admin", "/./admin/x", "/admin;x",
                           "/admin%2fx", "/x/..;/admin", "/%2561dmin"}) {
    CAF_MESSAGE(path);
    CAF_CHECK_EQUAL(find(path), "-");
  }
  // No pattern keeps a path that climbs.
  CAF_CHECK_EQUAL(find("/admin/..%2fx"), "-");
  CAF_CHECK_EQUAL(find("/admin/%2e%2e/x"), "-");
  // Only what the method makes another mapping is refused.
  CAF_CHECK_EQUAL(find("/form/%61bc"), "all");
  CAF_CHECK_EQUAL(find("/form/%61bc", "POST"), "-");
  CAF_CHECK_EQUAL(find("/form/abc", "POST"), "post");
}

CAF_TEST(declared mappings stand behind configured ones that are as special) {
  const auto file = good(R"({"servers": {"s": 1}, "mappings": [
    {"from": "http://*.apps.test", "to": "http://t/file-any"},
    {"from": "http://mine.apps.test", "to": "http://t/file-mine"}]})");
  const auto agents = good(R"({"servers": {"s": 1}, "mappings": [
    {"from": "http://mine.apps.test", "to": "http://t/other-mine"},
    {"from": "http://mine.apps.test/sub", "to": "http://t/sub"},
    {"from": "http://new.apps.test", "to": "http://t/new"}]})");
  const route_table configured{file.mappings};
  const auto both = configured.with_declared(agents.mappings, {}, 1000);
  const auto find
    = [](const route_table& in, std::string_view host, std::string_view path) {
        return in.find({"http", host, 0, path});
      };
  CAF_CHECK_EQUAL(name_of(find(both, "mine.apps.test", "/").get()),
                  "file-mine");
  CAF_CHECK_EQUAL(name_of(find(both, "mine.apps.test", "/sub").get()), "sub");
  CAF_CHECK_EQUAL(name_of(find(both, "new.apps.test", "/").get()), "new");
  CAF_CHECK_EQUAL(find(both, "new.apps.test", "/")->index, 1002u);
  CAF_CHECK_EQUAL(name_of(find(both, "old.apps.test", "/").get()), "file-any");
  CAF_CHECK_EQUAL(name_of(find(configured, "new.apps.test", "/").get()),
                  "file-any");
  const auto all = both.matches({"http", "mine.apps.test", 0, "/sub"});
  std::string names;
  for (const auto& each : all)
    names += name_of(each.get()) + " ";
  CAF_CHECK_EQUAL(names, "sub file-mine other-mine file-any ");
  CAF_CHECK(both.has_choice("http", "new.apps.test", 0));
  CAF_CHECK(!configured.has_choice("http", "new.apps.test", 0));
}

CAF_TEST(what keeps a mapping from a request is told) {
  const auto file = good(mappings);
  const auto why = [&](size_t index, const row& request) {
    const asked of{request};
    return route_conditions{*file.mappings[index].match}.why_not(of.request);
  };
  CAF_CHECK_EQUAL(why(19, {"http://r.test/x", ""}),
                  "the path does not fit match.path_regex");
  CAF_CHECK_EQUAL(why(22, {"http://r.test/item/1", ""}),
                  "not a method of match.methods");
  CAF_CHECK_EQUAL(why(29, {"http://h.test/", ""}),
                  "match.headers asks for x-env = beta");
  CAF_CHECK_EQUAL(why(35, {"http://q.test/", ""}),
                  "match.query asks for v = 2");
  CAF_CHECK_EQUAL(why(41, {"http://n.test/", ""}),
                  "the visitor is none of match.addresses");
  CAF_CHECK_EQUAL(why(35, {"http://q.test/?v=2", ""}), "");
}

namespace {

/// Somebody with a name and groups.
struct somebody final : request_user {
  somebody(std::string is, std::vector<std::string> in)
      : name(std::move(is)), groups(std::move(in)) {}

  bool is_among(const std::vector<std::string>& users,
                const std::vector<std::string>& of) const override {
    const auto has = [](const auto& list, const auto& word) {
      return std::find(list.begin(), list.end(), word) != list.end();
    };
    return has(users, name)
           || std::any_of(groups.begin(), groups.end(),
                          [&](const auto& each) { return has(of, each); });
  }

  std::string name;
  std::vector<std::string> groups;
};

} // namespace

CAF_TEST(who asks chooses between mappings) {
  const auto all = good(R"({"servers": {"s": 1},
    "auth": {"users": {"alice": {"password": "p", "groups": "dev"},
                       "bob": {"password": "p"}}},
    "mappings": [
    {"from": "http://u.test", "to": "http://t/anybody"},
    {"from": "http://u.test", "to": "http://t/alice",
     "match": {"users": "alice"}},
    {"from": "http://u.test", "to": "http://t/dev",
     "match": {"groups": ["dev"], "methods": "POST"}},
    {"from": "http://u.test/bob", "to": "http://t/bob",
     "match": {"users": "bob", "groups": "dev"}}]})");
  const route_table uut{all.mappings};
  const somebody alice{"alice", {"dev"}};
  const somebody bob{"bob", {}};
  const auto won = [&](const request_user* user, std::string_view path,
                       std::string_view method = "GET") {
    return name_of(uut
                     .find({.scheme = "http",
                            .host = "u.test",
                            .path = path,
                            .method = method,
                            .user = user})
                     .get());
  };
  CAF_CHECK_EQUAL(won(nullptr, "/"), "anybody");
  CAF_CHECK_EQUAL(won(&alice, "/"), "alice");
  CAF_CHECK_EQUAL(won(&bob, "/"), "anybody");
  CAF_CHECK_EQUAL(won(&alice, "/", "POST"), "dev");
  CAF_CHECK_EQUAL(won(&bob, "/bob"), "bob");
  CAF_CHECK_EQUAL(won(&alice, "/bob"), "bob");
  CAF_CHECK_EQUAL(won(nullptr, "/bob"), "anybody");
  CAF_CHECK_EQUAL(route_conditions{*all.mappings[1].match}.why_not(
                    {.scheme = "http", .host = "u.test", .path = "/"}),
                  "the visitor is none of match.users and match.groups");
}
