#define CAF_SUITE tools.flag_keys

#include "tests/support/test.hpp"

#include "tools/cli/flag_keys.hpp"

#include "config/syntax/reader.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using namespace aps::cli;

namespace {

struct values {
  std::string text = "default";
  std::string name = "n";
  uint32_t number = 1;
  double time = 1;
  double positive_time = 1;
  std::optional<double> some_time;
  bool on = false;
  std::vector<std::string> list;
  std::string level = "info";
};

/// What a command line and a file make of the values.
struct given {
  given(const std::string& file, std::vector<std::string> words = {}) {
    command_line line{"program", "Tests keys."};
    line.add({"text", "TEXT", "."}, all.text);
    line.add({.names = "name",
              .value = "NAME",
              .help = ".",
              .check = [](const std::string& text) -> std::string {
                return text == "bad" ? "\"bad\" is no name" : "";
              }},
             all.name);
    line.add({"number", "COUNT", "."}, all.number, 9);
    line.add({"time", "SECONDS", "."}, all.time);
    line.add({"positive-time", "SECONDS", "."}, all.positive_time, true);
    line.add({"some-time", "SECONDS", "."}, all.some_time);
    line.add({"on", "", "."}, all.on);
    line.add({"list", "NAMES", "."}, all.list);
    line.add({"level", "LEVEL", "."}, all.level, log_levels());
    words.insert(words.begin(), "program");
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    code = line.parse(static_cast<int>(argv.size()), argv.data(),
                      [&]() -> std::optional<int> {
                        const auto root = nlohmann::json::parse(file);
                        config::reader in{&root, "$", wrong};
                        line.read_keys(in);
                        in.finish();
                        return std::nullopt;
                      });
  }

  std::string problem() const { return wrong.empty() ? "" : wrong[0].str(); }

  values all;
  config::problems wrong;
  std::optional<int> code;
};

} // namespace

CAF_TEST(keys are read as what they are in JSON) {
  const given file{R"({"text": "t", "number": 5, "time": 0.5, "some_time": 2,
                       "on": true, "list": ["a", "b"], "level": "off"})"};
  CAF_CHECK_EQUAL(file.problem(), "");
  CAF_CHECK_EQUAL(file.all.text, "t");
  CAF_CHECK_EQUAL(file.all.number, 5u);
  CAF_CHECK_EQUAL(file.all.time, 0.5);
  CAF_CHECK(file.all.some_time == 2.0);
  CAF_CHECK(file.all.on);
  CAF_CHECK_EQUAL(file.all.list, (std::vector<std::string>{"a", "b"}));
  CAF_CHECK_EQUAL(file.all.level, "off");
}

CAF_TEST(keys take as a string what the flag takes) {
  const given file{R"({"number": "5", "time": "500ms", "some_time": "2m",
                       "positive_time": " 1.5 S", "on": "yes", "list": "a",
                       "level": "Warn"})"};
  CAF_CHECK_EQUAL(file.problem(), "");
  CAF_CHECK_EQUAL(file.all.number, 5u);
  CAF_CHECK_EQUAL(file.all.time, 0.5);
  CAF_CHECK(file.all.some_time == 120.0);
  CAF_CHECK_EQUAL(file.all.positive_time, 1.5);
  CAF_CHECK(file.all.on);
  CAF_CHECK_EQUAL(file.all.list, std::vector<std::string>{"a"});
  CAF_CHECK_EQUAL(file.all.level, "warning");
}

CAF_TEST(what is wrong is refused by key and by flag) {
  const std::pair<std::string, std::string> rows[]
    = {{"time", "5x"},
       {"time", "-1"},
       {"time", "604801"},
       {"positive_time", "0s"},
       {"number", "10"},
       {"number", "1.5"},
       {"positive_time", "9us"},
       {"on", "perhaps"},
       {"level", "loud"},
       {"name", "bad"},
       {"text", std::string(max_text + 1, 'x')},
       {"positive_time", "0.1ms"}};
  for (const auto& [key, value] : rows) {
    CAF_MESSAGE(key << ' ' << value.substr(0, 20));
    const given file{"{\"" + key + "\": \"" + value + "\"}"};
    CAF_CHECK_EQUAL(file.wrong.size(), 1u);
    CAF_CHECK(file.problem().starts_with("$." + key + ": "));
    auto flag = "-" + key;
    if (const auto line = flag.find('_'); line != flag.npos)
      flag[line] = '-';
    CAF_CHECK(given("{}", {flag + "=" + value}).code == exit_usage);
  }
  CAF_CHECK_EQUAL(
    given("{}", {"-text", std::string(max_text, 'x')}).all.text.size(),
    max_text);
  CAF_CHECK_EQUAL(given(R"({"name": "bad"})").problem(),
                  "$.name: found the string \"bad\", allowed NAME (it is no "
                  "name)");
}

CAF_TEST(the flag wins and hides no mistake of the file) {
  const given both{R"({"time": "7s", "list": ["file"], "some_time": 7})",
                   {"-time", "3", "-list", "flag", "-some-time", "3"}};
  CAF_CHECK_EQUAL(both.problem(), "");
  CAF_CHECK_EQUAL(both.all.time, 3.0);
  CAF_CHECK_EQUAL(both.all.list, std::vector<std::string>{"flag"});
  CAF_CHECK(both.all.some_time == 3.0);
  const given hidden{R"({"time": "soon"})", {"-time", "3"}};
  CAF_CHECK_EQUAL(hidden.wrong.size(), 1u);
  CAF_CHECK_EQUAL(hidden.all.time, 3.0);
}

CAF_TEST(what a file leaves out stays) {
  const given empty{"{}"};
  CAF_CHECK_EQUAL(empty.all.text, "default");
  CAF_CHECK(!empty.all.some_time);
  CAF_CHECK_EQUAL(empty.all.time, 1.0);
}
