#define CAF_SUITE links

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/link_harness.hpp"

#include <atomic>
#include <future>
#include <random>
#include <thread>

using namespace aps;
using namespace aps::test;

namespace {

frame welcome() {
  return {0, welcome_frame{}};
}

/// Sends frames with payloads of random sizes, a bounded number at a time,
/// and checks what comes back.
class echo_sender {
 public:
  echo_sender(link_ptr to, size_t count) : to_(std::move(to)), count_(count) {}

  /// Thread: the link's.
  void begin() {
    for (int i = 0; i < 200; ++i)
      send_next();
  }

  void on_frame(frame& what) {
    const auto* data = std::get_if<data_frame>(&what.body);
    if (!data)
      return;
    const auto n = received_.load();
    if (what.exchange != 1 + n % exchanges || data->offset != n
        || data->payload.view() != payload(n))
      wrong_ = true;
    if (++received_ == count_)
      done_.set_value();
    send_next();
  }

  bool wait() {
    return done_.get_future().wait_for(patience) == std::future_status::ready;
  }

  bool wrong() const { return wrong_; }

 private:
  // All small, or all of one exchange: order across exchanges is not kept.
  static constexpr uint64_t exchanges = 1;

  static std::string payload(uint64_t n) {
    std::mt19937 random{static_cast<uint32_t>(n)};
    std::string result(random() % (64 * 1024 + 1), '\0');
    for (size_t i = 0; i < result.size(); i += 97)
      result[i] = static_cast<char>(random());
    return result;
  }

  void send_next() {
    if (sent_ == count_)
      return;
    const auto n = sent_++;
    to_->send({1 + n % exchanges,
               data_frame{n, slice::adopt(payload(n)), false}});
  }

  link_ptr to_;
  size_t count_;
  uint64_t sent_ = 0;
  std::atomic<uint64_t> received_{0};
  std::atomic<bool> wrong_{false};
  std::promise<void> done_;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(links_tests, link_fixture)

CAF_TEST(ten thousand frames come back in order and unchanged) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto [node_link, agent_link] = connect(kind);
    CAF_REQUIRE(node_link && agent_link);
    auto back = node_link;
    auto echo = std::make_shared<recorder>(
      [back](frame& what) { back->send(std::move(what)); });
    back.reset();
    auto sender = std::make_shared<echo_sender>(agent_link, 10'000);
    auto check = std::make_shared<recorder>(
      [sender](frame& what) { sender->on_frame(what); });
    node_link->send(welcome());
    start(node_link, echo);
    start(agent_link, check);
    agent_link->unit().post([sender] { sender->begin(); });
    CAF_CHECK(sender->wait());
    CAF_CHECK(!sender->wrong());
    CAF_CHECK_EQUAL(agent_link->counters().queued.load(), 0u);
    CAF_CHECK_EQUAL(agent_link->counters().bytes_out.load(),
                    node_link->counters().bytes_in.load());
    agent_link->abort(link_error::none);
    CAF_CHECK(echo->closed());
    CAF_CHECK(check->closed());
  }
}

CAF_TEST(a link knows both ends) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto [node_link, agent_link] = connect(kind);
    CAF_REQUIRE(node_link && agent_link);
    const std::string ip = "127.0.0.1:";
    CAF_CHECK_EQUAL(agent_link->peer(),
                    ip + std::to_string(port_of(kind)->port()));
    CAF_CHECK_EQUAL(node_link->peer().substr(0, ip.size()), ip);
    CAF_CHECK(std::stoi(node_link->peer().substr(ip.size())) > 1024);
    CAF_CHECK_EQUAL(node_link->server(), "main");
    CAF_CHECK_EQUAL(agent_link->server(), "");
    CAF_CHECK(node_link->transport() == kind.transport);
    CAF_CHECK(agent_link->transport() == kind.transport);
    CAF_CHECK_EQUAL(node_link->tls() != nullptr, kind.tls);
    CAF_CHECK_EQUAL(agent_link->tls() != nullptr, kind.tls);
    if (kind.tls)
      CAF_CHECK_EQUAL(node_link->tls()->binding, agent_link->tls()->binding);
    node_link->abort(link_error::none);
    agent_link->abort(link_error::none);
  }
}

CAF_TEST(a small answer overtakes a large download) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto [node_link, agent_link] = connect(kind);
    CAF_REQUIRE(node_link && agent_link);
    constexpr size_t bulk_frames = 1000;
    auto seen = std::make_shared<recorder>();
    start(agent_link, seen);
    start(node_link, std::make_shared<recorder>());
    const auto bytes = slice::adopt(std::string(64 * 1024, 'x'));
    for (uint64_t i = 0; i < bulk_frames; ++i)
      node_link->send({1, data_frame{i, bytes, false}});
    node_link->send({2, ack_frame{}});
    size_t before = 0;
    for (bool small_seen = false; !small_seen;) {
      const auto frames = seen->frames(1);
      CAF_REQUIRE(!frames.empty());
      for (const auto& what : frames) {
        small_seen = small_seen || what.exchange == 2;
        before += small_seen ? 0 : 1;
      }
    }
    CAF_MESSAGE(before << " bulk frames came before");
    CAF_CHECK(before < bulk_frames);
    node_link->abort(link_error::none);
    agent_link->abort(link_error::none);
  }
}

CAF_TEST(frames of other threads keep their order) {
  for (auto kind : link_kinds) {
    CAF_MESSAGE(to_string(kind));
    auto [node_link, agent_link] = connect(kind);
    CAF_REQUIRE(node_link && agent_link);
    auto seen = std::make_shared<recorder>();
    start(node_link, seen);
    start(agent_link, std::make_shared<recorder>());
    constexpr uint64_t count = 2000;
    auto produce = [&link = agent_link](exchange_id id) {
      for (uint64_t i = 0; i < count; ++i)
        link->send({id, ack_frame{i, 0, false}});
    };
    std::thread one{produce, 1};
    std::thread two{produce, 2};
    one.join();
    two.join();
    uint64_t next[3] = {};
    for (size_t left = 2 * count; left != 0;) {
      const auto frames = seen->frames(1);
      CAF_REQUIRE(!frames.empty());
      for (const auto& what : frames)
        CAF_REQUIRE_EQUAL(std::get<ack_frame>(what.body).offset,
                          next[what.exchange]++);
      left -= frames.size();
    }
    node_link->abort(link_error::none);
    agent_link->abort(link_error::none);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
