#define CAF_SUITE system_names

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"

#include "transports/net/names/name_service.hpp"

#include <boost/asio/error.hpp>

#include <future>
#include <netinet/in.h>

using namespace aps;
using aps::test::on;
namespace asio = boost::asio;

namespace {

struct asking {
  explicit asking(size_t threads) {
    unit.start();
    on(unit, [&] { service = make_system_names(unit, threads); });
  }

  ~asking() {
    on(unit, [this] { service.reset(); });
    unit.stop();
  }

  io_unit unit{0};
  std::unique_ptr<name_service> service;
};

} // namespace

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

CAF_TEST(who waits in line is answered in turn and on the thread of the unit) {
  asking at{1};
  std::promise<void> done;
  std::vector<std::string> answers;
  bool elsewhere = false;
  on(at.unit, [&] {
    for (int i = 1; i <= 5; ++i)
      at.service->ask("127.0.0." + std::to_string(i), [&](name_answer x) {
        elsewhere = elsewhere || !at.unit.on_thread();
        answers.push_back(x.addresses.empty() ? "-"
                                              : x.addresses[0].to_string());
        if (answers.size() == 5)
          done.set_value();
      });
  });
  done.get_future().wait();
  CAF_CHECK_EQUAL(
    answers, (std::vector<std::string>{"127.0.0.1", "127.0.0.2", "127.0.0.3",
                                       "127.0.0.4", "127.0.0.5"}));
  CAF_CHECK(!elsewhere);
}

CAF_TEST(without a thread nobody waits for one) {
  asking at{0};
  std::promise<name_answer> answer;
  on(at.unit, [&] {
    at.service->ask("127.0.0.1", [&](name_answer x) { answer.set_value(x); });
  });
  CAF_CHECK(answer.get_future().get().error
            == asio::error::host_not_found_try_again);
}

CAF_TEST(each family is read from its own form) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x7f000102);
  CAF_CHECK_EQUAL(to_address(reinterpret_cast<sockaddr&>(v4)).to_string(),
                  "127.0.1.2");
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr.s6_addr[0] = 0xfe;
  v6.sin6_addr.s6_addr[1] = 0x80;
  v6.sin6_addr.s6_addr[15] = 9;
  v6.sin6_scope_id = 7;
  const auto address = to_address(reinterpret_cast<sockaddr&>(v6));
  CAF_REQUIRE(address.is_v6());
  CAF_CHECK_EQUAL(address.to_v6().scope_id(), 7u);
  CAF_CHECK_EQUAL(address.to_v6().to_bytes()[0], 0xfe);
  CAF_CHECK_EQUAL(address.to_v6().to_bytes()[15], 9);
}
