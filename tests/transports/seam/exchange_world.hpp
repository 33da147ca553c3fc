#pragma once

#include "transports/seam/exchange/exchange.hpp"

#include "tests/support/sim.hpp"

/// Both ends of an exchange with everything between them in the test's hands.
namespace aps::test {

inline std::string random_text(std::mt19937& random, size_t size) {
  std::string out(size, '\0');
  for (auto& c : out)
    c = char(random());
  return out;
}

// Reads an answer as slowly as it likes.
struct test_visitor final : visitor {
  void on_head(const response_head_ptr& head) override {
    heads.push_back(head->status);
  }
  void on_data(slice bytes) override { body += bytes.view(); }
  void on_datagram(slice datagram) override {
    datagrams.emplace_back(datagram.view());
  }
  void on_end(const header_list& with) override {
    ++ends;
    trailers = with;
  }
  void on_failed(outcome how, const std::string& why) override {
    ++ends;
    failure = how;
    detail = why;
  }
  void on_writable() override {}
  void on_half_end() override { ++half_ends; }
  void on_refused(outcome how, const header_list& fields) override {
    ++ends;
    failure = how;
    refusal = fields;
  }

  std::vector<int> heads;
  std::string body;
  std::vector<std::string> datagrams;
  size_t consumed = 0;
  header_list trailers;
  header_list refusal; ///< fields of it
  std::optional<outcome> failure;
  std::string detail; ///< of the failure
  int ends = 0;
  int half_ends = 0; ///< of a stream
};

struct test_origin final : origin {
  void on_body(slice bytes) override { body += bytes.view(); }
  void on_datagram(slice datagram) override {
    datagrams.emplace_back(datagram.view());
  }
  void on_body_end(const header_list&) override { ++body_ends; }
  void on_cancelled() override { ++cancelled; }
  void on_writable() override {}

  std::string body;
  std::vector<std::string> datagrams;
  size_t consumed = 0;
  int body_ends = 0;
  int cancelled = 0;
};

struct test_owner final : exchange_owner {
  void on_finished(executor&, exchange_id, outcome how) override {
    finished.push_back(how);
  }
  std::vector<outcome> finished;
};

// Node and agent ends of one exchange and the connection between them; the
// agent's table is this struct.
struct world {
  explicit world(request_head head, uint32_t window = 4096) {
    visitor_side = std::make_shared<test_visitor>();
    auto shared = std::make_shared<const request_head>(std::move(head));
    node = std::make_shared<exchange>(unit, 7, shared, exchange_facts{},
                                      visitor_side, window);
    origin_side = std::make_shared<test_origin>();
  }

  void connect() {
    to_agent = std::make_shared<sim_link>(unit);
    to_node = std::make_shared<sim_link>(unit);
    unit.run_inside([&] { node->attach(to_agent, session, node_owner); });
  }

  void cut() {
    node->detach(to_agent);
    if (agent)
      agent->detach(to_node);
    unit.run_all();
    to_agent->end(link_error::lost);
    to_node->end(link_error::lost);
  }

  bool deliver_to_agent() {
    if (to_agent->out.empty())
      return false;
    auto what = std::move(to_agent->out.front());
    to_agent->out.pop_front();
    unit.run_inside([&] { at_agent(std::move(what)); });
    unit.run_all();
    return true;
  }

  bool deliver_to_node() {
    if (to_node->out.empty())
      return false;
    auto what = std::move(to_node->out.front());
    to_node->out.pop_front();
    unit.run_inside([&] { node->deliver(to_agent, std::move(what)); });
    unit.run_all();
    return true;
  }

  void settle() {
    while (deliver_to_agent() || deliver_to_node()) {
    }
  }

  void at_agent(frame what) {
    if (auto* head = std::get_if<request_frame>(&what.body)) {
      ++executions;
      agent = std::make_shared<served_exchange>(unit, what.exchange,
                                                head->head, head->window);
      agent->set_origin(origin_side);
      agent->attach(to_node, agent_owner);
    } else if (auto* position = std::get_if<resume_frame>(&what.body)) {
      if (agent)
        agent->resume(to_node, agent_owner, *position);
      else
        to_node->send({what.exchange,
                       resumed_frame{position->attempt, false, 0, false}});
    } else if (agent) {
      agent->deliver(to_node, std::move(what));
    }
  }

  manual_unit unit;
  session_id session{1};
  std::shared_ptr<test_visitor> visitor_side;
  std::shared_ptr<test_origin> origin_side;
  std::shared_ptr<test_owner> node_owner = std::make_shared<test_owner>();
  std::shared_ptr<test_owner> agent_owner = std::make_shared<test_owner>();
  exchange_ptr node;
  served_exchange_ptr agent;
  std::shared_ptr<sim_link> to_agent;
  std::shared_ptr<sim_link> to_node;
  int executions = 0;
};

inline request_head get(std::string method = "GET") {
  request_head head;
  head.method = std::move(method);
  return head;
}

inline request_head post() {
  auto head = get("POST");
  head.last = false;
  return head;
}

inline request_head stream() {
  auto head = post();
  head.method = "TCP";
  head.scheme = "tcp";
  return head;
}

inline request_head datagrams() {
  auto head = post();
  head.method = "UDP";
  head.scheme = "udp";
  return head;
}

inline response_head_ptr answer(uint16_t status, bool last = false) {
  auto head = std::make_shared<response_head>();
  head->status = status;
  head->last = last;
  return head;
}

} // namespace aps::test
