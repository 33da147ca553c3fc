#define CAF_SUITE publication_desk

#include "actors/path/publication_desk.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

session_id session(uint8_t number) {
  session_id out{};
  out[0] = number;
  return out;
}

using words = std::vector<std::string>;

words texts(const header_list& list) {
  words out;
  for (const auto& each : list)
    out.push_back(each.name + ": " + each.value);
  return out;
}

/// A desk for tunnel "t", agents by their sessions' numbers.
struct desk_script {
  config::node config;
  std::shared_ptr<publication_table> table
    = std::make_shared<publication_table>(config);
  words told;
  std::optional<publication_desk> uut;
  config::publishing allowed{{"*.test"}, {}, {}, 3};

  desk_script() {
    uut.emplace(table, [this](event_kind kind, const publisher& by,
                              const std::string& detail) {
      told.push_back(to_string(kind) + " " + by.endpoint + ": " + detail);
    });
  }

  published_frame declare(uint8_t number, header_list names,
                          const std::string& endpoint = "e",
                          time_point now = start, uint64_t started = 1) {
    return uut->declare({session(number), {"t", "c", endpoint}, started, {}},
                        {7, std::move(names)}, &allowed, {now, 1000});
  }

  words names() const {
    words out;
    for (const auto& each : table->list())
      out.push_back(each.name.str());
    return out;
  }

  words take_told() { return std::exchange(told, {}); }
};

const header app1{"app1", "http://local:1"};
const header app2{"app2", "http://local:2"};

} // namespace

CAF_TEST(an agent gets what it may and is told of the rest) {
  desk_script uut;
  const auto answer = uut.declare(1, {app1,
                                      {"app1.test", "http://local:3"},
                                      {"app3.other", "http://local:3"},
                                      {"app4", "local"},
                                      {"", "http://local:5"},
                                      app2,
                                      {"app6", "http://local:6"}});
  CAF_CHECK_EQUAL(answer.serial, 7u);
  CAF_CHECK(texts(answer.granted)
            == (words{"app1: http://app1.test/", ": http://e.test/",
                      "app2: http://app2.test/"}));
  CAF_CHECK(
    texts(answer.refused)
    == (words{"app1.test: is asked for twice, as app1.test",
              "app3.other: is not among the hosts that may be published: "
              "*.test",
              "app4: has a target that is none: no scheme",
              "app6: is one too many: an agent may publish 3"}));
  CAF_CHECK(uut.names() == (words{"app1.test", "app2.test", "e.test"}));
  CAF_CHECK_EQUAL(uut.take_told().size(), 7u);
  // It asks again and again, which is no news.
  uut.declare(1, {app1, {"app3.other", "http://local:3"}});
  CAF_CHECK(uut.take_told()
            == (words{"mapping-withdrawn e: http://e.test/",
                      "mapping-withdrawn e: http://app2.test/"}));
}

CAF_TEST(what is not repeated is given up before the rest is taken) {
  desk_script uut;
  uut.declare(1, {app1, app2});
  uut.declare(1, {{"app2", "http://local:9"}});
  CAF_CHECK(uut.names() == words{"app2.test"});
  uut.declare(1, {});
  CAF_CHECK(uut.names().empty());
  CAF_CHECK_EQUAL(uut.take_told().back(),
                  "mapping-withdrawn e: http://app2.test/");
}

CAF_TEST(names go with their session) {
  desk_script uut;
  uut.declare(1, {app1});
  // It is announced before anybody says that it is there.
  uut.uut->on_sessions("e", {}, false, start);
  CAF_CHECK(uut.names() == words{"app1.test"});
  uut.uut->on_sessions("e", {session(1)}, false, start);
  uut.uut->on_sessions("other", {}, false, start);
  CAF_CHECK(uut.names() == words{"app1.test"});
  uut.uut->on_sessions("e", {}, false, start);
  CAF_CHECK(uut.names().empty());
}

CAF_TEST(who may come back keeps them for the grace) {
  desk_script uut;
  uut.declare(1, {app1});
  uut.uut->on_sessions("e", {session(1)}, false, start);
  CAF_CHECK(uut.uut->expire(start, 10s) == time_point::max());
  uut.uut->on_sessions("e", {}, true, start + 1s);
  CAF_CHECK(uut.uut->expire(start + 2s, 10s) == start + 11s);
  uut.uut->on_sessions("e", {session(1)}, true, start + 3s);
  CAF_CHECK(uut.uut->expire(start + 20s, 10s) == time_point::max());
  uut.uut->on_sessions("e", {}, true, start + 20s);
  uut.uut->expire(start + 29s, 10s);
  CAF_CHECK(uut.names() == words{"app1.test"});
  uut.uut->expire(start + 30s, 10s);
  CAF_CHECK(uut.names().empty());
}

CAF_TEST(one that nobody has seen is over after the grace) {
  desk_script uut;
  uut.declare(1, {app1});
  CAF_CHECK(uut.uut->expire(start + 9s, 10s) == start + 10s);
  uut.uut->expire(start + 10s, 10s);
  CAF_CHECK(uut.names().empty());
}

CAF_TEST(a name that is taken over is told to who had it) {
  desk_script uut;
  uut.declare(1, {app1, app2}, "e", start, 1);
  const auto answer = uut.declare(2, {app1}, "f", start, 2);
  CAF_CHECK(texts(answer.granted) == words{"app1: http://app1.test/"});
  const auto notices = uut.uut->take_notices();
  CAF_REQUIRE_EQUAL(notices.size(), 1u);
  CAF_CHECK_EQUAL(notices.front().frame.serial, 7u);
  CAF_CHECK(texts(notices.front().frame.refused)
            == words{"app1: is taken over by endpoint f of tunnel t "
                     "(credential c), an agent that started later"});
  CAF_CHECK(uut.uut->take_notices().empty());
  // The end of the first one takes nothing from the second.
  uut.uut->on_endpoint_gone("e");
  CAF_CHECK(uut.names() == words{"app1.test"});
}

CAF_TEST(revoked credentials and forgotten endpoints give all up) {
  desk_script uut;
  uut.declare(1, {app1});
  uut.uut->revoke("d");
  CAF_CHECK(uut.names() == words{"app1.test"});
  uut.uut->revoke("c");
  CAF_CHECK(uut.names().empty());
  uut.declare(1, {app1});
  uut.uut->on_endpoint_gone("e");
  CAF_CHECK(uut.names().empty());
}

CAF_TEST(other rules take names and are told) {
  desk_script uut;
  uut.declare(1, {app1, app2});
  const config::publishing fewer{{"app2.test"}, {}, {}, 3};
  uut.uut->reconsider([&](const std::string& credential) {
    return credential == "c" ? &fewer : nullptr;
  });
  CAF_CHECK(uut.names() == words{"app2.test"});
  const auto notices = uut.uut->take_notices();
  CAF_REQUIRE_EQUAL(notices.size(), 1u);
  CAF_CHECK(texts(notices.front().frame.refused)
            == words{"app1: is not among the hosts that may be published: "
                     "app2.test"});
  uut.uut->reconsider([](const std::string&) { return nullptr; });
  CAF_CHECK(uut.names().empty());
}

CAF_TEST(mappings of a changed file take names and are told) {
  desk_script uut;
  uut.declare(1, {app1, app2});
  uut.take_told();
  config::mapping own;
  own.from = {"http", "app2.test", 80, ""};
  uut.config.mappings = {own};
  uut.table->use(std::make_shared<const configuration>(uut.config, nullptr));
  uut.uut->reconsider([&](const std::string&) { return &uut.allowed; });
  CAF_CHECK(uut.names() == words{"app1.test"});
  CAF_CHECK(uut.take_told() == words{"mapping-withdrawn e: http://app2.test/"});
  const auto notices = uut.uut->take_notices();
  CAF_REQUIRE_EQUAL(notices.size(), 1u);
  CAF_CHECK(texts(notices[0].frame.refused)
            == words{"app2: is answered by the node's own mappings[0]"});
  // It asks again, until the file lets it.
  CAF_CHECK_EQUAL(uut.declare(1, {app1, app2}).refused.size(), 1u);
  uut.config.mappings.clear();
  uut.table->use(std::make_shared<const configuration>(uut.config, nullptr));
  CAF_CHECK(uut.declare(1, {app1, app2}).refused.empty());
}

CAF_TEST(a desk that ends gives all up) {
  desk_script uut;
  uut.declare(1, {app1});
  uut.uut.reset();
  CAF_CHECK(uut.names().empty());
}
