#define CAF_SUITE poll_desk

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/poll/by_hand.hpp"

#include <set>

using namespace aps;
using namespace aps::test;

CAF_TEST_FIXTURE_SCOPE(poll_desk_tests, by_hand_fixture)

CAF_TEST(tokens are long and differ) {
  auto to = dial_raw();
  std::set<std::string> tokens;
  for (int i = 0; i < 20; ++i) {
    const auto token = open_raw(to);
    CAF_CHECK_EQUAL(token.size(), 32u);
    tokens.insert(token);
    mine->abort(link_error::none);
    seen = std::make_shared<recorder>();
  }
  CAF_CHECK_EQUAL(tokens.size(), 20u);
}

CAF_TEST(a wrong token is answered before any body is read) {
  const std::string wrong(32, '0');
  auto to = dial_raw();
  CAF_CHECK_EQUAL(ask(to, down(wrong, 0)).status, 410u);
  CAF_CHECK_EQUAL(ask(to, down("", 0)).status, 410u);
  // The body is announced, but never sent.
  CAF_CHECK_EQUAL(ask(to, up_head(wrong, 1, 4'000'000)).status, 410u);
}

CAF_TEST(requests that say nonsense are refused and harm nobody) {
  auto to = dial_raw();
  const auto token = open_raw(to);
  const auto strange = [&](std::string_view path, header_list fields) {
    fields.push_back({"Aps-Token", token});
    auto other = dial_raw();
    return ask(other, poll_request_head(path, "node", fields, 0)).status;
  };
  CAF_CHECK_EQUAL(strange(poll_path, {}), 400u);
  CAF_CHECK_EQUAL(strange("/.tunnel/poll/sideways", {}), 400u);
  CAF_CHECK_EQUAL(strange(poll_down_path, {}), 400u);
  CAF_CHECK_EQUAL(strange(poll_down_path, {{"Aps-Received", "-1"}}), 400u);
  CAF_CHECK_EQUAL(strange(poll_up_path, {{"Aps-Batch", "0"}}), 400u);
  CAF_CHECK_EQUAL(strange(poll_up_path, {{"Aps-Batch", "1x"}}), 400u);
  CAF_CHECK_EQUAL(strange(poll_close_path, {{"Aps-Close", "99999"}}), 400u);
  CAF_CHECK_EQUAL(ask(to, up(token, 1, encoded({0, ping_frame{7}}))).received,
                  "1");
  CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
}

CAF_TEST(paths that only look like ours belong to visitors) {
  auto to = dial_raw();
  for (const std::string request :
       {"GET /.tunnel/poll", "PUT /.tunnel/poll/up", "POST /.tunnel/pollen",
        "POST http://elsewhere/.tunnel/poll"})
    CAF_CHECK_EQUAL(ask(to, request
                              + " HTTP/1.1\r\nHost: elsewhere\r\n"
                                "Content-Length: 0\r\n\r\n")
                      .status,
                    404u); // no mapping
  auto plain = options();
  plain.agents = false;
  port = net->listen(plain, node);
  auto other = dial_raw();
  CAF_CHECK_EQUAL(ask(other, opening()).status, 404u);
}

CAF_TEST(one connection may carry visitors and agents) {
  auto to = dial_raw();
  const std::string visit = "GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n";
  CAF_CHECK_EQUAL(ask(to, visit).status, 404u);
  CAF_CHECK_EQUAL(port->sessions(), 1u);
  const auto token = open_raw(to);
  CAF_CHECK_EQUAL(port->sessions(), 0u); // nobody waits for agents
  CAF_CHECK_EQUAL(ask(to, visit).status, 404u);
  CAF_CHECK_EQUAL(port->sessions(), 1u);
  CAF_CHECK_EQUAL(ask(to, up(token, 1, encoded({0, ping_frame{7}}))).status,
                  200u);
  CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
}

CAF_TEST(batches are not held to the limit of visitors) {
  auto narrow = options();
  narrow.limits.max_body_bytes = 1000;
  port = net->listen(narrow, node);
  auto to = dial_raw();
  const auto token = open_raw(to);
  CAF_CHECK_EQUAL(ask(to, up(token, 1, pings(40'000))).received, "1");
  CAF_CHECK_EQUAL(ask(to, "POST /.tunnel/pollen HTTP/1.1\r\nHost: x\r\n"
                          "Content-Length: 1001\r\n\r\n")
                    .status,
                  413u);
}

CAF_TEST(too many links without authentication are told so) {
  auto narrow = options();
  narrow.connections.unauthenticated_per_address = 10;
  port = net->listen(narrow, node);
  auto to = dial_raw();
  std::vector<link_ptr> links;
  const auto open_one = [&](unsigned status) {
    to.send(opening());
    CAF_CHECK_EQUAL(to.read_response().head.status, status);
    if (status == 201)
      links.push_back(node->take());
  };
  open_one(201);
  start(links[0], seen);
  links[0]->send({0, welcome_frame{}}); // is authenticated
  // The connection that carries the requests is no stranger's any more.
  for (int i = 0; i < 20; ++i)
    open_one(i < 10 ? 201 : 429);
  for (size_t i = 1; i < links.size(); ++i) {
    auto end = std::make_shared<recorder>();
    start(links[i], end);
    CAF_CHECK_EQUAL(end->closings(), 0);
  }
  CAF_CHECK_EQUAL(seen->closings(), 0);
}

CAF_TEST(a listener that stops accepting keeps its poll links) {
  auto [node_link, agent_link] = connect(transport_kind::poll);
  CAF_REQUIRE(node_link && agent_link);
  auto at_agent = std::make_shared<recorder>();
  start(node_link, seen);
  start(agent_link, at_agent);
  agent_link->send({0, ping_frame{1}});
  CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
  port->stop_accepting();
  for (uint64_t i = 0; i < 20; ++i) {
    agent_link->send({0, ping_frame{i}});
    node_link->send({0, ping_frame{i}});
    CAF_CHECK_EQUAL(seen->frames(1).size(), 1u);
    CAF_CHECK_EQUAL(at_agent->frames(1).size(), 1u);
  }
  agent_link->close(close_reason::normal, "done");
  CAF_CHECK(seen->closed() == link_error::none);
}

CAF_TEST(a node that forgot the link is not asked twice) {
  auto [node_link, agent_link] = connect(transport_kind::poll);
  CAF_REQUIRE(node_link && agent_link);
  auto at_agent = std::make_shared<recorder>();
  start(agent_link, at_agent);
  auto same = options();
  same.port = port->port();
  port.reset();
  port = net->listen(same, node);
  CAF_CHECK(at_agent->closed() == link_error::lost);
}

CAF_TEST(many links of both units carry frames both ways) {
  struct one {
    link_pair ends;
    std::shared_ptr<recorder> echo;
    std::shared_ptr<recorder> back = std::make_shared<recorder>();
  };
  std::vector<one> all(12);
  for (auto& item : all) {
    item.ends = connect(transport_kind::poll);
    CAF_REQUIRE(item.ends.node && item.ends.agent);
    item.echo = std::make_shared<recorder>(
      [to = item.ends.node.get()](frame& what) { to->send(std::move(what)); });
    item.ends.node->send({0, welcome_frame{}});
    start(item.ends.node, item.echo);
    start(item.ends.agent, item.back);
    CAF_REQUIRE_EQUAL(item.back->frames(1).size(), 1u);
  }
  constexpr uint64_t count = 500;
  for (uint64_t i = 0; i < count; ++i)
    for (auto& item : all)
      item.ends.agent->send({1, ack_frame{i, 0, false}});
  for (auto& item : all)
    for (uint64_t next = 0; next < count;) {
      const auto frames = item.back->frames(1);
      CAF_REQUIRE(!frames.empty());
      for (const auto& what : frames)
        CAF_REQUIRE_EQUAL(std::get<ack_frame>(what.body).offset, next++);
    }
  for (auto& item : all)
    item.ends.agent->abort(link_error::none);
  for (auto& item : all)
    CAF_CHECK(item.echo->closed());
}

CAF_TEST_FIXTURE_SCOPE_END()
