#define CAF_SUITE tools.agent_flags

#include "tests/support/test.hpp"

#include "tools/agent/agent_flags.hpp"

#include "config/syntax/syntax.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace aps;

namespace {

/// What a command line and the text of a file make of the flags.
struct given {
  explicit given(std::vector<std::string> words, const std::string& file = {},
                 bool websocket_only = false) {
    cli::command_line line{"agent", "Tests flags."};
    declare(line, flags, !websocket_only);
    words.insert(words.begin(), "agent");
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    code = line.parse(
      static_cast<int>(argv.size()), argv.data(), [&]() -> std::optional<int> {
        if (!file.empty())
          read_agent(line, nlohmann::json::parse(file), flags, wrong);
        return std::nullopt;
      });
  }

  std::string problems() const {
    std::string out;
    for (const auto& one : wrong)
      out += one.str() + "\n";
    return out;
  }

  agent_flags flags;
  config::problems wrong;
  std::optional<int> code;
};

const std::vector<std::string> needed{"-server", "a",     "-tunnel",
                                      "t",       "-name", "n"};

std::vector<std::string> with(std::vector<std::string> more) {
  more.insert(more.begin(), needed.begin(), needed.end());
  return more;
}

std::string text(std::optional<cli::address> found, const std::string& error) {
  return found ? to_string(*found) : error;
}

} // namespace

CAF_TEST(nodes and status listeners have ports of their own) {
  std::string error;
  CAF_CHECK_EQUAL(text(parse_server("a", error), error), "a:8080");
  CAF_CHECK_EQUAL(text(parse_server("http://a", error), error), "a:80");
  CAF_CHECK_EQUAL(text(parse_status("127.0.0.1", error), error),
                  "127.0.0.1:9091");
  CAF_CHECK_EQUAL(text(parse_status("localhost:1", error), error),
                  "localhost:1");
  CAF_CHECK_EQUAL(text(parse_status("[::1]", error), error), "[::1]:9091");
  CAF_CHECK_EQUAL(text(parse_status("example.com", error), error),
                  "\"example.com\": listens on an IP address or localhost, "
                  "such as 127.0.0.1:9091");
}

CAF_TEST(three flags are needed and the rest has defaults) {
  const given all{needed};
  CAF_CHECK(!all.code);
  agent_flags expected;
  expected.servers = {"a"};
  expected.tunnel = "t";
  expected.name = "n";
  CAF_CHECK(all.flags == expected);
  for (size_t missing = 0; missing < needed.size(); missing += 2) {
    auto words = needed;
    words.erase(words.begin() + static_cast<ptrdiff_t>(missing),
                words.begin() + static_cast<ptrdiff_t>(missing) + 2);
    CAF_CHECK(given{words}.code == cli::exit_usage);
  }
}

CAF_TEST(a value that makes no sense is refused) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"-server", "a:0"},
                                             {"-instance", ""},
                                             {"-dns", "dns.example.com"},
                                             {"-allow-target", "10.0.0.1/8"},
                                             {"-allow-target", "a.test,b:0"},
                                             {"-transport", "pigeon"},
                                             {"-threads", "1025"},
                                             {"-target-connect-timeout", "0"},
                                             {"-target-timeout", "-1"},
                                             {"-status", "example.com:1"},
                                             {"-log-level", "loud"}}) {
    CAF_MESSAGE(words[0]);
    CAF_CHECK(given{with(words)}.code == cli::exit_usage);
  }
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"-server", "[::1]:1"},
         {"-dns", "192.0.2.1:5353,::1"},
         {"-allow-target", "a.test,10.0.0.0/8:80,[::1]:1"},
         {"-transport", "websocket"},
         {"-threads", "1024"},
         {"-target-timeout", "0"},
         {"-log-level", "WARN"}}) {
    CAF_MESSAGE(words[0]);
    CAF_CHECK(!given{with(words)}.code);
  }
}

CAF_TEST(names are those that a node would take) {
  const auto code = [](const std::string& tunnel, const std::string& name) {
    return given({"-server", "a", "-tunnel", tunnel, "-endpoint", name}).code;
  };
  CAF_CHECK(!code(std::string(128, 't'), std::string(128, 'n')));
  CAF_CHECK(code(std::string(129, 't'), "n") == cli::exit_usage);
  CAF_CHECK(code("t", "a\nb") == cli::exit_usage);
}

CAF_TEST(one program has no choice of transports) {
  CAF_CHECK(given(with({"-transport", "ws"}), "", true).code
            == cli::exit_usage);
  CAF_CHECK(!given(with({"-transport", "ws"})).code);
}

CAF_TEST(a file says what flags leave open) {
  const given all{{"-name", "flag", "-grace", "1"}, R"({
    "$schema": "x", "include": [], "server": ["a", "b:1"], "tunnel": "t",
    "name": "file", "target_timeout": 7, "insecure_target": true,
    "grace": 9, "wait": 120, "allow_target": ["*.a.test", "::1"]})"};
  CAF_CHECK(!all.code);
  CAF_CHECK_EQUAL(all.problems(), "");
  CAF_CHECK_EQUAL(all.flags.servers, (std::vector<std::string>{"a", "b:1"}));
  CAF_CHECK_EQUAL(all.flags.name, "flag");
  CAF_CHECK_EQUAL(all.flags.allow_targets,
                  (std::vector<std::string>{"*.a.test", "::1"}));
  CAF_CHECK_EQUAL(all.flags.target_timeout, 7.0);
  CAF_CHECK_EQUAL(all.flags.grace, 1.0);
  CAF_CHECK_EQUAL(all.flags.wishes.wait, 120.0);
  CAF_CHECK(all.flags.insecure_target);
}

CAF_TEST(a file is checked like flags) {
  const given all{needed, R"({"thread": 1, "threads": 1025, "config": "x",
                              "check": true, "allow_target": ["a", "*."]})"};
  CAF_CHECK_EQUAL(all.wrong.size(), 5u);
}

CAF_TEST(a password of a file gives way to any other) {
  ::unsetenv("APS_PASSWORD");
  const auto* file = R"({"password": "file", "password_file": "f"})";
  CAF_CHECK_EQUAL(given(needed, file).flags.password, "file");
  const given flag{with({"-password", "flag"}), file};
  CAF_CHECK_EQUAL(flag.flags.password, "flag");
  CAF_CHECK_EQUAL(flag.flags.password_file, "");
  const given by_file{with({"-password-file", "g"}), file};
  CAF_CHECK_EQUAL(by_file.flags.password, "");
  CAF_CHECK_EQUAL(by_file.flags.password_file, "g");
  ::setenv("APS_PASSWORD", "variable", 1);
  CAF_CHECK_EQUAL(given(needed, file).flags.password, "");
  ::setenv("APS_PASSWORD", "", 1); // says nothing
  CAF_CHECK_EQUAL(given(needed, file).flags.password, "file");
  ::unsetenv("APS_PASSWORD");
}

CAF_TEST(files of a file are beside it and those of flags are not ) {
  const auto folder = std::filesystem::temp_directory_path()
                      / ("aps-agent-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const auto path = (folder / "agent.json").string();
  std::ofstream{path} << R"({"password_file": "p", "ca_file": "/abs/ca.pem",
                             "status_token_file": "t"} // behind it)";
  agent_flags flags;
  cli::command_line line{"agent", "Tests flags."};
  declare(line, flags, true);
  std::vector<std::string> words{
    "agent",   "-config", path,    "-server", "a",
    "-tunnel", "t",       "-name", "n",       "-status-token-file",
    "mine"};
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  config::problems wrong;
  CAF_CHECK(!line.parse(static_cast<int>(argv.size()), argv.data(),
                        [&]() -> std::optional<int> {
                          wrong = read_agent_file(line, flags);
                          return std::nullopt;
                        }));
  std::filesystem::remove_all(folder);
  CAF_CHECK(wrong.empty());
  CAF_CHECK_EQUAL(flags.password_file, (folder / "p").string());
  CAF_CHECK_EQUAL(flags.ca_file, "/abs/ca.pem");
  CAF_CHECK_EQUAL(flags.status_token_file, "mine");
}
