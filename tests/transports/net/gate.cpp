#define CAF_SUITE gate

#include "transports/net/gate.hpp"

#include "tests/support/test.hpp"

#include <deque>
#include <thread>

using namespace aps;

namespace {

class manual_unit final : public executor {
 public:
  void post(std::function<void()> work) override {
    posted.push_back(std::move(work));
  }
  bool on_thread() const noexcept override { return true; }
  time_point now() const noexcept override { return {}; }
  size_t index() const noexcept override { return 0; }

  void run() {
    while (!posted.empty()) {
      const auto work = std::move(posted.front());
      posted.pop_front();
      work();
    }
  }

  std::deque<std::function<void()>> posted;
};

class counting_front final : public front {
 public:
  route_decision admit(const visitor_request&) override { return denial{}; }
  void start(exchange_ptr) override {}
  void on_link(link_ptr) override {}
  exchange_id next_id() override { return 1; }
  void on_limit(limit kind, std::string_view, std::string_view) override {
    ++counts[kind];
  }

  std::map<limit, int> counts;
};

struct fixture {
  std::shared_ptr<gate> make(size_t total, size_t per_address,
                             size_t unproven = 1000,
                             size_t unproven_per_address = 1000) {
    return std::make_shared<gate>(
      connection_limits{total, per_address, unproven, unproven_per_address,
                        {"198.51.100.0/24"}},
      to);
  }

  // Descriptor 3 is far from any limit.
  place_ptr enter(gate& at, const std::string& ip, int fd = 3) {
    auto found = at.enter(unit, ip, ip + ":1", fd);
    refusal = found.refusal ? std::optional{found.refusal->kind}
                            : std::nullopt;
    if (found.place)
      found.place->on_evict([this, weak = std::weak_ptr{found.place}] {
        evicted.push_back(weak.lock()->peer());
      });
    return found.place;
  }

  place_ptr visitor(gate& at, const std::string& ip, standing now) {
    auto out = enter(at, ip);
    if (out)
      out->set(now);
    return out;
  }

  manual_unit unit;
  std::shared_ptr<counting_front> to = std::make_shared<counting_front>();
  std::optional<limit> refusal;
  std::vector<std::string> evicted;
};

// Eviction spares those that came a moment ago.
void age() {
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(gate_tests, fixture)

CAF_TEST(an address with all its connections gets no more) {
  const auto uut = make(100, 2);
  const auto a = visitor(*uut, "192.0.2.1", standing::busy);
  const auto b = visitor(*uut, "192.0.2.1", standing::busy);
  CAF_CHECK(!enter(*uut, "192.0.2.1"));
  CAF_CHECK(refusal == limit::address_connections);
  CAF_CHECK(enter(*uut, "192.0.2.2"));
  CAF_CHECK_EQUAL(to->counts[limit::address_connections], 1);
}

CAF_TEST(a whole network of IPv6 is one address) {
  const auto uut = make(100, 2);
  const auto a = visitor(*uut, "2001:db8::1", standing::busy);
  const auto b = visitor(*uut, "2001:db8::ffff:2", standing::busy);
  CAF_CHECK(!enter(*uut, "2001:db8::3"));
  CAF_CHECK(enter(*uut, "2001:db8:0:1::3"));
}

CAF_TEST(trusted networks have no limit of one address) {
  const auto uut = make(100, 1, 100, 1);
  std::vector<place_ptr> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(visitor(*uut, "198.51.100.7", standing::busy));
  CAF_CHECK(all.back());
}

CAF_TEST(who is silent for longest makes room and then who is idle) {
  const auto uut = make(3, 100);
  auto busy = visitor(*uut, "192.0.2.1", standing::busy);
  auto idle = visitor(*uut, "192.0.2.2", standing::idle);
  auto silent = enter(*uut, "192.0.2.3");
  auto first = visitor(*uut, "192.0.2.4", standing::busy);
  unit.run();
  CAF_CHECK_EQUAL(evicted, std::vector<std::string>{"192.0.2.3:1"});
  silent = nullptr;
  auto second = visitor(*uut, "192.0.2.5", standing::busy);
  unit.run();
  CAF_REQUIRE_EQUAL(evicted.size(), 2u);
  CAF_CHECK_EQUAL(evicted[1], "192.0.2.2:1");
  CAF_CHECK(!enter(*uut, "192.0.2.6"));
  CAF_CHECK(refusal == limit::connections);
  busy = nullptr;
  CAF_CHECK(enter(*uut, "192.0.2.6"));
}

CAF_TEST(a flood of silent peers ends itself and nobody else) {
  const auto uut = make(1000, 1000, 20, 5);
  auto other = enter(*uut, "192.0.2.9");
  std::vector<place_ptr> flood;
  for (int i = 0; i < 5; ++i)
    flood.push_back(enter(*uut, "192.0.2.1"));
  age();
  for (int i = 0; i < 3; ++i)
    flood.push_back(enter(*uut, "192.0.2.1"));
  unit.run();
  CAF_CHECK_EQUAL(evicted.size(), 3u);
  for (const auto& gone : evicted)
    CAF_CHECK_EQUAL(gone, "192.0.2.1:1");
  CAF_CHECK_EQUAL(to->counts[limit::unauthenticated], 3);
  CAF_CHECK_EQUAL(uut->unproven(), 6u);
}

CAF_TEST(the oldest polling link of an address makes room) {
  const auto uut = make(1000, 1000, 20, 2);
  std::vector<place_ptr> links;
  int gone = 0;
  for (int i = 0; i < 5; ++i) {
    links.push_back(uut->enter_link(unit, "192.0.2.1:1"));
    links.back()->on_evict([&gone] { ++gone; });
  }
  unit.run();
  CAF_CHECK_EQUAL(gone, 3);
  CAF_CHECK_EQUAL(to->counts[limit::poll_links], 3);
  CAF_CHECK_EQUAL(uut->connections(), 0u);
}

CAF_TEST(agents that proved who they are count no longer) {
  const auto uut = make(2, 2, 2, 2);
  std::vector<place_ptr> agents;
  for (int i = 0; i < 10; ++i) {
    agents.push_back(enter(*uut, "192.0.2.1"));
    CAF_REQUIRE(agents.back());
    agents.back()->set(standing::proving);
    agents.back()->set(standing::agent);
  }
  CAF_CHECK_EQUAL(uut->connections(), 0u);
  CAF_CHECK_EQUAL(uut->unproven(), 0u);
  unit.run();
  CAF_CHECK(evicted.empty());
}

CAF_TEST(in the reserve only the silent make room) {
  const auto uut = make(1000, 1000);
  auto silent = enter(*uut, "192.0.2.1");
  // Far above any limit of descriptors.
  const auto fresh = enter(*uut, "192.0.2.2", 1 << 30);
  unit.run();
  CAF_CHECK_EQUAL(evicted, std::vector<std::string>{"192.0.2.1:1"});
  CAF_CHECK(fresh);
  fresh->set(standing::busy);
  CAF_CHECK(!enter(*uut, "192.0.2.3", 1 << 30));
  CAF_CHECK(refusal == limit::descriptors);
}

CAF_TEST(without descriptors visitors make room before operators) {
  const auto desk = std::make_shared<gate>(connection_limits{}, to, true);
  const auto uut = make(1000, 1000);
  const auto other = make(1000, 1000);
  auto stranger = enter(*desk, "192.0.2.1");
  auto silent = enter(*other, "192.0.2.2");
  desk->make_room();
  unit.run();
  CAF_CHECK_EQUAL(evicted, std::vector<std::string>{"192.0.2.2:1"});
  // One that came this moment is about to be answered.
  uut->make_room();
  unit.run();
  CAF_CHECK_EQUAL(evicted.size(), 1u);
  CAF_CHECK_EQUAL(to->counts[limit::descriptors], 2);
  age();
  uut->make_room();
  unit.run();
  CAF_REQUIRE_EQUAL(evicted.size(), 2u);
  CAF_CHECK_EQUAL(evicted[1], "192.0.2.1:1");
}

CAF_TEST(all counts go back) {
  const auto uut = make(1000, 1000);
  {
    std::vector<place_ptr> all;
    for (int i = 0; i < 100; ++i) {
      const auto ip = "192.0.2." + std::to_string(i);
      all.push_back(visitor(*uut, ip, static_cast<standing>(i % 5)));
      all.push_back(uut->enter_link(unit, ip + ":1"));
    }
    uut->make_room();
    CAF_CHECK(uut->connections() > 0);
  }
  unit.run();
  CAF_CHECK_EQUAL(uut->connections(), 0u);
  CAF_CHECK_EQUAL(uut->unproven(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
