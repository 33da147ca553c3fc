#define CAF_SUITE stream_doors

#include "tests/support/test.hpp"

#include "actors/path/front/stream_doors.hpp"

#include <map>
#include <set>
#include <system_error>

using namespace aps;

namespace {

/// What is open, by name, and how many streams each has.
struct ports {
  std::set<std::string> open;
  std::set<std::string> stopped;
  std::map<std::string, size_t> sessions;
};

class fake_port final : public listener {
 public:
  fake_port(ports& all, std::string name) : all_(all), name_(std::move(name)) {
    all_.open.insert(name_);
  }
  ~fake_port() override { all_.open.erase(name_); }
  uint16_t port() const noexcept override { return 77; }
  void stop_accepting() override { all_.stopped.insert(name_); }
  size_t sessions() const noexcept override {
    const auto found = all_.sessions.find(name_);
    return found == all_.sessions.end() ? 0 : found->second;
  }

 private:
  ports& all_;
  const std::string name_;
};

config::mapping raw(uint16_t port, bool accept_proxy = false) {
  config::mapping out;
  out.from.scheme = "tcp";
  out.from.port = port;
  out.to.scheme = "tcp";
  out.to.host = "a";
  out.to.port = 1;
  out.accept_proxy = accept_proxy;
  return out;
}

config::mapping named(const std::string& name, uint16_t port) {
  auto out = raw(port);
  out.from.scheme = "tls";
  out.from.host = name;
  return out;
}

config::mapping web() {
  config::mapping out;
  out.from.scheme = out.to.scheme = "http";
  out.from.host = out.to.host = "a";
  out.from.port = out.to.port = 80;
  return out;
}

struct fixture {
  ports all;
  std::vector<std::string> keys;
  stream_doors doors{[this](const config::mapping& rule,
                            const std::string& key) {
    keys.push_back(key);
    if (rule.from.port == 13)
      throw std::system_error(EADDRINUSE, std::generic_category(), key);
    return std::make_unique<fake_port>(all, rule.from.str()
                                              + (rule.accept_proxy ? "p" : ""));
  }};
};

using names = std::set<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(stream_doors_tests, fixture)

CAF_TEST(ports follow the mappings) {
  CAF_CHECK_EQUAL(doors.apply({web(), raw(1), raw(2)}), "");
  CAF_CHECK(all.open == (names{"tcp://:1", "tcp://:2"}));
  CAF_CHECK(
    keys
    == (std::vector<std::string>{"$.mappings[1].from", "$.mappings[2].from"}));
  CAF_CHECK_EQUAL(doors.port("tcp://:1"), 77u);
  CAF_CHECK_EQUAL(doors.port("tcp://:3"), 0u);
  CAF_CHECK(doors.apply({raw(2), raw(3)}).empty());
  CAF_CHECK(all.stopped == names{"tcp://:1"});
  CAF_CHECK_EQUAL(doors.port("tcp://:1"), 0u);
  CAF_CHECK_EQUAL(keys.size(), 3u); // the second stayed open
}

CAF_TEST(streams outlive their mapping) {
  all.sessions["tcp://:1"] = 2;
  doors.apply({raw(1)});
  doors.apply({});
  CAF_CHECK(all.open == names{"tcp://:1"});
  CAF_CHECK_EQUAL(doors.sessions(), 2u);
  all.sessions.clear();
  doors.apply({});
  CAF_CHECK(all.open.empty());
}

CAF_TEST(a port that changes what it is opens anew) {
  doors.apply({raw(1)});
  doors.apply({raw(1, true)});
  CAF_CHECK(all.open.contains("tcp://:1p"));
  CAF_CHECK(all.stopped == names{"tcp://:1"});
}

CAF_TEST(all ports are opened or none) {
  CAF_CHECK_EQUAL(doors.apply({raw(1), raw(2)}), "");
  const auto why = doors.apply({raw(13), raw(3), raw(1)});
  CAF_CHECK(why.starts_with("$.mappings[0].from"));
  CAF_CHECK(doors.apply({raw(3), raw(13)}).starts_with("$.mappings[1].from"));
  CAF_CHECK_EQUAL(doors.port("tcp://:3"), 0u);
  CAF_CHECK_EQUAL(doors.port("tcp://:1"), 77u);
  CAF_CHECK_EQUAL(doors.port("tcp://:2"), 77u);
  CAF_CHECK_EQUAL(doors.apply({raw(3), raw(1)}), "");
  CAF_CHECK_EQUAL(doors.port("tcp://:3"), 77u);
  CAF_CHECK_EQUAL(doors.port("tcp://:2"), 0u);
}

CAF_TEST(a port that cannot become another one stays what it was) {
  doors.apply({raw(1)});
  CAF_CHECK(!doors.apply({raw(1, true), raw(13)}).empty());
  CAF_CHECK_EQUAL(doors.port("tcp://:1"), 77u);
  CAF_CHECK(!doors.apply({raw(13), raw(1, true)}).empty());
  CAF_CHECK_EQUAL(doors.apply({raw(1)}), "");
  CAF_CHECK_EQUAL(keys.back(), "$.mappings[0].from"); // of 13: nothing since
}

CAF_TEST(doors make way for mappings that have their port) {
  doors.apply({raw(1), raw(2)});
  auto other = raw(2);
  other.from.host = "127.0.0.1";
  const auto closed = doors.make_way_for({web(), other, raw(3)});
  CAF_REQUIRE_EQUAL(closed.size(), 1u);
  CAF_CHECK(closed.front() == raw(2));
  CAF_CHECK(all.stopped == names{"tcp://:2"});
  CAF_CHECK_EQUAL(doors.port("tcp://:1"), 77u);
}

CAF_TEST(names of a port share it) {
  CAF_CHECK_EQUAL(doors.apply({named("a", 1), named("*.b", 1), named("a", 2)}),
                  "");
  CAF_CHECK_EQUAL(keys.size(), 2u);
  CAF_CHECK_EQUAL(doors.port("tls://*:1"), 77u);
  CAF_CHECK_EQUAL(doors.apply({named("*.b", 1)}), "");
  CAF_CHECK(all.stopped == names{"tls://a:2"});
  CAF_CHECK_EQUAL(keys.size(), 2u);
  CAF_CHECK_EQUAL(doors.apply({raw(1)}), ""); // it makes room
  CAF_CHECK_EQUAL(doors.port("tls://*:1"), 0u);
  CAF_CHECK_EQUAL(doors.port("tcp://:1"), 77u);
}

CAF_TEST(nothing opens after the stop) {
  doors.apply({raw(1)});
  doors.stop_accepting();
  CAF_CHECK(all.stopped == names{"tcp://:1"});
  CAF_CHECK(doors.apply({raw(2)}).empty());
  CAF_CHECK(all.open == names{"tcp://:1"});
  doors.close();
  CAF_CHECK(all.open.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(single ports come and go) {
  fixture uut;
  CAF_CHECK_EQUAL(uut.doors.open(raw(1)), "");
  CAF_CHECK(uut.all.open.contains("tcp://:1"));
  CAF_CHECK(!uut.doors.open(raw(13)).empty());
  uut.doors.close(raw(2));
  uut.doors.close(raw(1));
  CAF_CHECK(uut.all.stopped.contains("tcp://:1"));
  CAF_CHECK_EQUAL(uut.doors.port("tcp://:1"), 0u);
  CAF_CHECK_EQUAL(uut.doors.open(raw(1)), "");
  uut.doors.stop_accepting();
  CAF_CHECK(!uut.doors.open(raw(3)).empty());
}

CAF_TEST(names at the port of a server open none) {
  ports all;
  stream_doors doors{[&](const config::mapping& rule, const std::string&) {
    return std::make_unique<fake_port>(all, rule.from.str());
  }};
  doors.leave({1});
  doors.apply({named("a", 1), named("a", 2), raw(1)});
  CAF_CHECK(all.open == (names{"tls://a:2", "tcp://:1"}));
}
