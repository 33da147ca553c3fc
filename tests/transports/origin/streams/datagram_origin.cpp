#define CAF_SUITE datagram_origin

#include "tests/support/test.hpp"

#include "transports/front/streams/datagram_visit.hpp"
#include "transports/origin/origin_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

using namespace aps;
using namespace std::chrono_literals;

namespace {

/// Hands exchanges straight to targets.
class straight final : public front {
 public:
  explicit straight(origin_options options)
      : client_(make_origin_client(options)) {}
  route_decision admit(const visitor_request&) override { return denial{}; }
  void start(exchange_ptr what) override {
    connect_directly(what, client_->serve(what->unit(), what->id(),
                                          what->head(), default_window));
  }
  void on_link(link_ptr) override {}
  exchange_id next_id() override { return 1; }

 private:
  std::shared_ptr<origin_client> client_;
};

/// A socket of UDP on loopback, which waits for ten seconds at most.
struct udp_socket {
  int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in at{};
  udp_socket() {
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(fd, reinterpret_cast<sockaddr*>(&at), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    const timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~udp_socket() { ::close(fd); }
  std::string receive(sockaddr_in& from) const {
    char bytes[65536];
    socklen_t size = sizeof from;
    const auto count = ::recvfrom(fd, bytes, sizeof bytes, 0,
                                  reinterpret_cast<sockaddr*>(&from), &size);
    return count < 0 ? "(nothing)" : std::string(bytes, size_t(count));
  }
};

struct session {
  explicit session(uint16_t port, origin_options options = {},
                   duration idle = 1h)
      : front_(std::make_shared<straight>(std::move(options))) {
    unit.start();
    run([&] {
      auto head = std::make_shared<request_head>();
      head->method = "UDP";
      head->scheme = "udp";
      head->authority = "127.0.0.1:" + std::to_string(port);
      head->last = false;
      visit = std::make_shared<datagram_visit>(
        nullptr,
        [this](std::string_view bytes) {
          answer.set_value(std::string(bytes));
        },
        idle);
      const http_front_context context{front_, {}, nullptr};
      visit->start(context, unit, {head, {}, default_window});
    });
  }
  ~session() {
    run([&] {
      visit->close();
      visit = nullptr;
      front_ = nullptr;
    });
    unit.run_dry();
    unit.stop();
    unit.let_go();
  }
  void run(const std::function<void()>& work) {
    std::promise<void> done;
    unit.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  io_unit unit{0};
  std::shared_ptr<straight> front_;
  std::shared_ptr<datagram_visit> visit;
  std::promise<std::string> answer;
};

} // namespace

CAF_TEST(datagrams pass both ways) {
  udp_socket target;
  session one{ntohs(target.at.sin_port)};
  one.run([&] { one.visit->take("hello", one.unit.now()); });
  sockaddr_in from{};
  CAF_CHECK_EQUAL(target.receive(from), "hello");
  ::sendto(target.fd, "back", 4, 0, reinterpret_cast<sockaddr*>(&from),
           sizeof from);
  CAF_CHECK_EQUAL(one.answer.get_future().get(), "back");
}

CAF_TEST(a target that may not be asked gets nothing) {
  udp_socket target;
  origin_options options;
  options.admits = [](const origin_destination&) { return false; };
  session one{ntohs(target.at.sin_port), options};
  bool over = false;
  for (int i = 0; !over && i < 500; ++i) {
    std::this_thread::sleep_for(10ms);
    one.run([&] { over = one.visit->is_over(one.unit.now()); });
  }
  CAF_CHECK(over);
}
