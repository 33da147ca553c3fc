#define CAF_SUITE poll_server_link

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/poll/by_hand.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST_FIXTURE_SCOPE(poll_server_link_tests, by_hand_fixture)

CAF_TEST(a batch goes out again until the agent has it) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  mine->send({0, ping_frame{1}});
  const auto first = ask(to, down(token, 0));
  CAF_CHECK_EQUAL(first.batch, "1");
  auto other = dial_raw();
  const auto again = ask(other, down(token, 0));
  CAF_CHECK_EQUAL(again.batch, "1");
  CAF_CHECK_EQUAL(again.body, first.body);
  mine->send({0, ping_frame{2}});
  CAF_CHECK_EQUAL(ask(other, down(token, 1)).batch, "2");
  // A request from long ago gets nothing and disturbs nobody.
  CAF_CHECK_EQUAL(ask(to, down(token, 0)).status, 409u);
  CAF_CHECK_EQUAL(ask(to, down(token, 1)).batch, "2");
}

CAF_TEST(a repeated batch is confirmed and ignored) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  const auto one = up(token, 1, encoded({0, ping_frame{1}}));
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(ask(to, one).received, "1");
  CAF_CHECK_EQUAL(ask(to, up(token, 2, encoded({0, ping_frame{2}}))).received,
                  "2");
  CAF_CHECK_EQUAL(ask(to, one).received, "2");
  const auto frames = seen->frames(2);
  CAF_CHECK_EQUAL(frames.size(), 2u);
  CAF_CHECK(seen->frames(0).empty());
}

CAF_TEST(a batch out of order ends the link) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  CAF_CHECK_EQUAL(ask(to, up(token, 2, encoded({0, ping_frame{1}}))).close,
                  "1002");
  CAF_CHECK(seen->closed() == link_error::protocol);
  CAF_CHECK_EQUAL(ask(to, down(token, 0)).status, 410u);
}

CAF_TEST(garbage ends the link) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  CAF_CHECK_EQUAL(ask(to, up(token, 1, "\xff\xff\xff")).close, "1002");
  CAF_CHECK(seen->closed() == link_error::protocol);
}

CAF_TEST(a waiting request is answered at once when there is something) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  to.send(down(token, 0));
  auto other = dial_raw();
  ask(other, up(token, 1, encoded({0, ping_frame{1}}))); // both are there
  mine->send({0, ping_frame{2}});
  CAF_CHECK_EQUAL(hear(to).batch, "1");
}

CAF_TEST(a waiting request is answered without frames in the end) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  const auto got = ask(to, down(token, 0, 200));
  CAF_CHECK_EQUAL(got.status, 200u);
  CAF_CHECK_EQUAL(got.batch, "(none)");
  CAF_CHECK_EQUAL(got.body, "");
  mine->send({0, ping_frame{2}});
  CAF_CHECK_EQUAL(ask(to, down(token, 0)).batch, "1");
}

CAF_TEST(a newer request takes the place of a waiting one) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  to.send(down(token, 0));
  auto other = dial_raw();
  ask(other, up(token, 1, encoded({0, ping_frame{1}})));
  other.send(down(token, 0));
  CAF_CHECK_EQUAL(hear(to).batch, "(none)");
  mine->send({0, ping_frame{2}});
  CAF_CHECK_EQUAL(hear(other).batch, "1");
}

CAF_TEST(a newer request takes the place of an unfinished one) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  const auto body = encoded({0, ping_frame{1}});
  to.send(up_head(token, 1, 1000));
  auto other = dial_raw();
  // Either may come first; then the other one is repeated by its agent.
  auto got = ask(other, up(token, 1, body));
  while (got.status == 409)
    got = ask(other, up(token, 1, body));
  CAF_CHECK_EQUAL(got.received, "1");
  CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
  mine->abort(link_error::none);
}

CAF_TEST(an agent that does not come any more is given up) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  CAF_CHECK(seen->closed() == link_error::lost);
  CAF_CHECK_EQUAL(ask(to, down(token, 0)).status, 410u);
}

CAF_TEST(a closing by hand ends the link at once with its code) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  const auto got = ask(
    to, poll_request_head(poll_close_path, "node",
                          {{"Aps-Token", token}, {"Aps-Close", "1001"}}, 5)
          + "later");
  CAF_CHECK_EQUAL(got.status, 200u);
  CAF_CHECK(seen->closed() == link_error::unavailable);
}

CAF_TEST(who is not authenticated may not send much) {
  auto to = dial_raw();
  auto token = open_raw(to);
  CAF_CHECK_EQUAL(ask(to, up_head(token, 1, 70'000)).status, 413u);
  auto other = dial_raw();
  CAF_CHECK_EQUAL(ask(other, up(token, 1, pings(40'000))).received, "1");
  CAF_CHECK_EQUAL(ask(other, up(token, 2, pings(40'000))).close, "1002");
  CAF_CHECK(seen->closed() == link_error::protocol);
  // Once welcome it may.
  seen = std::make_shared<recorder>();
  token = open_raw(other);
  mine->send({0, welcome_frame{}});
  CAF_CHECK_EQUAL(ask(other, down(token, 0)).batch, "1");
  CAF_CHECK_EQUAL(ask(other, up(token, 1, pings(300'000))).received, "1");
  CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
