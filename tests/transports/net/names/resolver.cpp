#define CAF_SUITE resolver

#include "tests/support/test.hpp"

#include "transports/net/names/resolver.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/udp.hpp>

#include <future>
#include <set>
#include <thread>

using namespace aps;
namespace asio = boost::asio;
using address = asio::ip::address;
using boost::system::error_code;

namespace {

/// Runs `work` on the unit's thread and waits for it.
template <class Work>
void on(io_unit& unit, Work work) {
  std::promise<void> done;
  unit.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

/// Answers when it is told to.
class told_service final : public name_service {
 public:
  void ask(const std::string& name, handler done) override {
    ++asked;
    questions[name] = std::move(done);
  }

  std::map<std::string, handler> questions;
  int asked = 0;
};

struct fixture {
  fixture() {
    unit.start();
    auto made = std::make_unique<told_service>();
    service = made.get();
    names = std::make_shared<resolver>(unit, std::move(made));
  }

  ~fixture() { unit.stop(); }

  void find(const std::string& name, std::shared_ptr<void> from = nullptr) {
    on(unit, [&] {
      names->find(name, from ? from : owner,
                  [this](const error_code& error, const auto& found) {
                    errors.push_back(error);
                    answers.push_back(found.empty() ? address{} : found.front());
                  });
    });
    settle();
  }

  void answer(const std::string& name, name_answer with) {
    on(unit, [&] { service->questions[name](with); });
    settle();
  }

  void tick(duration later) {
    on(unit, [&] { names->on_tick(unit.now() + later); });
    settle();
  }

  // What a handler posts to its own thread comes behind what others posted
  // meanwhile, so the second time all of it is done.
  void settle() {
    on(unit, [] {});
    on(unit, [] {});
  }

  io_unit unit{0};
  told_service* service = nullptr;
  std::shared_ptr<resolver> names;
  std::shared_ptr<void> owner = std::make_shared<char>();
  std::vector<error_code> errors;
  std::vector<address> answers;
};

name_answer good(const char* text, duration valid = std::chrono::hours(1)) {
  return {{}, {asio::ip::make_address(text)}, valid};
}

/// A DNS server on loopback: "fine..." is 127.0.0.9, "none..." does not exist,
/// nothing is ever said about other names.
class loopback_dns {
 public:
  loopback_dns() : socket_(context_, {asio::ip::address_v4::loopback(), 0}) {
    thread_ = std::thread{[this] { serve(); }};
  }

  ~loopback_dns() {
    over_ = true;
    asio::ip::udp::socket wake{context_, asio::ip::udp::v4()};
    wake.send_to(asio::buffer("", 1), socket_.local_endpoint());
    thread_.join();
  }

  std::string str() const {
    return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
  }

 private:
  void serve() {
    while (!over_) {
      std::string packet(512, '\0');
      asio::ip::udp::endpoint from;
      packet.resize(socket_.receive_from(asio::buffer(packet), from));
      if (packet.size() < 17)
        continue;
      const auto size = static_cast<size_t>(packet[12]);
      const auto label = packet.substr(13, size);
      if (label != "fine" && label != "none")
        continue;
      const bool v4 = packet[packet.find('\0', 12) + 2] == 1;
      packet.resize(packet.find('\0', 12) + 5);
      const bool found = label == "fine" && v4;
      const std::string counts{'\x81', label == "fine" ? '\x80' : '\x83', 0, 1,
                               0, static_cast<char>(found), 0, 0, 0, 0};
      packet.replace(2, counts.size(), counts);
      if (found)
        packet += std::string{"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x7f\0\0\x09", 16};
      socket_.send_to(asio::buffer(packet), from);
    }
  }

  asio::io_context context_;
  asio::ip::udp::socket socket_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(resolver_tests, fixture)

CAF_TEST(many that ask for one name are one question) {
  find("a.test");
  find("a.test");
  find("b.test");
  CAF_CHECK_EQUAL(service->asked, 2);
  answer("a.test", good("127.0.0.7"));
  CAF_CHECK_EQUAL(answers.size(), 2u);
  find("a.test");
  CAF_CHECK_EQUAL(service->asked, 2);
  CAF_CHECK_EQUAL(answers.size(), 3u);
  CAF_CHECK(answers.back() == asio::ip::make_address("127.0.0.7"));
}

CAF_TEST(a name that hangs costs its own askers only their patience) {
  find("dead.test");
  find("fine.test");
  answer("fine.test", good("127.0.0.7"));
  CAF_CHECK_EQUAL(answers.size(), 1u);
  tick(resolver::patience);
  CAF_REQUIRE_EQUAL(errors.size(), 2u);
  CAF_CHECK(errors[1] == asio::error::timed_out);
}

CAF_TEST(old addresses serve while nobody answers) {
  find("a.test");
  answer("a.test", good("127.0.0.7", duration{}));
  find("a.test");
  tick(resolver::stale_after);
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK(answers[1] == asio::ip::make_address("127.0.0.7"));
  // The last word is another thing.
  answer("a.test", {asio::error::host_not_found, {}, {}});
  find("a.test");
  CAF_REQUIRE_EQUAL(errors.size(), 3u);
  CAF_CHECK(errors[2] == asio::error::host_not_found);
}

CAF_TEST(a failure that may pass leaves the old addresses in use) {
  find("a.test");
  answer("a.test", good("127.0.0.7", duration{}));
  find("a.test");
  answer("a.test", {asio::error::host_not_found_try_again, {}, {}});
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK(answers[1] == asio::ip::make_address("127.0.0.7"));
}

CAF_TEST(a name that was not found is not asked again at once) {
  find("a.test");
  answer("a.test", {asio::error::host_not_found, {}, {}});
  find("a.test");
  CAF_CHECK_EQUAL(service->asked, 1);
  CAF_CHECK_EQUAL(errors.size(), 2u);
}

CAF_TEST(who left hears nothing and makes room) {
  auto leaving = std::make_shared<char>();
  find("a.test", leaving);
  leaving = nullptr;
  answer("a.test", good("127.0.0.7"));
  CAF_CHECK(answers.empty());
  find("b.test");
  for (size_t i = 1; i < resolver::max_waiting; ++i)
    find("b.test", std::make_shared<char>());
  CAF_CHECK(answers.empty());
  find("b.test"); // in the place of those that left
  CAF_CHECK(answers.empty());
  answer("b.test", good("127.0.0.7"));
  CAF_CHECK_EQUAL(answers.size(), 2u);
}

CAF_TEST(localhost needs nobody) {
  for (const auto* name : {"localhost", "LocalHost.", "a.localhost"})
    find(name);
  CAF_CHECK_EQUAL(service->asked, 0);
  CAF_CHECK_EQUAL(answers.size(), 3u);
  find("notlocalhost");
  CAF_CHECK_EQUAL(service->asked, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a DNS server that is silent about one name answers for others) {
  loopback_dns server;
  io_unit unit{0};
  unit.start();
  std::unique_ptr<name_service> service;
  std::promise<name_answer> fine;
  std::promise<name_answer> none;
  std::atomic<bool> dead{false};
  on(unit, [&] {
    service = make_dns(unit, {server.str()});
    service->ask("dead.test", [&](const name_answer&) { dead = true; });
    service->ask("fine.test", [&](name_answer x) { fine.set_value(x); });
    service->ask("none.test", [&](name_answer x) { none.set_value(x); });
  });
  const auto found = fine.get_future().get();
  CAF_CHECK(!found.error);
  CAF_REQUIRE_EQUAL(found.addresses.size(), 1u);
  CAF_CHECK(found.addresses[0] == asio::ip::make_address("127.0.0.9"));
  CAF_CHECK(found.valid == std::chrono::seconds(30));
  CAF_CHECK(none.get_future().get().error == asio::error::host_not_found);
  CAF_CHECK(!dead);
  on(unit, [&] { service.reset(); });
  on(unit, [] {});
  CAF_CHECK(!dead); // nothing is said any more
  unit.stop();
}

CAF_TEST(a DNS server that is no address is refused) {
  io_unit unit{0};
  CAF_CHECK_THROWS_AS(make_dns(unit, {"dns.example.com"}), std::runtime_error);
}

CAF_TEST(the system is asked by threads that nobody waits for) {
  io_unit unit{0};
  unit.start();
  std::unique_ptr<name_service> service;
  std::promise<name_answer> found;
  on(unit, [&] {
    service = make_system_names(unit, 1);
    service->ask("127.0.0.7", [&](name_answer x) { found.set_value(x); });
    for (int i = 0; i < 20; ++i)
      service->ask("127.0.0.8", [](const name_answer&) {});
  });
  const auto answer = found.get_future().get();
  CAF_REQUIRE_EQUAL(answer.addresses.size(), 1u);
  CAF_CHECK(answer.addresses[0] == asio::ip::make_address("127.0.0.7"));
  on(unit, [&] { service.reset(); });
  unit.stop();
}
