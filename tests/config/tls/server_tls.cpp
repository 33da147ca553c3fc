#define CAF_SUITE config.server_tls

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

using namespace aps::config;

namespace {

std::string with_tls(const std::string& value) {
  return R"({"servers": {"s": {"port": 1, "tls": )" + value + "}}}";
}

/// "cert+key cert+key min_version", or the problems.
std::string read(const std::string& value) {
  const auto found = parse(with_tls(value));
  if (const auto* wrong = std::get_if<problems>(&found))
    return all(*wrong);
  std::string out;
  const auto& tls = *std::get<node>(found).servers.at("s").tls;
  for (const auto& each : tls.certificates)
    out += each.cert + "+" + each.key
           + (each.ocsp.empty() ? "" : "+" + each.ocsp) + " ";
  return out + tls.min_version;
}

} // namespace

CAF_TEST(one pair and more of them) {
  CAF_CHECK_EQUAL(read(R"({"cert": "c", "key": "k"})"), "c+k 1.2");
  CAF_CHECK_EQUAL(read(R"({"cert": "c", "key": "k", "min_version": "1.3",
                           "certificates": [{"cert": "d", "key": "l"}]})"),
                  "c+k d+l 1.3");
  CAF_CHECK_EQUAL(read(R"({"cert": "c", "key": "k", "ocsp": "o",
                           "certificates": [{"cert": "d", "key": "l",
                                             "ocsp": "p"}]})"),
                  "c+k+o d+l+p 1.2");
}

CAF_TEST(without it a server is plain) {
  const auto found = parse(R"({"servers": {"s": 1}})");
  CAF_CHECK(!std::get<node>(found).servers.at("s").tls);
}

namespace {

std::string with_target(const std::string& tls,
                        const std::string& to = "https://a",
                        const std::string& more = "") {
  return R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p"}},
    "mappings": [{"from": "http://x", "to": ")"
         + to + R"(", "tls": )" + tls + more + "}]}";
}

target_tls read_target(const std::string& text) {
  const auto found = parse(text);
  CAF_REQUIRE(std::holds_alternative<node>(found));
  return std::get<node>(found).mappings.front().tls.value_or(target_tls{});
}

constexpr auto via = R"(, "via": {"tunnels": "t"})";

} // namespace

CAF_TEST(a target is met with files of its own and under another name) {
  CAF_CHECK(read_target(with_target(R"({"ca": "a", "cert": "c", "key": "k",
                                        "server_name": "b.example"})"))
            == (target_tls{"a", "c", "k", "b.example"}));
  CAF_CHECK(
    read_target(with_target(R"({"server_name": "10.0.0.1"})", "https://a", via))
    == (target_tls{"", "", "", "10.0.0.1"}));
  CAF_CHECK(read_target(with_target(R"({"server_name": "::1"})")).server_name
            == "::1");
  CAF_CHECK(!read_target(with_target("{}")).has_files());
}

CAF_TEST(mistakes about a target are told) {
  const std::string at = "$.mappings[0].tls";
  check({
    {with_target("5"), {at, "the number 5", "an object", ""}},
    {with_target(R"({"cert": "c"})"),
     {at + ".key", "nothing", "a file, as cert and key belong together", ""}},
    {with_target(R"({"key": "k"})"),
     {at + ".cert", "nothing", "a file, as cert and key belong together", ""}},
    {with_target(R"({"server_name": "a b"})"),
     {at + ".server_name", "the string \"a b\"",
      "the name of a host, or an address", ""}},
    {with_target(R"({"server_name": "a"})", "http://a"),
     {at, "a target of http://", "tls for targets of https:// only", ""}},
    {with_target(R"({"server_name": "a"})", "h2c://a"),
     {at, "a target of http://", "tls for targets of https:// only", ""}},
    {with_target(R"({"ca": "a"})", "https://a", via),
     {at, "files, with via",
      "server_name alone where agents call the target: they have -ca-file, "
      "-target-cert and -target-key of their own",
      ""}},
    {with_target(R"({"names": "a"})"),
     {at + ".names", "an unknown key", "one of ca, cert, key, server_name",
      ""}},
  });
}

CAF_TEST(mistakes are told) {
  const std::string at = "$.servers.s.tls";
  check({
    {with_tls("5"), {at, "the number 5", "an object", ""}},
    {with_tls(R"({"cert": "c"})"), {at + ".key", "nothing", "a file", ""}},
    {with_tls(R"({"key": "k"})"), {at + ".cert", "nothing", "a file", ""}},
    {with_tls(R"({"cert": "", "key": "k"})"),
     {at + ".cert", "the string \"\"", "a string of 1 to 4096 bytes", ""}},
    {with_tls(R"({"cert": "c", "key": "k", "ocsp": 1})"),
     {at + ".ocsp", "the number 1", "a string of 1 to 4096 bytes", ""}},
    {with_tls(R"({"cert": "c", "key": "k", "certificates": []})"),
     {at + ".certificates", "a list of 0 elements",
      "a list of objects with cert and key", ""}},
    {with_tls(R"({"cert": "c", "key": "k", "certificates": [{"cert": "c"}]})"),
     {at + ".certificates[0].key", "nothing", "a file", ""}},
    {with_tls(R"({"cert": "c", "key": "k", "min_version": "1.1"})"),
     {at + ".min_version", "the string \"1.1\"", "one of \"1.2\", \"1.3\"",
      "1.2"}},
  });
}
