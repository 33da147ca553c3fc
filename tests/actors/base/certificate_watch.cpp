#define CAF_SUITE certificate_watch

#include "tests/support/ocsp.hpp"
#include "tests/support/test.hpp"

#include "actors/base/certificate_watch.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

using namespace aps;
using namespace aps::test;

namespace {

/// A server's files, and what is heard of them.
struct fixture {
  fixture() {
    std::filesystem::create_directories(folder);
    settings.certificates.push_back(
      {folder + "/c.pem", folder + "/k.pem", "$.tls"});
    watch.use({"a.example", "never.example"});
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  void put(const made_certificate& made) {
    std::ofstream{folder + "/c.pem"} << made.cert;
    std::ofstream{folder + "/k.pem"} << made.key;
  }

  void begin(const certificate_wish& wish = {}) {
    put(make_certificate(wish));
    const auto given = watch.add("s", settings);
    CAF_CHECK_EQUAL(given->pairs.size(), 1u);
    watch.use("s", [this](const tls_material& fresh) {
      if (refuses)
        throw std::runtime_error("OpenSSL says no");
      renewed.push_back(fresh.pairs.front().chain);
    });
  }

  std::string folder = (std::filesystem::temp_directory_path()
                        / ("aps-watch-" + std::to_string(::getpid())))
                         .string();
  config::tls settings;
  int64_t now = config::seconds_now();
  int64_t days = -1;
  bool refuses = false;
  std::vector<event> events;
  std::vector<std::string> renewed;
  certificate_watch watch{
    {[this](event news) { events.push_back(std::move(news)); },
     [this](const std::string&, int64_t left) { days = left; },
     [this] { return now; }}};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(certificate_watch_tests, fixture)

CAF_TEST(a server cannot begin with a bad pair) {
  put(make_certificate());
  std::ofstream{folder + "/k.pem"} << make_certificate().key;
  CAF_CHECK_THROWS_AS(watch.add("s", settings), std::runtime_error);
}

CAF_TEST(files that changed are used and others left alone) {
  begin();
  watch.look(false);
  CAF_CHECK(renewed.empty());
  const auto next = make_certificate();
  put(next);
  watch.look(false);
  CAF_REQUIRE_EQUAL(renewed.size(), 1u);
  CAF_CHECK_EQUAL(renewed.front(), next.cert);
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK(events.front().kind == event_kind::certificate_renewed);
  watch.look(false);
  watch.look(true); // the same again is nothing new
  CAF_CHECK_EQUAL(renewed.size(), 1u);
}

CAF_TEST(a bad pair is told of once and the old one stays) {
  begin();
  put(make_certificate({.until = -test_day / 2}));
  watch.look(false);
  watch.look(false);
  CAF_CHECK(renewed.empty());
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK(events.front().kind == event_kind::certificate_refused);
  CAF_CHECK(events.front().detail.find("expired on") != std::string::npos);
  put(make_certificate());
  watch.look(false);
  CAF_CHECK_EQUAL(renewed.size(), 1u);
}

CAF_TEST(a pair for other names is refused) {
  begin();
  put(make_certificate({.names = "DNS:b.example"}));
  watch.look(false);
  CAF_CHECK(renewed.empty());
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK(events.front().detail.find(
              "they are for \"b.example\", and none for a.example")
            != std::string::npos);
}

CAF_TEST(what the port refuses is no new certificate) {
  begin();
  refuses = true;
  put(make_certificate());
  watch.look(false);
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK(events.front().detail.find("OpenSSL says no") != std::string::npos);
  refuses = false;
  watch.look(true);
  CAF_CHECK_EQUAL(renewed.size(), 1u);
}

CAF_TEST(other settings are used with the next look at all) {
  begin();
  settings.min_version = "1.3";
  watch.change("s", settings);
  watch.look(true);
  CAF_CHECK_EQUAL(renewed.size(), 1u);
}

CAF_TEST(the end is told at 30 and 7 and 1 days) {
  begin({.until = 40 * test_day + test_day / 2});
  const auto start = now;
  const auto heard_after = [&](int64_t after) {
    now = start + after * test_day;
    watch.look(false);
    return events.size();
  };
  CAF_CHECK_EQUAL(heard_after(0), 0u);
  CAF_CHECK_EQUAL(days, 40);
  CAF_CHECK_EQUAL(heard_after(8), 0u);
  CAF_CHECK_EQUAL(heard_after(11), 1u);
  CAF_CHECK_EQUAL(heard_after(20), 1u);
  CAF_CHECK_EQUAL(heard_after(34), 2u);
  CAF_CHECK_EQUAL(heard_after(39), 3u);
  CAF_CHECK_EQUAL(heard_after(45), 3u);
  CAF_CHECK(events.front().kind == event_kind::certificate_ends);
  CAF_CHECK(days < 0);
}

CAF_TEST(one that ends soon is told of at the start) {
  begin({.until = 3 * test_day + test_day / 2});
  CAF_CHECK_EQUAL(events.size(), 1u);
  CAF_CHECK(events.front().detail.find("ends in 3 days") != std::string::npos);
}

CAF_TEST(a new OCSP response is used and one that is over told once) {
  const auto mine = make_certificate();
  put(mine);
  settings.certificates.front().ocsp = folder + "/c.ocsp";
  const auto answer = [&](long until) {
    std::ofstream{folder + "/c.ocsp"}
      << make_ocsp({.of = mine, .issuer = mine, .until = until});
  };
  answer(2 * test_day);
  std::vector<tls_pair> given = watch.add("s", settings)->pairs;
  watch.use("s", [&](const tls_material& fresh) { given = fresh.pairs; });
  const auto first = given.front().ocsp_until;
  CAF_CHECK(!given.front().ocsp.empty());
  answer(5 * test_day);
  watch.look(false);
  CAF_CHECK(given.front().ocsp_until > first);
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK_EQUAL(events.back().detail, "Server s has new OCSP responses");
  now += 6 * test_day;
  watch.look(false);
  watch.look(false);
  CAF_REQUIRE_EQUAL(events.size(), 2u);
  CAF_CHECK(events.back().kind == event_kind::certificate_ends);
  CAF_CHECK_EQUAL(events.back().detail,
                  "The OCSP response of server s for a.example is over and not "
                  "shown any more");
  std::ofstream{folder + "/c.ocsp"} << "nothing";
  watch.look(false);
  CAF_REQUIRE_EQUAL(events.size(), 3u);
  CAF_CHECK(events.back().kind == event_kind::certificate_refused);
  CAF_CHECK(events.back().detail.find("tls.ocsp: found") != std::string::npos);
  answer(9 * test_day);
  watch.look(false);
  CAF_REQUIRE_EQUAL(events.size(), 4u);
  CAF_CHECK(events.back().kind == event_kind::certificate_renewed);
}

CAF_TEST_FIXTURE_SCOPE_END()
