#define CAF_SUITE config.load

#include "tests/support/test.hpp"

#include "config/syntax/expand.hpp"

#include <algorithm>
#include <map>

using namespace aps::config;

namespace {

using texts = std::map<std::string, std::string>;

/// An environment and files that are only here. A pattern's `*` is its end.
struct pretended final : source {
  texts variables;
  texts files;

  std::optional<std::string> variable(const std::string& name) const override {
    const auto i = variables.find(name);
    return i == variables.end() ? std::nullopt : std::optional{i->second};
  }

  content read(const std::filesystem::path& file, size_t) const override {
    const auto i = files.find(file.string());
    return i == files.end() ? content{{}, "not there"} : content{i->second, {}};
  }

  std::vector<std::filesystem::path>
  matching(const std::filesystem::path& pattern) const override {
    const auto text = pattern.string();
    std::vector<std::filesystem::path> out;
    for (const auto& [name, content] : files)
      if (name.starts_with(text.substr(0, text.find('*'))))
        out.emplace_back(name);
    return out;
  }
};

struct row {
  texts files;
  std::string expected; ///< the one line of what is wrong
};

std::string lines_of(const result& loaded) {
  std::string out;
  if (const auto* wrong = std::get_if<problems>(&loaded))
    for (const auto& one : *wrong)
      out += one.str() + "\n";
  return out;
}

std::string with_password(const std::string& password) {
  return R"({"servers": {"s": 1}, "tunnels": {"t": {"password": ")" + password
         + R"("}}})";
}

std::string password_of(const result& loaded) {
  const auto* all = std::get_if<node>(&loaded);
  return all ? all->tunnels.at("t").password : lines_of(loaded);
}

std::string with_include(const std::string& names, const std::string& more) {
  return R"({"include": [)" + names + R"(], "servers": {"s": 1})" + more + "}";
}

} // namespace

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

CAF_TEST(included files join) {
  pretended here;
  here.files = {
    {"d/main.json",
     with_include(R"("one.json", "c/*.json", "d/none-*")", R"(, "mappings": [
       {"from": "http://a", "to": "http://x"}])")},
    {"d/one.json", R"({"servers": {"more": 2}, "tunnels":
       {"t": {"password": "p"}}, "log": {"level": "debug"}})"},
    {"d/c/a.json", R"({"include": ["a.json", "*.json"], "mappings": [
       {"from": "http://b", "to": "http://x", "via": {"tunnels": "t"}}]})"},
    {"d/c/b.json", R"({"mappings": [{"from": "http://c", "to": "http://x"}]})"},
  };
  // The file that names itself is wrong; the pattern that meets it is not.
  CAF_CHECK_EQUAL(lines_of(load("d/main.json", here)),
                  "d/c/a.json: $.include[0]: found \"d/c/a.json\" (included "
                  "already), allowed each file once\n");
  here.files["d/c/a.json"] = R"({"include": ["*.json"], "mappings": [
       {"from": "http://b", "to": "http://x", "via": {"tunnels": "t"}}]})";
  const auto loaded = load("d/main.json", here);
  CAF_REQUIRE_EQUAL(lines_of(loaded), "");
  const auto& all = std::get<node>(loaded);
  CAF_CHECK_EQUAL(all.servers.size(), 2u);
  CAF_CHECK_EQUAL(all.log.level, "debug");
  CAF_REQUIRE_EQUAL(all.mappings.size(), 3u);
  CAF_CHECK_EQUAL(all.mappings[0].from.host, "a");
  CAF_CHECK_EQUAL(all.mappings[1].from.host, "b");
  CAF_CHECK_EQUAL(all.mappings[2].from.host, "c");
}

CAF_TEST(problems name the file they stand in) {
  const std::string main = with_include(
    "\"b.json\"", R"(, "mappings": [{"from": "http://a", "to": "http://x"}])");
  const std::vector<row> rows{
    {{{"main.json", main}},
     "main.json: $.include[0]: found \"b.json\" (not there), allowed a readable "
     "file\n"},
    {{{"main.json", main}, {"b.json", "{"}}, "b.json: line 1, column 2: found "},
    {{{"main.json", main}, {"b.json", "[]"}},
     "b.json: $: found a list of 0 elements, allowed an object\n"},
    {{{"main.json", main}, {"b.json", R"({"mappings": [{"from": "http://b",
       "to": "x"}]})"}},
     "b.json: $.mappings[0].to: found the string \"x\""},
    {{{"main.json", main}, {"b.json", R"({"tunnels": {"a.b": {}}})"}},
     "b.json: $.tunnels[\"a.b\"].password: found nothing, allowed a string of 1 "
     "to 1024 bytes\n"},
    {{{"main.json", main}, {"b.json", R"({"servers": {"s": 2}})"}},
     "b.json: $.servers.s: found a name that stands in main.json, too, allowed "
     "each name once\n"},
    {{{"main.json", with_include("\"b.json\"", R"(, "log": {})")},
      {"b.json", R"({"log": {}})"}},
     "b.json: $.log: found what stands in main.json, too, allowed each section "
     "in one file\n"},
    {{{"main.json", main}, {"b.json", R"({"lgo": {}})"}},
     "b.json: $.lgo: did you mean \"log\"? found an unknown key"},
    {{}, "main.json: found not there, allowed a readable file\n"},
    {{{"main.json", R"({"include": "b", "servers": {"s": 1}})"}},
     "main.json: $.include: found the string \"b\", allowed a list of files"},
  };
  for (const auto& [files, expected] : rows) {
    pretended here;
    here.files = files;
    const auto text = lines_of(load("main.json", here));
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(text.substr(0, expected.size()), expected);
    CAF_CHECK_EQUAL(std::count(text.begin(), text.end(), '\n'), 1);
    CAF_CHECK_LESS_OR_EQUAL(text.size(), 161u);
  }
}

CAF_TEST(a line has at most 160 columns and its hint is not what is cut) {
  pretended here;
  here.files["main.json"]
    = R"({"servers": {"s": 1}, "tunnels": {"t": {"password": "p",
         "websocket_pool": {"poolsize": 1}}}})";
  const auto text = lines_of(load("main.json", here));
  CAF_CHECK_LESS_OR_EQUAL(text.size(), 161u);
  CAF_CHECK(text.starts_with("main.json: $.tunnels.t.websocket_pool.poolsize: "
                             "did you mean \"pool_size\"? found an unknown"));
  CAF_CHECK(text.ends_with(" ...\n"));
}

CAF_TEST(warnings name the file they are about) {
  pretended here;
  here.files = {
    {"main.json", with_include("\"b.json\"", R"(, "mappings": [
      {"from": "http://a", "to": "http://x"}])")},
    {"b.json", R"({"mappings": [{"from": "http://a", "to": "http://y"}]})"}};
  std::vector<std::string> warnings;
  CAF_CHECK_EQUAL(lines_of(load("main.json", here, &warnings)), "");
  CAF_REQUIRE_EQUAL(warnings.size(), 1u);
  CAF_CHECK_EQUAL(warnings[0],
                  "b.json: $.mappings[0]: warning: never used: an earlier one "
                  "has the same from; remove one of the two (main.json: "
                  "$.mappings[0])");
}
