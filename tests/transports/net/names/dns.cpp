#define CAF_SUITE dns

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"

#include "transports/net/names/name_service.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/udp.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <thread>

using namespace aps;
using namespace std::chrono_literals;
using aps::test::on;
namespace asio = boost::asio;

namespace {

/// A DNS server on loopback that answers as a question's first label says:
/// "fine" is 127.0.0.9 for 30 s, "six" is ::9, "both" has two addresses of
/// different lifetimes, "brief" is valid for no time, "long" for a day, "none"
/// does not exist, "empty" has no addresses, "broken" fails; nothing is ever
/// said about other names.
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
  struct script {
    char code = 0;
    std::string v4 = {}; ///< records for A, and for AAAA
    std::string v6 = {};
  };

  static std::string record(char type, std::string_view seconds,
                            std::string_view address) {
    return std::string{"\xc0\x0c\0", 3} + type + std::string{"\0\1\0", 3}
           + std::string{seconds} + '\0' + static_cast<char>(address.size())
           + std::string{address};
  }

  static std::map<std::string, script> scripts() {
    using namespace std::string_view_literals;
    const auto nine = "\x7f\0\0\x09"sv;
    return {
      {"fine", {0, record(1, "\0\0\x1e"sv, nine)}},
      {"six",
       {0,
        {},
        record(28, "\0\0\x1e"sv, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09"sv)}},
      {"both",
       {0, record(1, "\0\0\x28"sv, nine)
             + record(1, "\0\0\x14"sv, "\x7f\0\0\x0a"sv)}},
      {"brief", {0, record(1, "\0\0\0"sv, nine)}},
      {"long", {0, record(1, "\1\x51\x80"sv, nine)}},
      {"none", {3}},
      {"empty", {0}},
      {"broken", {2}},
    };
  }

  void serve() {
    const auto known = scripts();
    while (!over_) {
      std::string packet(512, '\0');
      asio::ip::udp::endpoint from;
      packet.resize(socket_.receive_from(asio::buffer(packet), from));
      if (packet.size() < 17)
        continue;
      const auto found
        = known.find(packet.substr(13, static_cast<size_t>(packet[12])));
      if (found == known.end())
        continue;
      const auto& [code, v4, v6] = found->second;
      const auto end = packet.find('\0', 12);
      const auto& records = packet[end + 2] == 1 ? v4 : v6;
      packet.resize(end + 5);
      const auto count = std::count(records.begin(), records.end(), '\xc0');
      const std::string counts{'\x81', static_cast<char>(0x80 | code),
                               0,      1,
                               0,      static_cast<char>(count),
                               0,      0,
                               0,      0};
      packet.replace(2, counts.size(), counts);
      socket_.send_to(asio::buffer(packet + records), from);
    }
  }

  asio::io_context context_;
  asio::ip::udp::socket socket_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// A unit that asks the server above.
struct asking {
  asking() {
    unit.start();
    on(unit, [this] { service = make_dns(unit, {server.str()}); });
  }

  ~asking() {
    on(unit, [this] { service.reset(); });
    unit.stop();
  }

  name_answer ask(const std::string& name) {
    std::promise<name_answer> answer;
    on(unit, [&] {
      service->ask(name, [&](name_answer x) { answer.set_value(x); });
    });
    return answer.get_future().get();
  }

  loopback_dns server;
  io_unit unit{0};
  std::unique_ptr<name_service> service;
};

std::vector<std::string> texts(const name_answer& answer) {
  std::vector<std::string> out;
  for (const auto& address : answer.addresses)
    out.push_back(address.to_string());
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

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

CAF_TEST(addresses of both families come with the shortest lifetime) {
  asking at;
  const auto six = at.ask("six.test");
  CAF_CHECK(!six.error);
  CAF_CHECK_EQUAL(texts(six), (std::vector<std::string>{"::9"}));
  const auto both = at.ask("both.test");
  CAF_CHECK_EQUAL(texts(both),
                  (std::vector<std::string>{"127.0.0.10", "127.0.0.9"}));
  CAF_CHECK(both.valid == 20s);
}

CAF_TEST(a lifetime is a second at least and a minute at most) {
  asking at;
  CAF_CHECK(at.ask("brief.test").valid == 1s);
  CAF_CHECK(at.ask("long.test").valid == 60s);
}

CAF_TEST(the last word is told from what may pass) {
  asking at;
  CAF_CHECK(at.ask("empty.test").error == asio::error::host_not_found);
  const auto broken = at.ask("broken.test");
  CAF_CHECK(broken.error == asio::error::host_not_found_try_again);
  CAF_CHECK(broken.addresses.empty());
}

CAF_TEST(an answer comes behind the call that asks for it) {
  asking at;
  std::promise<name_answer> answer;
  bool called = false;
  on(at.unit, [&] {
    at.service->ask("127.0.0.7", [&](name_answer x) {
      called = true;
      answer.set_value(x);
    });
    CAF_CHECK(!called); // though nobody needs to be asked
  });
  CAF_CHECK_EQUAL(texts(answer.get_future().get()),
                  (std::vector<std::string>{"127.0.0.7"}));
}
