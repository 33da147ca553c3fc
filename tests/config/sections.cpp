#define CAF_SUITE config.sections

#include "tests/support/test.hpp"

#include "tests/config/bounds.hpp"
#include "tests/config/good.hpp"

#include "config/sections.hpp"

using namespace aps::config;

CAF_TEST(limits have defaults and trusted is a list of networks) {
  CAF_CHECK(good(R"({"servers": {"a": 1}})").limits == limits{});
  const auto all = good(R"({"servers": {"a": 1}, "limits": {
    "max_connections": 5, "trusted": ["10.0.0.0/8", "::1", "192.0.2.7"]}})");
  CAF_CHECK_EQUAL(all.limits.max_connections, 5u);
  CAF_CHECK_EQUAL(all.limits.trusted.size(), 3u);
}

CAF_TEST(the http of a server goes over the common one) {
  const auto all = good(R"({
    "http": {"max_headers": 50, "idle_timeout": 10},
    "servers": {"a": 1, "b": {"port": 2, "http": {"idle_timeout": 20}}}})");
  CAF_CHECK_EQUAL(all.servers.at("a").http.max_headers, 50u);
  CAF_CHECK_EQUAL(all.servers.at("a").http.idle_timeout.count(), 10.0);
  CAF_CHECK_EQUAL(all.servers.at("b").http.max_headers, 50u);
  CAF_CHECK_EQUAL(all.servers.at("b").http.idle_timeout.count(), 20.0);
  CAF_CHECK_EQUAL(all.servers.at("b").http.header_timeout.count(), 30.0);
}

CAF_TEST(via takes a name or a list and may be absent) {
  const auto all = good(R"({"servers": {"s": 1},
    "tunnels": {"t": {"password": "p"}, "u": {"password": "p"}},
    "mappings": [
      {"from": "http://a", "to": "http://b",
       "via": {"tunnels": "t", "endpoints": "e"}},
      {"from": "http://a2", "to": "http://b",
       "via": {"tunnels": ["u", "t"], "endpoints": ["e", "f"]}},
      {"from": "http://a3", "to": "http://b"}]})");
  using names = std::vector<std::string>;
  CAF_REQUIRE_EQUAL(all.mappings.size(), 3u);
  CAF_CHECK_EQUAL(all.mappings[0].tunnels, names{"t"});
  CAF_CHECK_EQUAL(all.mappings[0].endpoints, names{"e"});
  CAF_CHECK_EQUAL(all.mappings[1].tunnels, (names{"u", "t"}));
  CAF_CHECK_EQUAL(all.mappings[1].endpoints, (names{"e", "f"}));
  CAF_CHECK(all.mappings[2].tunnels.empty());
}

CAF_TEST(an empty admin means the default address) {
  CAF_CHECK(good(R"({"servers": {"s": 1}, "admin": {}})").admin == admin{});
}

CAF_TEST(limits say what they allow) {
  const std::string network
    = "an IP address, or a network such as \"10.0.0.0/8\" or \"fd00::/8\"";
  check({
    {with(R"("limits": {"max_connections": 0})"),
     {"$.limits.max_connections", "the number 0", "an integer from 1 to 1000000", ""}},
    {with(R"("limits": {"address_share": 101})"),
     {"$.limits.address_share", "the number 101", "an integer from 1 to 100", ""}},
    {with(R"("limits": {"trusted": "10.0.0.0/8"})"),
     {"$.limits.trusted", "the string \"10.0.0.0/8\"", "a list of networks",
      ""}},
    {with(R"("limits": {"trusted": ["::1", "10.0.0.1/8"]})"),
     {"$.limits.trusted[1]", "the string \"10.0.0.1/8\"", network, ""}},
  });
}

CAF_TEST(an endpoint needs its tunnel) {
  const std::string names = "a name or a list of names";
  check({
    {with_mapping(R"({"from": "http://a", "to": "http://b",
                      "via": {"endpoints": "e"}})"),
     {"$.mappings[0].via.tunnels", "nothing", names, ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b", "via": {}})"),
     {"$.mappings[0].via.tunnels", "nothing", names, ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b",
                      "via": {"tunnels": []}})"),
     {"$.mappings[0].via.tunnels", "a list of 0 elements", names, ""}},
  });
}

CAF_TEST(URLs say what is wrong with them) {
  check({
    {with_mapping(R"({"from": "example.com", "to": "http://b"})"),
     {"$.mappings[0].from", "the string \"example.com\" (no scheme)", url_rule,
      ""}},
    {with_mapping(R"({"from": "http://a", "to": "http://b/*"})"),
     {"$.mappings[0].to",
      "the string \"http://b/*\" (a \"*\" that does not end a \"from\")",
      target_rule, ""}},
    {with_mapping(R"({"from": "http://a"})"),
     {"$.mappings[0].to", "nothing", target_rule, ""}},
    {with_mapping(R"({"from": 7, "to": "http://b"})"),
     {"$.mappings[0].from", "the number 7", url_rule, ""}},
    {with_mapping(R"({"from": "http://u:secret@a", "to": "http://b"})"),
     {"$.mappings[0].from", "a string of 17 characters (a user or password)",
      url_rule, ""}},
  });
}

CAF_TEST(checks of targets are read strictly) {
  const auto checked = [](const std::string& health) {
    return with_mapping(R"({"from": "http://a", "to": "http://b",
                            "via": {"tunnels": "tunnel1"}, "health": )"
                        + health + "}");
  };
  const std::string at = "$.mappings[0].health";
  const std::string status
    = "a status from 200 to 599, \"2xx\" to \"5xx\", or a list of these";
  const std::string path
    = "a path such as \"/healthz\": visible ASCII without #";
  check({
    {checked("true"), {at, "true", "an object", ""}},
    {checked(R"({"path": "healthz"})"),
     {at + ".path", "the string \"healthz\"", path, ""}},
    {checked(R"({"path": "/a b"})"),
     {at + ".path", "the string \"/a b\"", path, ""}},
    {checked(R"({"path": 7})"), {at + ".path", "the number 7", path, ""}},
    {checked(R"({"expect": 199})"),
     {at + ".expect", "the number 199", status, ""}},
    {checked(R"({"expect": "1xx"})"),
     {at + ".expect", "the string \"1xx\"", status, ""}},
    {checked(R"({"expect": []})"),
     {at + ".expect", "an empty list", status, ""}},
    {checked(R"({"expect": [200, "200"]})"),
     {at + ".expect[1]", "the string \"200\"", status, ""}},
    {checked(R"({"intervall": 5})"),
     {at + ".intervall", "an unknown key",
      "one of path, interval, timeout, expect, fall, rise", "interval"}},
    {with_mapping(R"({"from": "http://a", "to": "http://b", "health": {}})"),
     {at, "an object",
      "nothing, because without `via` no other agent could be asked", ""}},
  });
}

CAF_TEST(a check has defaults and expects what it says) {
  const auto all = std::get<node>(parse(with_mapping(
    R"({"from": "http://a", "to": "http://b", "via": {"tunnels": "tunnel1"},
        "health": {"expect": [204, "3xx"]}})")));
  const auto& check = *all.mappings.at(0).health;
  CAF_CHECK_EQUAL(check.path, "/");
  CAF_CHECK(check.interval == seconds{5} && check.timeout == seconds{2});
  CAF_CHECK(check.fall == 3 && check.rise == 2);
  CAF_CHECK(!check.expects(200) && check.expects(204) && check.expects(399));
  CAF_CHECK(health_check{}.expects(200) && !health_check{}.expects(404));
}

CAF_TEST(each number of the visitors has its bounds) {
  bounds([](const std::string& keys) {
    return with("\"http\": {" + keys + "}");
  }, {
    {"max_header_bytes", 256, 16777216, R"("max_headers": 1)"},
    {"max_headers", 1, 10000, R"("max_header_bytes": 16777216)"},
    {"max_body_bytes", 0, 9007199254740991},
    {"min_receive_rate", 0, 1000000000},
    {"min_send_rate", 0, 1000000000},
    {"discard_bytes", 0, 9007199254740991},
  });
}

CAF_TEST(each number of the other sections has its bounds) {
  const auto inside = [](const std::string& section) {
    return [section](const std::string& keys) {
      return with("\"" + section + "\": {" + keys + "}");
    };
  };
  bounds(inside("limits"), {
                             {"max_connections", 1, 1000000},
                             {"max_connections_per_address", 1, 1000000},
                             {"max_unauthenticated", 1, 1000000},
                             {"max_unauthenticated_per_address", 1, 1000000},
                             {"max_handshakes_per_address", 0, 1000000},
                             {"address_share", 1, 100},
                           });
  bounds(inside("admin"), {{"port", 0, 65535}, {"keep_exchanges", 0, 100000}});
  bounds(inside("io"), {{"threads", 0, 256}});
  bounds(inside("targets"), {{"min_rate", 0, 1000000}});
  bounds([](const std::string& keys) {
    return R"({"servers": {"s": {)" + keys + "}}}";
  }, {{"port", 0, 65535}});
}

CAF_TEST(only some times may be off) {
  const auto told = [](const std::string& section, const std::string& key) {
    return all(wrong(with("\"" + section + "\": {\"" + key + "\": 0}")));
  };
  for (const std::string key : {"write_timeout", "continue_timeout"})
    CAF_CHECK_EQUAL(told("http", key), "");
  for (const std::string key :
       {"header_timeout", "body_timeout", "idle_timeout", "first_byte_timeout",
        "half_close_timeout", "discard_timeout"})
    CAF_CHECK_EQUAL(told("http", key),
                    "$.http." + key + ": found the number 0, allowed seconds "
                                      "from 0.001 to 604800\n");
  for (const std::string key : {"read_timeout", "send_timeout"})
    CAF_CHECK_EQUAL(told("targets", key), "");
  CAF_CHECK_EQUAL(told("targets", "connect_timeout"),
                  "$.targets.connect_timeout: found the number 0, allowed "
                  "seconds from 0.001 to 604800\n");
}

CAF_TEST(a DNS server is an address and perhaps a port) {
  for (const auto* good : {"192.0.2.1", "192.0.2.1:1", "192.0.2.1:65535", "::1",
                           "[::1]:53", "2001:db8::1"})
    CAF_CHECK(is_dns_server(good));
  for (const auto* bad :
       {"", "dns.example.com", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
        "192.0.2.1:053x", "192.0.2.1:999999", "[::1]", "[::1:53", "::1]:53",
        "[192.0.2.1]:53", ":53", "192.0.2.1:-1", "192.0.2:53"})
    CAF_CHECK(!is_dns_server(bad));
}

CAF_TEST(visitors stick to what a mapping says) {
  const auto sticky = [](const std::string& by) {
    return with_mapping(R"({"from": "http://a", "to": "http://b", "via":
      {"tunnels": "tunnel1", "balance": "sticky", "sticky_by": )" + by + "}}");
  };
  const auto read = [&](const std::string& by) {
    return good(sticky("\"" + by + "\"")).mappings.at(0);
  };
  using kind = stickiness::kind;
  CAF_CHECK(read("address").balance == balance::sticky);
  CAF_CHECK(read("address").sticky_by == (stickiness{kind::address, ""}));
  CAF_CHECK(read("cookie:sid").sticky_by == (stickiness{kind::cookie, "sid"}));
  CAF_CHECK(read("header:X-A").sticky_by == (stickiness{kind::header, "X-A"}));
  for (const auto* bad : {"\"cookie\"", "\"cookie:\"", "\"cookie:a b\"",
                          "\"query:a\"", "\"address:x\"", "\"\"", "7"})
    CAF_CHECK_EQUAL(wrong(sticky(bad)).size(), 1u);
}

CAF_TEST(every way to balance has its word) {
  for (const auto how : {balance::least_loaded, balance::round_robin,
                         balance::latency, balance::random, balance::sticky}) {
    const auto all = good(with_mapping(
      R"({"from": "http://a", "to": "http://b", "via": {"tunnels": "tunnel1",
          "balance": ")" + std::string{to_string(how)} + "\"}}"));
    CAF_CHECK(all.mappings.at(0).balance == how);
  }
}

CAF_TEST(a check expects what stands in its list and no more) {
  const auto expect = [](const std::string& value) {
    return good(with_mapping(R"({"from": "http://a", "to": "http://b", "via":
      {"tunnels": "tunnel1"}, "health": {"expect": )" + value + "}}"))
      .mappings.at(0).health.value();
  };
  const auto one = expect("200");
  CAF_CHECK(one.expects(200) && !one.expects(199) && !one.expects(201));
  const auto group = expect("\"5xx\"");
  CAF_CHECK(group.expects(500) && group.expects(599));
  CAF_CHECK(!group.expects(499) && !group.expects(600));
  CAF_CHECK(expect("599").expects(599));
}

CAF_TEST(a path of a check is as long as it may be) {
  const auto told = [](size_t bytes) {
    return wrong(with_mapping(R"({"from": "http://a", "to": "http://b", "via":
      {"tunnels": "tunnel1"}, "health": {"path": "/)"
      + std::string(bytes - 1, 'p') + "\"}}"));
  };
  CAF_CHECK(told(1024).empty());
  CAF_CHECK_EQUAL(told(1025).size(), 1u);
}

CAF_TEST(whoever is not on this host needs the token) {
  const auto told = [](const std::string& keys) {
    return all(wrong(with("\"admin\": {" + keys + "}")));
  };
  for (const auto* fine : {R"("host": "127.0.0.9")", R"("host": "::1")",
                           R"("host": "localhost")",
                           R"("host": "0.0.0.0", "token": "t")"})
    CAF_CHECK_EQUAL(told(fine), "");
  CAF_CHECK_EQUAL(told(R"("host": "0.0.0.0")"),
                  "$.admin.token: found nothing, allowed a secret, because "
                  "0.0.0.0 is not a loopback address\n");
}

CAF_TEST(grpc is off unless it is named) {
  CAF_CHECK(!good(with(R"("admin": {})")).admin->grpc);
  const auto found = good(with(R"("admin": {"grpc": {}})")).admin->grpc;
  CAF_CHECK(found == admin_grpc{});
  CAF_CHECK_EQUAL(found->host, "127.0.0.1");
  bounds(
    [](const std::string& keys) {
      return with("\"admin\": {\"grpc\": {" + keys + "}}");
    },
    {{"port", 0, 65535}});
}

CAF_TEST(grpc beyond this host needs the token and tls) {
  const auto told = [](const std::string& keys) {
    return all(wrong(with("\"admin\": {" + keys + "}")));
  };
  const std::string why
    = ", because $.admin.grpc.host 0.0.0.0 is not a loopback address\n";
  const std::string open = R"("grpc": {"host": "0.0.0.0")";
  const std::string tls = R"(, "tls": {"cert": "c", "key": "k"})";
  CAF_CHECK_EQUAL(told(R"("token": "t", )" + open + tls + "}"), "");
  CAF_CHECK_EQUAL(told(R"("grpc": {"host": "::1"})"), "");
  CAF_CHECK_EQUAL(told(open + "}"),
                  "$.admin.token: found nothing, allowed a secret" + why
                    + "$.admin.grpc.tls: found nothing, allowed cert and key"
                    + why);
  CAF_CHECK_EQUAL(told(open + tls + "}"),
                  "$.admin.token: found nothing, allowed a secret" + why);
  CAF_CHECK_EQUAL(told(R"("token": "t", )" + open + "}"),
                  "$.admin.grpc.tls: found nothing, allowed cert and key"
                    + why);
  // What is wrong with it is told once.
  CAF_CHECK_EQUAL(told(R"("token": "t", )" + open + R"(, "tls": 5})"),
                  "$.admin.grpc.tls: found the number 5, allowed an object\n");
}

CAF_TEST(a token is what a header can carry) {
  const auto told = [](const std::string& token) {
    return wrong(with("\"admin\": {\"token\": \"" + token + "\"}"));
  };
  for (const auto* fine : {"t", "two words", "\xc3\xa4", "~!"})
    CAF_CHECK(told(fine).empty());
  for (const auto* bad : {" t", "t ", "a\\u0000b", "a\\nb", "\\u007f", "\\t"})
    CAF_CHECK_EQUAL(told(bad).size(), 1u);
  CAF_CHECK_EQUAL(all(told("geheim ")).find("geheim"), std::string::npos);
}

CAF_TEST(a component of the log has a level of its own) {
  const auto all = good(with(
    R"("log": {"level": "error", "components": {"tunnel": "debug"}})"));
  CAF_CHECK_EQUAL(all.log.level, "error");
  CAF_CHECK_EQUAL(all.log.components.size(), 1u);
  CAF_CHECK_EQUAL(all.log.components.at("tunnel"), "debug");
  CAF_CHECK_EQUAL(
    wrong(with(R"("log": {"components": {"tunnel": "loud"}})")).size(), 1u);
  CAF_CHECK_EQUAL(
    wrong(with(R"("log": {"components": {"tunnels": "info"}})")).size(), 1u);
}

CAF_TEST(networks that are there replace those before) {
  const auto all = good(R"({"trusted_proxies": ["10.0.0.0/8"],
    "servers": {"a": 1, "b": {"port": 2, "trusted_proxies": []},
                "c": {"port": 3, "trusted_proxies": ["::1"]}}})");
  using list = std::vector<std::string>;
  CAF_CHECK_EQUAL(all.servers.at("a").trusted_proxies, list{"10.0.0.0/8"});
  CAF_CHECK_EQUAL(all.servers.at("b").trusted_proxies, list{});
  CAF_CHECK_EQUAL(all.servers.at("c").trusted_proxies, list{"::1"});
}

CAF_TEST(what stands in every file is looked at) {
  CAF_CHECK_EQUAL(all(wrong(with(R"("$schema": "x", "include": ["a"])"))), "");
  check({
    {with(R"("$schema": 7)"), {"$.$schema", "the number 7", "a string", ""}},
    {with(R"("include": "a")"),
     {"$.include", "the string \"a\"",
      "a list of files, such as [\"conf.d/*.json\"]", ""}},
    {with(R"("include": ["a", ""])"),
     {"$.include[1]", "the string \"\"", "a file's name or pattern", ""}},
  });
}
