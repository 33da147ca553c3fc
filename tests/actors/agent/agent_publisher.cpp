#define CAF_SUITE agent_publisher

#include "actors/agent/agent_publisher.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{std::chrono::hours(1)};

agent_publisher one() {
  return agent_publisher{{{"app1", "http://local:1"}}};
}

} // namespace

CAF_TEST(names are asked for when the node is there) {
  auto uut = one();
  CAF_CHECK(!uut.due(start));
  uut.on_connected();
  const auto first = uut.due(start);
  CAF_REQUIRE(first);
  CAF_CHECK_EQUAL(first->names.front().name, "app1");
  CAF_CHECK(!uut.due(start + 4s));
  // No answer.
  const auto second = uut.due(start + 5s);
  CAF_REQUIRE(second);
  CAF_CHECK(first->serial != second->serial);
  // That of the first one comes too late.
  CAF_CHECK(uut
              .on_answer({first->serial, {{"app1", "url"}}, {}}, "node.test",
                         start + 5s)
              .empty());
  const auto news = uut.on_answer({second->serial, {{"app1", "url"}}, {}},
                                  "node.test", start + 5s);
  CAF_REQUIRE_EQUAL(news.size(), 1u);
  CAF_CHECK(news.front().granted);
  CAF_CHECK_EQUAL(news.front().text, "Published http://local:1 as url");
  CAF_CHECK(!uut.due(start + 1h));
}

CAF_TEST(what is refused is asked for again and told once) {
  auto uut = one();
  uut.on_connected();
  const auto refused = [&](time_point now) {
    const auto asked = uut.due(now);
    CAF_REQUIRE(asked);
    return uut.on_answer({asked->serial, {}, {{"app1", "is taken\n"}}},
                         "node.test", now);
  };
  const auto news = refused(start);
  CAF_REQUIRE_EQUAL(news.size(), 1u);
  CAF_CHECK(!news.front().granted);
  CAF_CHECK_EQUAL(news.front().text,
                  "Cannot publish http://local:1 as app1: the name is "
                  "taken\\x0a");
  CAF_CHECK(!uut.due(start + 9s));
  CAF_CHECK(refused(start + 10s).empty());
  CAF_CHECK_EQUAL(uut.states().front().refused, "is taken\\x0a");
}

CAF_TEST(a node that is back is told again) {
  auto uut = one();
  uut.on_connected();
  const auto asked = uut.due(start);
  uut.on_answer({asked->serial, {{"app1", "url"}}, {}}, "node.test", start);
  uut.on_lost();
  CAF_CHECK(!uut.due(start + 1h));
  uut.on_connected();
  const auto again = uut.due(start + 1h);
  CAF_REQUIRE(again);
  // The same URL is no news.
  CAF_CHECK(uut
              .on_answer({again->serial, {{"app1", "url"}}, {}}, "node.test",
                         start + 1h)
              .empty());
}

CAF_TEST(a name that others take over is asked for again later) {
  auto uut = one();
  uut.on_connected();
  const auto asked = uut.due(start);
  uut.on_answer({asked->serial, {{"app1", "url"}}, {}}, "node.test", start);
  const auto news = uut.on_answer(
    {asked->serial, {}, {{"app1", "is taken over"}}}, "node.test", start);
  CAF_CHECK_EQUAL(news.size(), 1u);
  CAF_CHECK(uut.states().front().url.empty());
  CAF_CHECK(!uut.due(start + 9s));
  CAF_CHECK(uut.due(start + 10s));
}

CAF_TEST(ports are at the node) {
  agent_publisher uut{{{":2222", "tcp://local:22"}}};
  uut.on_connected();
  const auto asked = uut.due(start);
  const auto news = uut.on_answer(
    {asked->serial, {{":2222", "tcp://:2222"}}, {}}, "node.test", start);
  CAF_REQUIRE_EQUAL(news.size(), 1u);
  CAF_CHECK_EQUAL(news.front().url, "tcp://node.test:2222");
}

CAF_TEST(a name is asked for once and unknown ones are ignored) {
  agent_publisher uut{{{"a", "http://local:1"}, {"a", "http://local:2"}}};
  uut.on_connected();
  const auto asked = uut.due(start);
  CAF_CHECK_EQUAL(asked->names.size(), 1u);
  CAF_CHECK(uut
              .on_answer({asked->serial, {{"b", "url"}}, {{"c", "no"}}},
                         "node.test", start)
              .empty());
  CAF_CHECK(agent_publisher{{}}.is_idle());
}
