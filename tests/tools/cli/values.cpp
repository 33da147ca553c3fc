#define CAF_SUITE tools.values

#include "tests/support/test.hpp"

#include "tools/cli/values.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace aps::cli;

namespace {

/// A file that goes with the object.
struct secret_file {
  explicit secret_file(const std::string& content) {
    std::ofstream{path, std::ios::binary} << content;
  }
  ~secret_file() { std::filesystem::remove(path); }

  std::string path = (std::filesystem::temp_directory_path()
                      / ("aps-secret-" + std::to_string(::getpid())))
                       .string();
};

/// "host port", or what is wrong.
std::string address_in(std::string_view text, uint16_t port = 8080) {
  std::string error;
  const auto found = parse_address(text, port, error);
  CAF_CHECK_EQUAL(found.has_value(), error.empty());
  return found ? found->host + " " + std::to_string(found->port) : error;
}

} // namespace

CAF_TEST(where TLS is possible an address may ask for it) {
  using outcome = std::tuple<std::string, uint16_t, std::optional<bool>>;
  const auto read = [](std::string_view text) {
    std::string error;
    const auto found = parse_address(text, 8080, error, secure::possible);
    CAF_CHECK_EQUAL(error, "");
    return found ? outcome{found->host, found->port, found->tls} : outcome{};
  };
  CAF_CHECK(read("a") == outcome("a", 8080, std::nullopt));
  CAF_CHECK(read("https://a") == outcome("a", 443, true));
  CAF_CHECK(read("WSS://a:8443/") == outcome("a", 8443, true));
  CAF_CHECK(read("http://a") == outcome("a", 80, false));
  CAF_CHECK(read("ws://[::1]:81") == outcome("::1", 81, false));
}

CAF_TEST(a number is whole and within its bound) {
  std::string error;
  CAF_CHECK(parse_number("0", 10, error) == 0u);
  CAF_CHECK(parse_number(" 10\t", 10, error) == 10u);
  CAF_CHECK(parse_number("4294967295", UINT32_MAX, error) == UINT32_MAX);
  CAF_CHECK(error.empty());
  for (const auto* bad :
       {"", " ", "11", "-1", "+1", "1.0", "0x1", "1 0", "ten", "4294967296"}) {
    error.clear();
    CAF_CHECK(!parse_number(bad, 10, error));
    CAF_CHECK(error.ends_with(" is not a whole number from 0 to 10"));
  }
}

CAF_TEST(a duration has a unit or is in seconds) {
  const std::pair<std::string_view, double> rows[] = {
    {"5", 5},           {"1.5s", 1.5},   {"500ms", 0.5}, {"2m", 120},
    {"1h", 3600},       {" 2 M ", 120},  {"0", 0},       {"1e3", 1000},
    {"604800", 604800}, {"250MS", 0.25},
  };
  for (const auto& [text, seconds] : rows) {
    std::string error;
    const auto found = parse_duration(text, error);
    CAF_MESSAGE(text);
    CAF_REQUIRE(found);
    CAF_CHECK_EQUAL(*found, seconds);
  }
  std::string error;
  for (const auto* bad :
       {"", "s", "5d", "five", "5 s s", "inf", "nan", "1e999", "0x5"}) {
    CAF_CHECK(!parse_duration(bad, error));
    CAF_CHECK(error.find(" is not a duration") != error.npos);
  }
  CAF_CHECK(!parse_duration("-1s", error));
  CAF_CHECK_EQUAL(error, "\"-1s\" is negative");
  for (const auto* bad : {"604801", "169h"}) {
    CAF_CHECK(!parse_duration(bad, error));
    CAF_CHECK(error.ends_with(" is longer than 604800 seconds, a week"));
  }
}

CAF_TEST(a choice ignores case and knows other words) {
  std::string error;
  const std::vector<std::string> levels{"info", "warning"};
  CAF_CHECK(parse_choice(" INFO ", levels, error) == "info");
  CAF_CHECK(parse_choice("warn", levels, error) == "warning");
  CAF_CHECK(!parse_choice("infor", levels, error));
  CAF_CHECK_EQUAL(error, "\"infor\" is none of info, warning; do you mean "
                         "info?");
  CAF_CHECK(!parse_choice("", levels, error));
}

CAF_TEST(an address is a host and perhaps a port or a URL of both) {
  const std::pair<std::string_view, std::string_view> rows[] = {
    {"a", "a 8080"},        {" a:1 ", "a 1"},         {"a:65535", "a 65535"},
    {"[::1]", "::1 8080"},  {"[::1]:7", "::1 7"},     {"http://a", "a 80"},
    {"HTTP://a:7/", "a 7"}, {"ws://[::1]", "::1 80"},
  };
  for (const auto& [text, found] : rows)
    CAF_CHECK_EQUAL(address_in(text), found);
}

CAF_TEST(an address that is none says why) {
  const std::pair<std::string_view, std::string_view> rows[] = {
    {"", "\"\" has no host; give host:port"},
    {":80", "\":80\" has no host; give host:port"},
    {"[]:80", "\"[]:80\" has no host; give host:port"},
    {"a:", "\"a:\": the port is a number from 1 to 65535"},
    {"a:0", "\"a:0\": the port is a number from 1 to 65535"},
    {"a:65536", "\"a:65536\": the port is a number from 1 to 65535"},
    {"a:8x", "\"a:8x\": the port is a number from 1 to 65535"},
    {"::1", "\"::1\" has more than one colon; an IPv6 address needs brackets, "
            "[ipv6]:port"},
    {"[::1", "\"[::1\" is not host:port or [ipv6]:port"},
    {"[::1]7", "\"[::1]7\" is not host:port or [ipv6]:port"},
    {"[", "\"[\" is not host:port or [ipv6]:port"},
    {"ftp://a", "\"ftp://a\" is none of host:port, http:// and ws://"},
    {"wss://a", "\"wss://a\": TLS is not supported here; give a plain "
                "host:port"},
    {"http://a/b", "\"http://a/b\" has more than host and port; leave out the "
                   "rest"},
    {"u@a", "\"u@a\" has more than host and port; leave out the rest"},
    {"a b", "\"a b\" has more than host and port; leave out the rest"},
  };
  for (const auto& [text, why] : rows)
    CAF_CHECK_EQUAL(address_in(text), why);
}

CAF_TEST(an address is written as it is read) {
  CAF_CHECK_EQUAL(to_string(address{"a", 80}), "a:80");
  CAF_CHECK_EQUAL(to_string(address{"::1", 80}), "[::1]:80");
}

CAF_TEST(a secret is the one line of its file) {
  const auto read = [](const std::string& content) {
    const secret_file file{content};
    std::string error;
    const auto found = read_secret(file.path, error);
    return found ? "found " + *found : error.substr(error.find(' ') + 1);
  };
  CAF_CHECK_EQUAL(read("geheim"), "found geheim");
  CAF_CHECK_EQUAL(read("geheim\n"), "found geheim");
  CAF_CHECK_EQUAL(read("geheim\r\n"), "found geheim");
  CAF_CHECK_EQUAL(read(" with blanks "), "found  with blanks ");
  CAF_CHECK_EQUAL(read(std::string(4096, 'x')),
                  "found " + std::string(4096, 'x'));
  CAF_CHECK_EQUAL(read(""), "is empty");
  CAF_CHECK_EQUAL(read("\n"), "is empty");
  CAF_CHECK_EQUAL(read("\xEF\xBB\xBFgeheim"),
                  "begins with a byte order mark; save it without");
  CAF_CHECK_EQUAL(read("a\nb"), "has more than one line");
  CAF_CHECK_EQUAL(read("a\n\n"), "has more than one line");
  CAF_CHECK_EQUAL(read(std::string(4097, 'x')),
                  "is too long for a secret; it has to be one line");
  CAF_CHECK_EQUAL(read(std::string(100'000, '\n')),
                  "is too long for a secret; it has to be one line");
}

CAF_TEST(a token is what a header can carry) {
  std::string error;
  const secret_file fine{"t o k e n\n"};
  CAF_CHECK(read_token(fine.path, error) == "t o k e n");
  const secret_file bad{"token \n"};
  CAF_CHECK(!read_token(bad.path, error));
  CAF_CHECK(error.ends_with(" has not a token without control characters and "
                            "without blanks at its ends"));
}

CAF_TEST(a file that is no file says so) {
  std::string error;
  CAF_CHECK(!read_secret("/nowhere/secret", error));
  CAF_CHECK_EQUAL(error, "/nowhere/secret does not exist");
  CAF_CHECK(!read_secret("/dev/null/x", error));
  CAF_CHECK_EQUAL(error, "/dev/null/x has a file where a folder should be");
  CAF_CHECK(!read_secret("/", error));
  CAF_CHECK_EQUAL(error, "/ is a folder");
}

CAF_TEST(a variable is gone once it was taken) {
  ::setenv("APS_TEST_SECRET", "geheim", 1);
  const char* const value = std::getenv("APS_TEST_SECRET");
  CAF_CHECK(take_environment("APS_TEST_SECRET") == "geheim");
  CAF_CHECK(std::getenv("APS_TEST_SECRET") == nullptr);
  CAF_CHECK_EQUAL(std::string(value, 6), std::string(6, '\0')); // in /proc, too
  CAF_CHECK(!take_environment("APS_TEST_SECRET"));
}

CAF_TEST(foreign text is short and safe in quotes) {
  CAF_CHECK_EQUAL(aps::cli::quoted("a\x1b[0m"), "\"a\\x1b[0m\"");
  CAF_CHECK(aps::cli::quoted(std::string(100, 'x')).size() <= 48 + 2 + 3);
}

CAF_TEST(a hint is for what is nearly a known word) {
  const std::vector<std::string> known{"server", "tunnel"};
  CAF_CHECK_EQUAL(hint("servr", known, "-"), "; do you mean -server?");
  CAF_CHECK_EQUAL(hint("quite else", known), "");
}

CAF_TEST(blanks go at the ends alone) {
  CAF_CHECK_EQUAL(trimmed(" \t\r\na b\n "), "a b");
  CAF_CHECK_EQUAL(trimmed(" \n"), "");
  CAF_CHECK_EQUAL(trimmed(""), "");
}
