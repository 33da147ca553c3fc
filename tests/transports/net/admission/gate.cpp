#define CAF_SUITE gate

#include "transports/net/admission/gate.hpp"

#include "tests/support/few_descriptors.hpp"
#include "tests/support/test.hpp"

#include <algorithm>
#include <deque>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

using namespace aps;
using test::few_descriptors;

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

// The gate's clock, and what time does to it.
int64_t clock_ns = 1;

int64_t manual_now() noexcept {
  return clock_ns;
}

void age(std::chrono::nanoseconds by = std::chrono::milliseconds(300)) {
  clock_ns += by.count();
}

struct fixture {
  std::shared_ptr<gate> make(size_t total, size_t per_address,
                             size_t unproven = 1000,
                             size_t unproven_per_address = 1000) {
    return std::make_shared<gate>(connection_limits{total,
                                                    per_address,
                                                    unproven,
                                                    unproven_per_address,
                                                    {"198.51.100.0/24"}},
                                  to, false, &manual_now);
  }

  std::shared_ptr<gate> make_desk(size_t unproven = 1000) {
    return std::make_shared<gate>(connection_limits{1000, 1000, unproven}, to,
                                  true, &manual_now);
  }

  // Descriptor 3 is far from any limit.
  place_ptr enter(gate& at, const std::string& ip, int fd = 3,
                  bool passes_on = false) {
    auto found = at.enter(unit, {ip, ip + ":1", fd, passes_on});
    refusal = found.refusal ? std::optional{found.refusal->kind} : std::nullopt;
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

CAF_TEST(a proxy has no limit of one address until it says who comes) {
  const auto uut = make(100, 1, 100, 1);
  std::vector<place_ptr> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(enter(*uut, "192.0.2.1", 3, true));
  CAF_CHECK(all.back());
  CAF_CHECK(!refusal);
  const auto one = visitor(*uut, "192.0.2.2", standing::busy);
  CAF_CHECK(one);
  CAF_CHECK(!enter(*uut, "192.0.2.2"));
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

CAF_TEST(the address that has most strangers makes room for others) {
  const auto uut = make(1000, 1000, 8, 1000);
  const auto honest = visitor(*uut, "192.0.2.9", standing::proving);
  std::vector<place_ptr> flood;
  for (int i = 0; i < 7; ++i)
    flood.push_back(enter(*uut, "192.0.2.1"));
  // None of them is of age, yet its address has more.
  const auto other = enter(*uut, "192.0.2.8");
  unit.run();
  CAF_CHECK_EQUAL(evicted, std::vector<std::string>{"192.0.2.1:1"});
  age();
  for (int i = 0; i < 8; ++i)
    flood.push_back(enter(*uut, "192.0.2.1"));
  unit.run();
  CAF_CHECK_EQUAL(evicted.size(), 7u); // the last two are young
  for (const auto& gone : evicted)
    CAF_CHECK_EQUAL(gone, "192.0.2.1:1");
}

CAF_TEST(the young are spared up to twice the limit) {
  const auto uut = make(1000, 1000, 1000, 4);
  std::vector<place_ptr> flood;
  for (int i = 0; i < 8; ++i)
    flood.push_back(enter(*uut, "192.0.2.1"));
  unit.run();
  CAF_CHECK(evicted.empty());
  for (int i = 0; i < 4; ++i)
    flood.push_back(enter(*uut, "192.0.2.1"));
  unit.run();
  CAF_CHECK_EQUAL(evicted.size(), 4u);
  CAF_CHECK_EQUAL(uut->unproven(), 8u);
}

CAF_TEST(a slow handshake is spared for longer than silence) {
  const auto uut = make(1000, 1000, 1000, 2);
  const auto a = visitor(*uut, "192.0.2.1", standing::proving);
  const auto b = visitor(*uut, "192.0.2.1", standing::proving);
  age(std::chrono::seconds(2));
  const auto c = visitor(*uut, "192.0.2.1", standing::proving);
  unit.run();
  CAF_CHECK(evicted.empty());
  age(std::chrono::seconds(2));
  const auto d = enter(*uut, "192.0.2.1");
  unit.run();
  CAF_CHECK_EQUAL(evicted.size(), 2u);
}

CAF_TEST(a polling link is refused until one of its address is of age) {
  const auto uut = make(1000, 1000, 20, 2);
  std::vector<place_ptr> links;
  int gone = 0;
  const auto open = [&] {
    auto fresh = uut->enter_link(unit, "192.0.2.1:1");
    if (fresh)
      fresh->on_evict([&gone] { ++gone; });
    links.push_back(fresh);
    return fresh != nullptr;
  };
  CAF_CHECK(open());
  CAF_CHECK(open());
  CAF_CHECK(!open());
  CAF_CHECK_EQUAL(to->counts[limit::poll_links], 1);
  age(std::chrono::seconds(4));
  CAF_CHECK(open());
  unit.run();
  CAF_CHECK_EQUAL(gone, 1);
  CAF_CHECK_EQUAL(to->counts[limit::poll_links], 2);
  CAF_CHECK_EQUAL(uut->connections(), 0u);
}

CAF_TEST(polling links push out no connection and come at a rate) {
  const auto uut = make(1000, 1000, 8, 1000);
  const auto agent = visitor(*uut, "192.0.2.9", standing::proving);
  std::vector<place_ptr> links;
  age(std::chrono::hours(1));
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 300; ++j)
      links.push_back(
        uut->enter_link(unit, "192.0.2." + std::to_string(i) + ":1"));
  unit.run();
  CAF_CHECK(evicted.empty());
  CAF_CHECK_EQUAL(uut->unproven(), 9u);
  // One of an address that has fewer comes all the same.
  CAF_CHECK(uut->enter_link(unit, "192.0.2.7:1"));
  // Its address asked too often, be there room or not.
  links.clear();
  CAF_CHECK(!uut->enter_link(unit, "192.0.2.1:1"));
  age(std::chrono::seconds(1));
  CAF_CHECK(uut->enter_link(unit, "192.0.2.1:1"));
}

CAF_TEST(links that prove who they are do not count for the rate) {
  const auto uut = make(1000, 1000);
  std::vector<place_ptr> links;
  for (int i = 0; i < 1000; ++i) {
    links.push_back(uut->enter_link(unit, "192.0.2.1:1"));
    CAF_REQUIRE(links.back());
    links.back()->set(standing::agent);
  }
  CAF_CHECK_EQUAL(uut->unproven(), 0u);
}

CAF_TEST(one address has a part of the descriptors) {
  const few_descriptors few{256}; // 224 beside the reserve
  const auto uut = make(1000, 1000);
  std::vector<place_ptr> all;
  for (int i = 0; i < 56; ++i)
    all.push_back(visitor(*uut, "192.0.2.1", standing::busy));
  CAF_CHECK(!enter(*uut, "192.0.2.1"));
  CAF_CHECK(refusal == limit::address_connections);
  CAF_CHECK(enter(*uut, "192.0.2.2"));
  for (int i = 0; i < 100; ++i)
    all.push_back(visitor(*uut, "198.51.100.7", standing::busy));
  CAF_CHECK(all.back());
}

CAF_TEST(descriptors of targets count for their address) {
  const few_descriptors few{256}; // 224 beside the reserve
  const auto door = make(1000, 1000);
  const auto visitor = enter(*door, "192.0.2.1");
  visitor->set(standing::busy);
  size_t taken = 0;
  while (taken < 10'000 && visitor->take_descriptor())
    ++taken;
  CAF_CHECK_EQUAL(taken, 55u);
  CAF_CHECK(!enter(*door, "192.0.2.1"));
  CAF_CHECK(enter(*door, "192.0.2.2"));
  visitor->return_descriptor();
  CAF_CHECK(enter(*door, "192.0.2.1"));
  // Trusted ones have no share, and nobody is left over.
  const auto trusted = enter(*door, "198.51.100.1");
  for (int i = 0; i < 10'000; ++i)
    CAF_REQUIRE(trusted->take_descriptor());
  for (size_t i = 1; i < taken; ++i)
    visitor->return_descriptor();
}

CAF_TEST(strangers have a part of the descriptors) {
  const few_descriptors few{256};
  const auto uut = make(1000, 1000);
  std::vector<place_ptr> all;
  for (int i = 0; i < 30; ++i)
    all.push_back(visitor(*uut, "192.0.2.1", standing::proving));
  for (int i = 0; i < 26; ++i)
    all.push_back(visitor(*uut, "192.0.2.2", standing::proving));
  unit.run();
  CAF_CHECK(evicted.empty());
  // Another address has room, which the one with most of them makes.
  const auto other = visitor(*uut, "192.0.2.3", standing::proving);
  CAF_CHECK(other);
  unit.run();
  CAF_CHECK_EQUAL(evicted, std::vector<std::string>{"192.0.2.1:1"});
  for (auto& agent : all)
    agent->set(standing::agent);
  CAF_CHECK_EQUAL(uut->connections(), 1u);
}

CAF_TEST(who asks without the token stays a stranger) {
  const auto desk = make_desk(4);
  const auto known = visitor(*desk, "192.0.2.9", standing::busy);
  std::vector<place_ptr> asking;
  for (int i = 0; i < 10; ++i)
    asking.push_back(visitor(*desk, "192.0.2.1", standing::asked));
  unit.run();
  CAF_CHECK_EQUAL(evicted.size(), 6u);
  CAF_CHECK_EQUAL(desk->unproven(), 4u);
  // The token once does not help a request without it.
  known->set(standing::asked);
  CAF_CHECK_EQUAL(desk->unproven(), 5u);
}

CAF_TEST(strangers at the door of operators have a part of the reserve) {
  const few_descriptors few{256}; // 32 are the reserve
  const auto desk = make_desk();
  std::vector<place_ptr> asking;
  for (int i = 0; i < 40; ++i) {
    asking.push_back(enter(*desk, "192.0.2." + std::to_string(i), 250));
    CAF_REQUIRE(asking.back());
  }
  CAF_CHECK(desk->unproven() <= 8u);
  const auto fresh = enter(*desk, "192.0.2.99", 250);
  CAF_REQUIRE(fresh);
  CAF_CHECK(!fresh->reserved()); // it is what the reserve is for
  fresh->set(standing::busy);
  unit.run();
  CAF_CHECK(std::find(evicted.begin(), evicted.end(), "192.0.2.99:1")
            == evicted.end());
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

CAF_TEST(who came for another has its number of the reserve on loan) {
  const few_descriptors few{256};
  const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CAF_REQUIRE(lowest >= 0);
  const int in_reserve = ::fcntl(lowest, F_DUPFD_CLOEXEC, 224);
  std::vector<int> rest;
  while (rest.empty() || rest.back() < 224)
    rest.push_back(::fcntl(lowest, F_DUPFD_CLOEXEC, 0));
  ::close(rest.back());
  const auto uut = make(1000, 1000);
  const auto silent = enter(*uut, "192.0.2.1", lowest);
  auto fresh = enter(*uut, "192.0.2.2", in_reserve);
  CAF_REQUIRE(fresh);
  CAF_CHECK(!fresh->reserved());
  fresh->set(standing::busy);
  // The number that was made free is not a target's, nor a visitor's.
  CAF_CHECK(in_descriptor_reserve(lowest));
  const auto next = enter(*uut, "192.0.2.3", lowest);
  CAF_REQUIRE(next);
  CAF_CHECK(next->reserved());
  fresh.reset();
  CAF_CHECK(!in_descriptor_reserve(lowest));
  for (const int number : rest)
    ::close(number);
  ::close(in_reserve);
  ::close(lowest);
}

CAF_TEST(who is busy by then stays and counts) {
  const auto uut = make(2, 1000);
  const auto first = visitor(*uut, "192.0.2.1", standing::idle);
  const auto second = visitor(*uut, "192.0.2.2", standing::busy);
  const auto third = visitor(*uut, "192.0.2.3", standing::busy);
  CAF_REQUIRE(third);
  first->set(standing::busy);
  CAF_CHECK_EQUAL(uut->connections(), 2u);
  unit.run();
  CAF_CHECK_EQUAL(uut->connections(), 3u);
  CAF_CHECK(!enter(*uut, "192.0.2.4"));
  first->set(standing::idle);
  // A search that found nobody idle is not repeated at once.
  place_ptr fourth;
  for (int i = 0; i < 3000 && !fourth; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    fourth = enter(*uut, "192.0.2.4");
  }
  CAF_CHECK(fourth);
}

CAF_TEST(many idle ones can make room at once) {
  const auto uut = make(150, 1000);
  std::vector<place_ptr> all;
  for (int i = 0; i < 150; ++i)
    all.push_back(visitor(*uut, "192.0.2.1", standing::idle));
  for (int i = 0; i < 150; ++i) {
    all.push_back(visitor(*uut, "192.0.2.2", standing::busy));
    CAF_REQUIRE(all.back());
  }
}

CAF_TEST(without descriptors visitors make room before operators) {
  const auto desk = make_desk();
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
      all.push_back(visitor(*uut, ip, standing_table[i % 7].kind));
      all.push_back(uut->enter_link(unit, ip + ":1"));
    }
    uut->make_room();
    CAF_CHECK(uut->connections() > 0);
  }
  unit.run();
  CAF_CHECK_EQUAL(uut->connections(), 0u);
  CAF_CHECK_EQUAL(uut->unproven(), 0u);
}

CAF_TEST(an address begins so many handshakes and others begin theirs) {
  connection_limits limits{.trusted = {"198.51.100.0/24"},
                           .handshakes_per_address = 5};
  const auto uut = std::make_shared<gate>(limits, to, false, &manual_now);
  const auto begun = [&](const std::string& ip, size_t wanted) {
    size_t out = 0;
    for (size_t i = 0; i < wanted; ++i) {
      const auto come = enter(*uut, ip);
      out += come && uut->may_shake_hands(*come);
    }
    return out;
  };
  CAF_CHECK_EQUAL(begun("192.0.2.1", 80), 50u);
  CAF_CHECK_EQUAL(to->counts[limit::handshake_rate], 30);
  CAF_CHECK_EQUAL(begun("192.0.2.2", 80), 50u);
  age(std::chrono::seconds(2));
  CAF_CHECK_EQUAL(begun("192.0.2.1", 80), 10u);
  CAF_CHECK_EQUAL(begun("198.51.100.7", 200), 200u);
  // A /64 is one house, as for the other limits of an address.
  CAF_CHECK_EQUAL(begun("2001:db8:1:2::1", 40) + begun("2001:db8:1:2::2", 40),
                  50u);
  CAF_CHECK_EQUAL(begun("2001:db8:1:3::1", 1), 1u);
  limits.handshakes_per_address = 0;
  const auto open = std::make_shared<gate>(limits, to, false, &manual_now);
  for (int i = 0; i < 2000; ++i)
    CAF_REQUIRE(open->may_shake_hands(*enter(*open, "192.0.2.1")));
}

CAF_TEST(handshakes of agents that prove themselves do not count) {
  const connection_limits limits{.trusted = {}, .handshakes_per_address = 1};
  const auto uut = std::make_shared<gate>(limits, to, false, &manual_now);
  for (int i = 0; i < 100; ++i) {
    const auto agent = enter(*uut, "192.0.2.1");
    CAF_REQUIRE(uut->may_shake_hands(*agent));
    agent->set(standing::agent);
  }
  // Plain ones took no turn that could be given back.
  for (int i = 0; i < 10; ++i)
    CAF_REQUIRE(uut->may_shake_hands(*enter(*uut, "192.0.2.1")));
  visitor(*uut, "192.0.2.1", standing::agent);
  CAF_CHECK(!uut->may_shake_hands(*enter(*uut, "192.0.2.1")));
}

CAF_TEST_FIXTURE_SCOPE_END()
