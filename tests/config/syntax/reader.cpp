#define CAF_SUITE config.reader

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

#include "config/syntax/reader.hpp"

#include <tuple>

using namespace aps::config;

CAF_TEST(unknown keys come with the nearest known one) {
  const std::string pool_keys
    = "enabled, pool_size, max_pool_size, idle_timeout, max_lifetime, "
      "max_requests_per_connection, max_waiting, acquire_timeout, "
      "ping_interval, stall_timeout, ping_timeout, target_utilization, "
      "utilization_hysteresis, growth_cooldown, lifetime_grace, "
      "ejection_failures, ejection_time, max_ejection_percent, "
      "restart_intensity, restart_window";
  check({
    {with_tunnel(R"("websocket_pool": {"poolsize": 1})"),
     {"$.tunnels.t.websocket_pool.poolsize", "an unknown key",
      "one of " + pool_keys + ", fallback_enabled, fallback_threshold",
      "pool_size"}},
    {with_tunnel(R"("grpc_pool": {"fallback_enabled": true})"),
     {"$.tunnels.t.grpc_pool.fallback_enabled", "an unknown key",
      "one of " + pool_keys, ""}},
    {with(R"("admin": {"prt": 1})"),
     {"$.admin.prt", "an unknown key",
      "one of host, port, token, keep_exchanges, actor_metrics, grpc", "port"}},
    {with(R"("tunels": {})"),
     {"$.tunels", "an unknown key",
      "one of $schema, include, http, trusted_proxies, servers, tunnels, "
      "mappings, "
      "admin, log, io, limits, dns, targets",
      "tunnels"}},
    {with(R"("log": {"LEVEL": "info"})"),
     {"$.log.LEVEL", "an unknown key",
      "one of level, format, requests, components", "level"}},
    {with(R"("admin": {"quite else": 1})"),
     {"$.admin[\"quite else\"]", "an unknown key",
      "one of host, port, token, keep_exchanges, actor_metrics, grpc", ""}},
  });
}

CAF_TEST(types and ranges) {
  check({
    {"[]", {"$", "a list of 0 elements", "an object", ""}},
    {R"({"servers": {"s": 65536}})",
     {"$.servers.s", "the number 65536", "a port from 0 to 65535", ""}},
    {R"({"servers": {"s": -1}})",
     {"$.servers.s", "the number -1", "a port from 0 to 65535", ""}},
    {R"({"servers": {"s": true}})",
     {"$.servers.s", "true", "a port number or an object", ""}},
    {R"({"servers": {"s": {"port": "80"}}})",
     {"$.servers.s.port", "the string \"80\"", "an integer from 0 to 65535",
      ""}},
    {R"({"servers": {"s": {"port": 80, "host": "example.com"}}})",
     {"$.servers.s.host", "the string \"example.com\"",
      "an IP address or \"localhost\"", ""}},
    {with(R"("admin": null)"), {"$.admin", "null", "an object", ""}},
    {with(R"("mappings": {})"),
     {"$.mappings", "an object", "a list of mappings", ""}},
    {with(R"("io": {"threads": 1.5})"),
     {"$.io.threads", "the number 1.5", "an integer from 0 to 256", ""}},
    {with(R"("dns": {"servers": "dns.example.com"})"),
     {"$.dns.servers", "\"dns.example.com\"",
      "an IP address, with :PORT unless it is 53", ""}},
    {with(R"("log": {"level": "warnin"})"),
     {"$.log.level", "the string \"warnin\"",
      "one of trace, debug, info, warning, error, off", "warning"}},
    {with(R"("log": {"level": "degub"})"),
     {"$.log.level", "the string \"degub\"",
      "one of trace, debug, info, warning, error, off", "debug"}},
    {with(R"("http": {"idle_timeout": 0})"),
     {"$.http.idle_timeout", "the number 0", "seconds from 0.001 to 604800",
      ""}},
    {with(R"("http": {"write_timeout": -1})"),
     {"$.http.write_timeout", "the number -1",
      "seconds from 0.001 to 604800, or 0", ""}},
    {with(R"("http": {"min_send_rate": -1})"),
     {"$.http.min_send_rate", "the number -1",
      "an integer from 0 to 1000000000", ""}},
    {with_tunnel(R"("enabled": 1)"),
     {"$.tunnels.t.enabled", "the number 1", "true or false", ""}},
    {with_tunnel(R"("resume_time": "10s")"),
     {"$.tunnels.t.resume_time", "the string \"10s\"",
      "seconds from 0 to 604800", ""}},
  });
}

CAF_TEST(a password is never shown) {
  const std::string rule = "a string of 1 to 1024 bytes";
  const std::string path = "$.tunnels.t.password";
  const auto tunnel = [](const std::string& body) {
    return with(R"("tunnels": {"t": )" + body + "}");
  };
  check({
    {tunnel("{}"), {path, "nothing", rule, ""}},
    {tunnel(R"({"password": ""})"),
     {path, "a string of 0 characters", rule, ""}},
    {tunnel("{\"password\": \"" + std::string(1025, 'x') + "\"}"),
     {path, "a string of 1025 characters", rule, ""}},
    {tunnel(R"({"password": 4711})"), {path, "a number", rule, ""}},
    {tunnel(R"({"password": ["geheim"]})"),
     {path, "a list of 1 element", rule, ""}},
    {tunnel(R"("geheim")"),
     {"$.tunnels.t", "a string of 6 characters", "an object", ""}},
  });
}

CAF_TEST(names have limits) {
  const std::string rule = "a name of 1 to 128 bytes without control "
                           "characters";
  check({
    {R"({"servers": {"": 1}})", {"$.servers[\"\"]", "the name \"\"", rule, ""}},
    {R"({"servers": {"a\nb": 1}})",
     {"$.servers[\"a\\nb\"]", "the name \"a\\nb\"", rule, ""}},
    {"{\"servers\": {\"" + std::string(129, 'n') + "\": 1}}",
     {"$.servers." + std::string(60, 'n') + "...",
      "the name \"" + std::string(60, 'n') + "...\"", rule, ""}},
  });
}

namespace {

/// A reader of this object, and what it complains about.
struct reading {
  explicit reading(const char* text)
      : root(nlohmann::json::parse(text)), in(&root, "$", out) {}

  nlohmann::json root;
  problems out;
  reader in;
};

} // namespace

CAF_TEST(whole numbers are told by their value and not by their form) {
  const auto whole = [](const char* text) {
    return whole_number(nlohmann::json::parse(text));
  };
  CAF_CHECK(whole("0") == 0u);
  CAF_CHECK(whole("-0") == 0u);
  CAF_CHECK(whole("-0.0") == 0u);
  CAF_CHECK(!whole("-1"));
  CAF_CHECK(whole("5.0") == 5u);
  CAF_CHECK(whole("5e0") == 5u);
  CAF_CHECK(whole("18446744073709551615") == UINT64_MAX);
  CAF_CHECK(whole("9007199254740992.0") == 9007199254740992u);
  for (const auto* none : {"-1", "1.5", "-0.5", "9007199254740994.0", "1e300",
                           "\"5\"", "true", "null", "[5]"})
    CAF_CHECK(!whole(none));
}

CAF_TEST(an absent key leaves what is there) {
  reading of{R"({"other": 1})"};
  bool flag = true;
  uint32_t number = 7;
  seconds time{3};
  std::string text = "kept";
  std::vector<std::string> list{"kept"};
  CAF_CHECK(of.in.boolean("a", flag));
  CAF_CHECK(of.in.integer<uint32_t>("b", number, {10, 20}));
  CAF_CHECK(of.in.duration("c", time, {10, 20}));
  CAF_CHECK(of.in.text("d", text, 10));
  CAF_CHECK(of.in.word("e", text, {"x"}));
  CAF_CHECK(of.in.strings("f", list, {}));
  CAF_CHECK(flag && number == 7 && time == seconds{3} && text == "kept");
  CAF_CHECK_EQUAL(list, std::vector<std::string>{"kept"});
  CAF_CHECK(of.out.empty());
}

CAF_TEST(what is wrong leaves what is there) {
  reading of{R"({"a": 1, "b": 21, "c": 9.9, "d": "", "e": "z"})"};
  bool flag = true;
  uint32_t number = 7;
  seconds time{3};
  std::string text = "kept";
  CAF_CHECK(!of.in.boolean("a", flag));
  CAF_CHECK(!of.in.integer<uint32_t>("b", number, {10, 20}));
  CAF_CHECK(!of.in.duration("c", time, {10, 20}));
  CAF_CHECK(!of.in.text("d", text, 10));
  CAF_CHECK(!of.in.word("e", text, {"x"}));
  CAF_CHECK(flag && number == 7 && time == seconds{3} && text == "kept");
  CAF_CHECK_EQUAL(of.out.size(), 5u);
}

CAF_TEST(bounds are part of what is allowed) {
  reading of{R"({"low": 10, "high": 20, "zero": 0, "text": "12345"})"};
  uint32_t number = 0;
  seconds time{};
  std::string text;
  CAF_CHECK(of.in.integer<uint32_t>("low", number, {10, 20}));
  CAF_CHECK_EQUAL(number, 10u);
  CAF_CHECK(of.in.integer<uint32_t>("high", number, {10, 20}));
  CAF_CHECK(of.in.duration("low", time, {10, 20}));
  CAF_CHECK(of.in.duration("high", time, {10, 20}));
  CAF_CHECK(of.in.duration("zero", time, {10, 20, true}));
  CAF_CHECK(time == seconds{0});
  CAF_CHECK(!of.in.duration("zero", time, {10, 20}));
  CAF_CHECK(of.in.text("text", text, 5));
  CAF_CHECK(!of.in.text("text", text, 4));
}

CAF_TEST(every key that nobody asked for is unknown) {
  reading of{R"({"asked": 1, "aksed": 2, "other": 3})"};
  uint32_t number = 0;
  of.in.integer<uint32_t>("asked", number, {0, 9});
  of.in.member("absent");
  of.in.finish();
  CAF_CHECK_EQUAL(all(of.out),
                  "$.aksed: did you mean \"asked\"? found an unknown key, "
                  "allowed one of asked, absent\n"
                  "$.other: found an unknown key, allowed one of asked, "
                  "absent\n");
}

CAF_TEST(what is no object is one problem and has no members) {
  problems out;
  const nlohmann::json text = "geheim";
  reader in{&text, "$.t", out};
  CAF_CHECK(!in);
  bool flag = false;
  CAF_CHECK(in.boolean("a", flag));
  CAF_CHECK(in.require("a", "something"));
  in.finish();
  CAF_CHECK_EQUAL(all(out), "$.t: found a string of 6 characters, allowed an "
                            "object\n");
  reader absent{nullptr, "$.u", out};
  CAF_CHECK(!absent);
  CAF_CHECK_EQUAL(out.size(), 1u);
}

CAF_TEST(a list may be one string where that is said) {
  reading of{R"({"one": "a", "many": ["a", "b"], "twice": ["a", "a"]})"};
  std::vector<std::string> names;
  CAF_CHECK(!of.in.strings("one", names, {}));
  CAF_CHECK(of.in.strings("one", names, {.or_string = true}));
  CAF_CHECK_EQUAL(names, std::vector<std::string>{"a"});
  names.clear();
  CAF_CHECK(of.in.strings("many", names, {}));
  CAF_CHECK_EQUAL(names, (std::vector<std::string>{"a", "b"}));
  names.clear();
  CAF_CHECK(!of.in.strings("twice", names, {}));
}

CAF_TEST(a reference is a text or a number as its place wants it) {
  using nlohmann::json;
  const auto value = expanded_value("${PORT}", "80");
  CAF_CHECK(text_of(value) == json("80"));
  CAF_CHECK(scalar_of(value) == json(80));
  CAF_CHECK(scalar_of(expanded_value("${ON}", "true")) == json(true));
  for (const auto* other : {"", "x", "null", "\"80\"", "[80]", "80 81"}) {
    const auto kept = expanded_value("${X}", other);
    CAF_CHECK(scalar_of(kept) == kept);
    CAF_CHECK(text_of(kept) == json(other));
  }
  // No string of a file is taken for a number.
  CAF_CHECK(scalar_of(json("80")) == json("80"));
}

CAF_TEST(what stands there is told without its secrets) {
  using nlohmann::json;
  const std::vector<std::tuple<json, std::string, std::string>> rows{
    {json("x"), "the string \"x\"", "a string of 1 character"},
    {json("\xc3\xa4\xc3\xb6"), "the string \"\xc3\xa4\xc3\xb6\"",
     "a string of 2 characters"},
    {json(5), "the number 5", "a number"},
    {json(1.5), "the number 1.5", "a number"},
    {json(true), "true", "no string"},
    {json(nullptr), "null", "no string"},
    {json::object(), "an object", "an object"},
    {json::array({1}), "a list of 1 element", "a list of 1 element"},
    {json::array(), "a list of 0 elements", "a list of 0 elements"},
    {expanded_value("${A}", "abc"), "${A}, which is \"abc\"",
     "${A}, which is 3 characters"},
    {expanded_value("${file:a}", "abc"), "${file:a}, which is 3 characters",
     "${file:a}, which is 3 characters"},
  };
  for (const auto& [value, open, secret] : rows) {
    CAF_CHECK_EQUAL(describe(value), open);
    CAF_CHECK_EQUAL(describe(value, true), secret);
  }
}
