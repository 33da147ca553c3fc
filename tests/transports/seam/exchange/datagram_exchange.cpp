#define CAF_SUITE datagram_exchange

#include "tests/transports/seam/exchange_world.hpp"

#include "tests/support/test.hpp"

#include <algorithm>
#include <string>

using namespace aps;
using namespace aps::test;

namespace {

using texts = std::vector<std::string>;

struct recorder final : exchange_observer {
  void on_over(const exchange_record_ptr& record) override { seen = record; }
  exchange_record_ptr seen;
};

struct both : world {
  both() : world{datagrams(), default_window} {}

  bool ask(std::string_view text) {
    bool out = false;
    unit.run_inside([&] { out = node->send_datagram(slice::copy(text)); });
    unit.run_all();
    return out;
  }

  bool reply(std::string_view text) {
    bool out = false;
    unit.run_inside([&] { out = agent->send_datagram(slice::copy(text)); });
    unit.run_all();
    return out;
  }

  void begin() {
    connect();
    settle();
    unit.run_inside([&] { agent->send_head(answer(200)); });
    settle();
  }

  template <class Frame>
  size_t under_way(const std::shared_ptr<sim_link>& on) const {
    return static_cast<size_t>(
      std::count_if(on->out.begin(), on->out.end(), [](const frame& each) {
        return std::holds_alternative<Frame>(each.body);
      }));
  }
};

} // namespace

CAF_TEST(datagrams pass both ways in frames of their own) {
  both w;
  w.begin();
  CAF_CHECK(w.ask("a"));
  CAF_CHECK(w.ask(""));
  CAF_CHECK_EQUAL(w.under_way<datagram_frame>(w.to_agent), 2u);
  w.settle();
  CAF_CHECK(w.reply("b"));
  w.settle();
  CAF_CHECK(w.origin_side->datagrams == (texts{"a", ""}));
  CAF_CHECK(w.visitor_side->datagrams == texts{"b"});
  CAF_CHECK(w.origin_side->body.empty() && w.visitor_side->body.empty());
}

CAF_TEST(the first ones wait for an agent) {
  both w;
  CAF_CHECK(w.ask("a"));
  CAF_CHECK(w.ask("b"));
  w.connect();
  w.settle();
  CAF_CHECK(w.origin_side->datagrams == (texts{"a", "b"}));
}

CAF_TEST(none is sent again after a move) {
  both w;
  w.begin();
  w.ask("a");
  w.deliver_to_agent();
  w.ask("b");
  w.reply("c");
  w.cut();
  CAF_CHECK(!w.ask("d")); // nobody is there
  CAF_CHECK(!w.reply("e"));
  w.connect();
  CAF_CHECK(!w.ask("f")); // where the agent is was not said yet
  w.settle();
  CAF_CHECK(w.ask("g"));
  CAF_CHECK(w.reply("h"));
  w.settle();
  CAF_CHECK(w.origin_side->datagrams == (texts{"a", "g"}));
  CAF_CHECK(w.visitor_side->datagrams == texts{"h"});
  CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
  CAF_CHECK_EQUAL(w.executions, 1);
}

CAF_TEST(what has no credit is dropped and the record says so) {
  both w;
  const auto observer = std::make_shared<recorder>();
  w.node->observe(observer, std::make_shared<exchange_record>());
  w.begin();
  const std::string large(8 * 1024, 'x');
  size_t sent = 0;
  while (w.ask(large))
    ++sent;
  CAF_CHECK(!w.ask(large));
  CAF_CHECK_EQUAL(w.under_way<datagram_frame>(w.to_agent), sent);
  w.settle();
  CAF_CHECK_EQUAL(w.origin_side->datagrams.size(), sent);
  CAF_CHECK(w.ask("y"));
  w.settle();
  w.unit.run_inside([&] { w.node->cancel(outcome::ok); });
  w.unit.run_all();
  CAF_REQUIRE(observer->seen);
  CAF_CHECK_EQUAL(observer->seen->bytes_up, sent * large.size() + 1);
  CAF_CHECK_EQUAL(observer->seen->detail, "2 datagrams had no room");
}

CAF_TEST(what belongs to no session of datagrams ends the exchange) {
  const std::vector<frame::kind> bad{data_frame{0, slice::copy("x"), false},
                                     data_frame{0, {}, true}, end_frame{0, {}},
                                     datagram_frame{1, slice::copy("x")}};
  for (const auto& each : bad) {
    both w;
    w.begin();
    w.unit.run_inside([&] { w.node->deliver(w.to_agent, {7, each}); });
    w.unit.run_all();
    CAF_REQUIRE(w.visitor_side->failure);
    CAF_CHECK(*w.visitor_side->failure == outcome::internal);
    both other;
    other.begin();
    other.unit.run_inside([&] {
      other.agent->deliver(other.to_node, {7, each});
    });
    other.unit.run_all();
    CAF_CHECK_EQUAL(other.under_way<reset_frame>(other.to_node), 1u);
    CAF_CHECK(other.origin_side->datagrams.empty());
  }
}

CAF_TEST(nobody else is sent datagrams) {
  world w{stream()};
  w.connect();
  w.settle();
  w.unit.run_inside([&] {
    w.agent->deliver(w.to_node, {7, datagram_frame{0, slice::copy("x")}});
    w.node->deliver(w.to_agent, {7, response_frame{answer(200)}});
    w.node->deliver(w.to_agent, {7, datagram_frame{0, slice::copy("x")}});
  });
  w.unit.run_all();
  CAF_CHECK(w.origin_side->datagrams.empty());
  CAF_CHECK(w.visitor_side->datagrams.empty());
  CAF_CHECK_EQUAL(w.visitor_side->ends, 1);
}

CAF_TEST(what is taken gets new credit) {
  both w;
  w.begin();
  w.unit.run_inside([&] {
    uint64_t at = 0;
    const auto bytes = slice::adopt(std::string(60000, 'x'));
    for (int i = 0; i < 20; ++i, at += datagram_cost(bytes.size()))
      w.node->deliver(w.to_agent, {7, datagram_frame{at, bytes}});
  });
  // What the node takes it gives new credit for.
  CAF_CHECK(!w.visitor_side->failure);
  CAF_CHECK_EQUAL(w.visitor_side->datagrams.size(), 20u);
}

CAF_TEST(whatever is cut each comes once and in order) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random{seed};
    both w;
    w.ask("0");
    w.begin();
    int asked = 0;
    int replied = 0;
    bool up = true;
    for (int i = 0; i < 400; ++i) {
      switch (random() % 8) {
        case 0:
        case 1: w.ask(std::to_string(++asked)); break;
        case 2:
        case 3: w.reply(std::to_string(++replied)); break;
        case 4:
        case 5: w.deliver_to_agent(); break;
        case 6: w.deliver_to_node(); break;
        default:
          if (random() % 4 != 0)
            break;
          if (up)
            w.cut();
          else
            w.connect();
          up = !up;
      }
    }
    if (!up)
      w.connect();
    w.settle();
    CAF_CHECK(w.ask(std::to_string(++asked)));
    CAF_CHECK(w.reply(std::to_string(++replied)));
    w.settle();
    CAF_CHECK_EQUAL(w.visitor_side->ends, 0);
    for (const auto* got :
         {&w.origin_side->datagrams, &w.visitor_side->datagrams}) {
      CAF_REQUIRE(!got->empty());
      for (size_t i = 1; i < got->size(); ++i)
        CAF_CHECK_LESS(std::stoi((*got)[i - 1]), std::stoi((*got)[i]));
    }
    CAF_CHECK_EQUAL(w.origin_side->datagrams.back(), std::to_string(asked));
    CAF_CHECK_EQUAL(w.visitor_side->datagrams.back(), std::to_string(replied));
  }
}
