#define CAF_SUITE config.expand

#include "tests/support/test.hpp"

#include "tests/config/pretended.hpp"

#include <algorithm>

using namespace aps::config;

CAF_TEST(strings take what the environment and files say) {
  pretended here;
  here.variables = {{"SECRET", "s3cret"}, {"EMPTY", ""}, {"ODD", "${SECRET}"}};
  here.files = {{"/run/secret", "from a file\n"}, {"dir/near", "near\r\n"}};
  const std::vector<std::pair<std::string, std::string>> rows{
    {"plain $ and } and {", "plain $ and } and {"},
    {"${SECRET}", "s3cret"},
    {"a${SECRET}b${SECRET}", "as3cretbs3cret"},
    {"${NONE:-given}", "given"},
    {"${EMPTY:-given}", "given"},
    {"${SECRET:-given}", "s3cret"},
    {"x${EMPTY}", "x"},
    {"${ODD}", "${SECRET}"}, // once and not again
    {"$${SECRET}", "${SECRET}"},
    {"a$${b}${SECRET}", "a${b}s3cret"},
    {"${file:/run/secret}", "from a file"},
    {"${file:near}", "near"},
  };
  for (const auto& [written, meant] : rows) {
    here.files["dir/main.json"] = with_password(written);
    CAF_CHECK_EQUAL(password_of(load("dir/main.json", here)), meant);
  }
}

CAF_TEST(a string that is one reference may be a number or a boolean) {
  pretended here;
  here.variables = {{"PORT", "8081"}, {"ON", "true"}, {"TIME", "1.5"},
                    {"NUMBER", "12345"}};
  here.files = {{"most", "7\n"}, {"main.json", R"({
    "servers": {"short": "${PORT}",
                "long": {"port": "${NONE:-8082}", "agents": "${ON}",
                         "http": {"max_headers": "${file:most}",
                                  "idle_timeout": "${TIME}"}}},
    "tunnels": {"t": {"password": "${NUMBER}"}}})"}};
  const auto loaded = load("main.json", here);
  CAF_REQUIRE_EQUAL(lines_of(loaded), "");
  const auto& all = std::get<node>(loaded);
  CAF_CHECK_EQUAL(all.servers.at("short").port, 8081);
  const auto& server = all.servers.at("long");
  CAF_CHECK_EQUAL(server.port, 8082);
  CAF_CHECK(server.agents);
  CAF_CHECK_EQUAL(server.http.max_headers, 7u);
  CAF_CHECK_EQUAL(server.http.idle_timeout.count(), 1.5);
  // A string stays what it is where a string belongs.
  CAF_CHECK_EQUAL(all.tunnels.at("t").password, "12345");
}

CAF_TEST(a wrong number of the environment is told with its name) {
  pretended here;
  here.variables = {{"WORD", "eighty"}, {"LARGE", "99999"}, {"PORT", "80"}};
  here.files = {{"secret", "geheim"}};
  const std::string port = "an integer from 0 to 65535\n";
  const std::vector<std::pair<std::string, std::string>> rows{
    {R"("port": "${WORD}")", "port: found ${WORD}, which is \"eighty\", "
                             "allowed " + port},
    {R"("port": "${LARGE}")", "port: found ${LARGE}, which is \"99999\", "
                              "allowed " + port},
    {R"("port": "${NONE:-x}")", "port: found ${NONE}, which is \"x\", "
                                "allowed " + port},
    {R"("port": "${file:secret}")", "port: found ${file:secret}, which is "
                                    "6 characters, allowed " + port},
    // More than a reference, or none, is a string as ever.
    {R"("port": "1${PORT}")", "port: found the string \"180\", allowed " + port},
    {R"("port": "80")", "port: found the string \"80\", allowed " + port},
    {R"("port": 1, "agents": "${PORT}")",
     "agents: found ${PORT}, which is \"80\", allowed true or false\n"},
  };
  for (const auto& [written, found] : rows) {
    here.files["main.json"] = R"({"servers": {"s": {)" + written + "}}}";
    CAF_CHECK_EQUAL(lines_of(load("main.json", here)),
                    "main.json: $.servers.s." + found);
  }
  here.files["main.json"] = R"({"servers": {"s": "${WORD}"}})";
  CAF_CHECK(lines_of(load("main.json", here))
              .starts_with("main.json: $.servers.s: found ${WORD}, which is "));
}

CAF_TEST(elements of a list may be references) {
  pretended here;
  here.variables = {{"CODE", "204"}, {"CLASS", "3xx"}, {"WORD", "fine"},
                    {"NET", "10.0.0.0/8"}, {"TUNNEL", "t"}, {"DNS", "::1"}};
  here.files = {{"secret", "geheim"}};
  const auto load_with = [&](const std::string& statuses,
                             const std::string& tunnel,
                             const std::string& network) {
    here.files["main.json"] = R"({"servers": {"s": 1},
      "tunnels": {"t": {"password": "p"}}, "trusted_proxies": [")" + network
      + R"("], "dns": {"servers": ["${DNS}"]}, "mappings": [{
      "from": "http://a", "to": "http://b", "via": {"tunnels": [")" + tunnel
      + R"("]}, "health": {"expect": [)" + statuses + "]}}]}";
    return load("main.json", here);
  };
  const auto loaded = load_with(R"("${CODE}", "${CLASS}", 200)", "${TUNNEL}",
                                "${NET}");
  CAF_REQUIRE_EQUAL(lines_of(loaded), "");
  const auto& all = std::get<node>(loaded);
  const auto& check = *all.mappings.at(0).health;
  CAF_CHECK(check.expects(204) && check.expects(304) && check.expects(200));
  CAF_CHECK(!check.expects(201));
  CAF_CHECK_EQUAL(all.mappings.at(0).tunnels, std::vector<std::string>{"t"});
  CAF_CHECK_EQUAL(all.trusted_proxies, std::vector<std::string>{"10.0.0.0/8"});
  CAF_CHECK_EQUAL(all.dns.servers, std::vector<std::string>{"::1"});
  const std::string mapping = "main.json: $.mappings[0].";
  const std::string expect = mapping + "health.expect";
  const std::string status = ", allowed a status from 200 to 599, ";
  const std::vector<std::pair<result, std::string>> rows{
    {load_with(R"("${CODE}", "${WORD}")", "t", "::1"),
     expect + "[1]: found ${WORD}, which is \"fine\"" + status},
    {load_with(R"("${file:secret}")", "t", "::1"),
     expect + "[0]: found ${file:secret}, which is 6 characters" + status},
    {load_with(R"("204")", "t", "::1"),
     expect + "[0]: found the string \"204\"" + status},
    {load_with("200", "${WORD}", "::1"),
     mapping + "via.tunnels[0]: found ${WORD}, which is \"fine\", allowed "},
    {load_with("200", "t", "${WORD}"),
     "main.json: $.trusted_proxies[0]: found ${WORD}, which is \"fine\", "},
  };
  for (const auto& [found, line] : rows)
    CAF_CHECK_EQUAL(lines_of(found).substr(0, line.size()), line);
}

CAF_TEST(a reference that leads nowhere names its key and not its string) {
  pretended here;
  const std::string key = "main.json: $.tunnels.t.password: found ";
  const std::string forms = "allowed ${NAME}, ${NAME:-default} or ${file:PATH}; "
                            "$${ stands for ${ itself\n";
  const std::vector<std::pair<std::string, std::string>> rows{
    {"geheim${NONE}", "${NONE}, which is not set, allowed a variable of the "
                      "environment, or ${NONE:-default}\n"},
    {"geheim${open", "\"${\" without its \"}\", " + forms},
    {"${ge heim}", "\"${...}\" with a name that no variable has, " + forms},
    {"${NONE}", "${NONE}, which is not set, allowed a variable of the "
                "environment, or ${NONE:-default}\n"},
    {"${}", "\"${...}\" with a name that no variable has, " + forms},
    {"geheim${file:/no}", "${file:...} of \"/no\" (not there), allowed a "
                          "readable file of at most 1 MiB\n"},
  };
  for (const auto& [written, found] : rows) {
    here.files["main.json"] = with_password(written);
    const auto text = lines_of(load("main.json", here));
    CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 1);
    CAF_CHECK(text.starts_with(key + found.substr(0, 60)));
    CAF_CHECK_EQUAL(text.find("heim"), text.npos);
  }
}

CAF_TEST(parse alone leaves references as they are) {
  const auto parsed = parse(with_password("${SECRET}${file:/etc/passwd}"));
  CAF_CHECK_EQUAL(password_of(parsed), "${SECRET}${file:/etc/passwd}");
}

CAF_TEST(variables have the names of variables) {
  pretended here;
  here.variables = {{"_a1Z", "found"}, {"1a", "no"}, {"a-b", "no"}};
  const auto value_of = [&](const std::string& written) {
    nlohmann::json value = {{"k", written}};
    problems out;
    expand(value, "$", "", here, out);
    return out.empty() ? text_of(value["k"]).get<std::string>()
                       : out[0].path + ": " + out[0].found;
  };
  CAF_CHECK_EQUAL(value_of("x${_a1Z}"), "xfound");
  const std::string odd = "$.k: \"${...}\" with a name that no variable has";
  CAF_CHECK_EQUAL(value_of("x${1a}"), odd);
  CAF_CHECK_EQUAL(value_of("x${a-b}"), odd);
  CAF_CHECK_EQUAL(value_of("x${NONE:-}"), "x");
  CAF_CHECK_EQUAL(value_of("${NONE:-a:-b}"), "a:-b");
  CAF_CHECK_EQUAL(value_of("${_a1Z"), "$.k: \"${\" without its \"}\"");
}

CAF_TEST(strings are found wherever they are and keys stay) {
  pretended here;
  here.variables = {{"A", "a"}};
  auto value = nlohmann::json::parse(
    R"({"${A}": [1, "x${A}", {"k": "y${A}"}], "n": null})");
  problems out;
  expand(value, "$", "", here, out);
  CAF_CHECK(out.empty());
  CAF_CHECK_EQUAL(value.dump(), R"({"${A}":[1,"xa",{"k":"ya"}],"n":null})");
}

CAF_TEST(every reference that leads nowhere is a problem of its own) {
  auto value = nlohmann::json::parse(R"([{"k": "${A}-${B}"}, "${C}"])");
  problems out;
  expand(value, "$.list", "", pretended{}, out);
  CAF_REQUIRE_EQUAL(out.size(), 3u);
  CAF_CHECK_EQUAL(out[0].path, "$.list[0].k");
  CAF_CHECK_EQUAL(out[1].found, "${B}, which is not set");
  CAF_CHECK_EQUAL(out[2].path, "$.list[1]");
}
