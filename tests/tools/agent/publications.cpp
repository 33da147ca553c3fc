#define CAF_SUITE tools.publications

#include "tools/agent/publications.hpp"

#include "tests/support/test.hpp"
#include "tests/support/text_file.hpp"

using namespace aps;

namespace {

std::string target(std::string_view text) {
  std::string error;
  const auto found = parse_published_target(text, error);
  return found ? *found : "! " + error;
}

std::string names(const std::vector<agent_publication>& all) {
  std::string out;
  for (const auto& each : all)
    out += each.name + "=" + each.target + " ";
  return out;
}

} // namespace

CAF_TEST(targets are read as people write them) {
  const std::pair<std::string_view, std::string_view> table[] = {
    {"3000", "http://localhost:3000"},
    {"localhost:3000", "http://localhost:3000"},
    {"10.0.0.1", "http://10.0.0.1"},
    {"[::1]:80", "http://[::1]"},
    {"http://a.test/x", "http://a.test/x"},
    {"HTTPS://a.test", "https://a.test"},
    {"h2c://a.test:1", "h2c://a.test:1"},
    {"tcp://localhost:22", "tcp://localhost:22"},
    {"unix:/run/app.sock", "unix:/run/app.sock"},
  };
  for (const auto& [text, wanted] : table)
    CAF_CHECK_EQUAL(target(text), wanted);
  for (const auto* wrong : {"", "0", "70000", "a b", "ftp://a", "http://",
                            "http://a?b", "http://u:p@a", "a:b:c", "tcp://a",
                            "udp://a:1", "connect://a:1", "unix:a"}) {
    CAF_MESSAGE(wrong);
    CAF_CHECK(target(wrong).starts_with("! "));
  }
}

CAF_TEST(names that no node takes are told at once) {
  for (const auto* right : {"", "app1", "app1.test", "app1.test/x", "/x/y"})
    CAF_CHECK_EQUAL(why_no_public_name(right), "");
  for (const auto* wrong : {"a b", "http://a", "a?b", "a/ b", "*.a", "a@b"}) {
    CAF_MESSAGE(wrong);
    CAF_CHECK(!why_no_public_name(wrong).empty());
  }
}

CAF_TEST(names stand beside their targets) {
  CAF_CHECK_EQUAL(names(publications_of({"http://a:1"}, {}, "Web 1")),
                  "=http://a:1 ");
  CAF_CHECK_EQUAL(
    names(publications_of({"http://a:1", "http://a:2", "http://a:3"}, {"", "x"},
                          "Web 1")),
    "=http://a:1 x=http://a:2 web-1-3=http://a:3 ");
  CAF_CHECK_THROWS_AS(
    publications_of({"http://a:1", "http://a:2"}, {"x", "X"}, "e"),
    std::runtime_error);
}

CAF_TEST(targets are what an agent may ask) {
  const auto patterns = targets_of({{"", "http://localhost:3000"},
                                    {"a", "https://a.test"},
                                    {"b", "http://localhost:3000/x"},
                                    {"c", "unix:/run/app.sock"}});
  CAF_CHECK(patterns
            == (std::vector<std::string>{"a.test:443", "localhost:3000",
                                         "unix:/run/app.sock"}));
}
