#define CAF_SUITE config.connect_table

#include "tests/support/test.hpp"

#include "config/streams/connect_table.hpp"
#include "config/streams/stream_url.hpp"

using namespace aps;

namespace {

connect_table table_of(const std::vector<std::string>& all) {
  std::vector<config::mapping> mappings;
  for (const auto& text : all) {
    auto& rule = mappings.emplace_back();
    std::string error;
    if (text.starts_with("http"))
      rule.from = *config::parse_url(text, true, error);
    else
      rule.from = *config::parse_stream_url(text, true, error);
  }
  return connect_table{mappings};
}

} // namespace

CAF_TEST(the mapping that says most of host and port wins) {
  const auto table
    = table_of({"connect://*:*", "connect://*:443", "connect://*.b:443",
                "connect://*.a.b:*", "connect://*.a.b:443", "connect://x.a.b:*",
                "connect://x.a.b:443", "http://x.a.b", "tcp://:443",
                "connect://x.a.b:443"});
  struct question {
    std::string host;
    uint16_t port;
    size_t index;
  };
  for (const auto& [host, port, index] :
       std::vector<question>{{"x.a.b", 443, 6},
                             {"X.A.B", 443, 6},
                             {"x.a.b", 80, 5},
                             {"y.a.b", 443, 4},
                             {"y.a.b", 80, 3},
                             {"y.b", 443, 2},
                             {"y.b", 80, 0},
                             {"z", 443, 1},
                             {"z", 80, 0}}) {
    CAF_MESSAGE(host << ":" << port);
    const auto found = table.find(host, port);
    CAF_REQUIRE(found);
    CAF_CHECK_EQUAL(found->index, index);
    CAF_CHECK_EQUAL(table.matches(host, port).front(), found);
  }
}

CAF_TEST(without a mapping of CONNECT there is none) {
  const auto table = table_of({"http://a", "tcp://:443"});
  CAF_CHECK(table.empty());
  CAF_CHECK(!table.find("a", 443));
  CAF_CHECK(!table_of({"connect://a:1"}).find("a", 2));
  CAF_CHECK(table_of({"connect://a:1"}).matches("a", 2).empty());
  CAF_CHECK_EQUAL(
    table_of({"connect://a:1", "connect://*:*"}).matches("a", 1).size(), 2u);
}

CAF_TEST(the smallest window of its tunnels counts) {
  std::vector<config::mapping> mappings(1);
  mappings[0].from.scheme = "connect";
  mappings[0].from.host = "a";
  mappings[0].from.port = 1;
  mappings[0].tunnels = {"x", "y"};
  std::map<std::string, config::tunnel> tunnels;
  tunnels["x"].exchange_window = 20000;
  tunnels["y"].exchange_window = 30000;
  const auto found = connect_table{mappings, tunnels}.find("a", 1);
  CAF_REQUIRE(found);
  CAF_CHECK_EQUAL(found->window, 20000u);
  const connect_table table{mappings, tunnels};
  CAF_CHECK(table.position_of(found->identity) == size_t{0});
  CAF_CHECK(!table.position_of(7));
}
