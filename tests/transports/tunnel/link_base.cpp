#define CAF_SUITE link_base

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"

#include "transports/seam/wire_bounds.hpp"
#include "transports/tunnel/link_base.hpp"

using namespace aps;
using aps::test::on;

namespace {

/// A transport without a connection: notes what it is asked to do. Writes
/// are complete when the test says so.
class bare_link final : public link_base {
 public:
  explicit bare_link(io_unit& unit)
      : link_base(unit, transport_kind::websocket, "peer:1", "main") {}

  using link_base::break_off;
  using link_base::count_out;
  using link_base::limit_last_word;
  using link_base::pause_writes;
  using link_base::peer_closed;
  using link_base::received;
  using link_base::wrote;
  void lose(link_error why, std::string detail) {
    link_base::ended(why, std::move(detail));
  }

  std::vector<std::vector<exchange_id>> writes; ///< exchanges of each message
  std::vector<std::string> calls;

 private:
  void do_start() override { calls.push_back("start"); }
  void do_write(const frame_batch& frames) override {
    auto& ids = writes.emplace_back();
    for (const auto& frame : frames)
      ids.push_back(frame.exchange);
  }
  void do_close(close_reason, const std::string& detail) override {
    calls.push_back("close: " + detail);
  }
  void do_abort() override { calls.push_back("abort"); }
  void on_welcome() override { calls.push_back("welcome"); }
};

struct hearing final : link_listener {
  void on_frames(frame_batch frames) override {
    for (const auto& frame : frames)
      said.push_back("frame " + std::to_string(frame.exchange));
  }
  void on_unsent(std::vector<exchange_id> exchanges) override {
    for (const auto id : exchanges)
      said.push_back("unsent " + std::to_string(id));
  }
  void on_closed(link_error why, std::string detail) override {
    said.push_back(std::string{to_string(why)} + ": " + detail);
  }
  std::vector<std::string> said;
};

using ids = std::vector<std::vector<exchange_id>>;
using texts = std::vector<std::string>;

frame small(exchange_id id) {
  return {id, ack_frame{}};
}

frame last_ack(exchange_id id) {
  return {id, ack_frame{0, 0, true}};
}

frame request(exchange_id id) {
  return {id, request_frame{1, 0, std::make_shared<request_head>()}};
}

struct fixture {
  fixture() { unit.start(); }
  ~fixture() {
    on(unit, [this] { link.reset(); });
    unit.stop();
  }

  /// On the unit's thread; returns when all that it made happen has happened.
  template <class Work>
  void inside(Work work) {
    on(unit, work);
    unit.run_dry();
  }

  void start() {
    inside([this] { link->start(listener); });
  }

  io_unit unit{0};
  std::shared_ptr<bare_link> link = std::make_shared<bare_link>(unit);
  std::shared_ptr<hearing> listener = std::make_shared<hearing>();
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_base_tests, fixture)

CAF_TEST(frames of one round go out as one message) {
  start();
  inside([this] {
    link->send(small(1));
    link->send(small(2));
    CAF_CHECK(link->writes.empty()); // the round is not over
  });
  CAF_CHECK_EQUAL(link->writes, (ids{{1, 2}}));
}

CAF_TEST(what comes during a write goes out together behind it) {
  start();
  inside([this] { link->send(small(1)); });
  inside([this] { link->send(small(2)); });
  inside([this] { link->send(small(3)); });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}}));
  CAF_CHECK(link->counters().queued.load() > 0);
  inside([this] { link->wrote(); });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}, {2, 3}}));
  CAF_CHECK_EQUAL(link->counters().queued.load(), 0u);
}

CAF_TEST(the last ack of an exchange goes with what comes next) {
  start();
  inside([this] {
    link->send(last_ack(1));
    link->send(small(2));
  });
  CAF_CHECK_EQUAL(link->writes, (ids{{1, 2}}));
}

CAF_TEST(the last ack of an exchange goes alone when nothing comes) {
  start();
  inside([this] { link->send(last_ack(1)); });
  auto written = false;
  while (!written)
    inside([&] { written = !link->writes.empty(); });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}}));
  inside([this] { link->wrote(); });
  CAF_CHECK_EQUAL(link->counters().queued.load(), 0u);
}

CAF_TEST(nothing holds a link that is over) {
  start();
  std::weak_ptr<bare_link> seen = link;
  inside([this] {
    link->send(last_ack(1)); // waits
    link->lose(link_error::lost, "gone");
  });
  inside([this] { link.reset(); });
  CAF_CHECK(seen.expired());
}

CAF_TEST(a link that closes sends a last ack that waits) {
  start();
  inside([this] {
    link->send(last_ack(1));
    link->close(close_reason::normal, "done");
  });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}}));
  inside([this] { link->wrote(); });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: done"}));
}

CAF_TEST(a transport that pauses writes is not asked to) {
  inside([this] { link->pause_writes(); });
  start();
  inside([this] { link->send(small(1)); });
  CAF_CHECK(link->writes.empty());
  inside([this] { link->wrote(); });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}}));
}

CAF_TEST(frames of another thread come in order and before its closing) {
  start();
  for (exchange_id id = 1; id <= 3; ++id)
    link->send(small(id));
  link->close(close_reason::normal, "done");
  unit.run_dry();
  std::vector<exchange_id> sent;
  for (const auto& written : link->writes)
    sent.insert(sent.end(), written.begin(), written.end());
  // Those that the unit took first may be on their way alone.
  while (sent.size() < 3) {
    inside([this] { link->wrote(); });
    sent.clear();
    for (const auto& written : link->writes)
      sent.insert(sent.end(), written.begin(), written.end());
  }
  CAF_CHECK_EQUAL(sent, (std::vector<exchange_id>{1, 2, 3}));
}

CAF_TEST(a link closes behind what was sent and only once) {
  start();
  inside([this] {
    link->send(small(1));
    link->close(close_reason::normal, "first");
    link->close(close_reason::shutdown, "second");
    CAF_CHECK(link->ended());
    link->send(small(2)); // too late
  });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}}));
  CAF_CHECK_EQUAL(link->calls, (texts{"start"}));
  inside([this] { link->wrote(); });
  CAF_CHECK_EQUAL(link->writes, (ids{{1}}));
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: first"}));
}

CAF_TEST(a peer that does not answer a closing is given up) {
  start();
  time_point from;
  inside([&] {
    link->close(close_reason::normal, "done");
    from = unit.now();
  });
  inside([&] { link->on_tick(from + std::chrono::seconds(1)); });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: done"}));
  inside([&] { link->on_tick(from + link_base::close_timeout); });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: done", "abort"}));
  CAF_CHECK_EQUAL(listener->said, (texts{"none: done"}));
}

CAF_TEST(who does not take the last word is cut off) {
  start();
  time_point from;
  inside([&] {
    link->break_off(link_error::protocol, "nonsense");
    link->break_off(link_error::protocol, "again");
    from = unit.now();
  });
  // The listener does not wait for that.
  CAF_CHECK_EQUAL(listener->said, (texts{"protocol: nonsense"}));
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: nonsense"}));
  inside([&] { link->on_tick(from + std::chrono::seconds(1)); });
  CAF_CHECK_EQUAL(link->calls.size(), 2u);
  inside([&] {
    link->on_tick(from + link_base::close_timeout);
    link->on_tick(from + std::chrono::hours(1));
  });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: nonsense", "abort"}));
  CAF_CHECK_EQUAL(listener->said, (texts{"protocol: nonsense"}));
}

CAF_TEST(who waits to say the last word can be cut off) {
  start();
  inside([&] {
    link->break_off(link_error::too_large, "too much");
    link->abort(link_error::exhausted);
    link->abort(link_error::exhausted);
  });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: too much", "abort"}));
}

CAF_TEST(a last word before the end has a deadline as well) {
  start();
  inside([&] {
    link->limit_last_word();
    link->on_tick(unit.now() + link_base::close_timeout);
  });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "abort"}));
  CAF_CHECK_EQUAL(listener->said,
                  (texts{"lost: the peer does not read our last word"}));
}

CAF_TEST(an open link has no deadline) {
  start();
  inside([this] { link->on_tick(unit.now() + std::chrono::hours(1)); });
  CAF_CHECK_EQUAL(link->calls, (texts{"start"}));
  CAF_CHECK(!link->ended());
}

CAF_TEST(a loss behind our closing is no error and another one is) {
  start();
  inside([this] {
    link->close(close_reason::shutdown, "over");
    link->lose(link_error::lost, "reset");
    link->lose(link_error::stalled, "again");
  });
  CAF_CHECK_EQUAL(listener->said, (texts{"none: over"}));
}

CAF_TEST(a loss behind the closing of the peer is what it is) {
  start();
  inside([this] {
    link->peer_closed();
    link->lose(link_error::unavailable, "going away");
  });
  CAF_CHECK_EQUAL(listener->said, (texts{"unavailable: going away"}));
}

CAF_TEST(an abort is told once and from outside of the call) {
  start();
  inside([this] {
    link->abort(link_error::stalled);
    link->abort(link_error::lost);
    CAF_CHECK(listener->said.empty());
    link->send(small(1));
    link->received({small(1)}, 10);
  });
  CAF_REQUIRE_EQUAL(listener->said.size(), 1u);
  CAF_CHECK(listener->said[0].starts_with("stalled: "));
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "abort"}));
  CAF_CHECK(link->writes.empty());
  CAF_CHECK_EQUAL(listener.use_count(), 1); // let go with the end
}

CAF_TEST(a link that ended before says so at its start) {
  inside([this] { link->lose(link_error::lost, "early"); });
  CAF_CHECK(listener->said.empty());
  start();
  CAF_CHECK_EQUAL(listener->said, (texts{"lost: early"}));
  CAF_CHECK(link->calls.empty());
}

CAF_TEST(heads that never left are named before the end) {
  start();
  inside([this] {
    link->send(request(1));
    link->send(small(9));
  });
  inside([this] { // the first are in flight
    link->send(request(2));
    link->send(small(9));
    link->lose(link_error::lost, "cut");
  });
  CAF_CHECK_EQUAL(listener->said, (texts{"unsent 2", "lost: cut"}));
}

CAF_TEST(heads on their way from another thread never left either) {
  start();
  std::promise<void> reached;
  std::promise<void> go_on;
  unit.post([&] {
    reached.set_value();
    go_on.get_future().wait();
    link->lose(link_error::lost, "cut");
  });
  reached.get_future().wait();
  link->send(request(3)); // waits for the unit
  go_on.set_value();
  unit.run_dry();
  CAF_CHECK_EQUAL(listener->said, (texts{"unsent 3", "lost: cut"}));
}

CAF_TEST(a peer that closes gets no more frames and its heads are told) {
  start();
  inside([this] {
    link->send(request(1));
    link->peer_closed();
  });
  CAF_CHECK(link->writes.empty());
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "close: closed by the peer"}));
  CAF_CHECK_EQUAL(link->counters().queued.load(), 0u);
  inside([this] { link->lose(link_error::none, "bye"); });
  CAF_CHECK_EQUAL(listener->said, (texts{"unsent 1", "none: bye"}));
}

CAF_TEST(a peer that never reads our answers is cut off) {
  start();
  inside([this] {
    link->send(small(1)); // in flight for ever
  });
  const frame long_answer{
    2, reset_frame{outcome::internal, std::string(1000, 'x')}};
  const auto fits = max_waiting_answers / long_answer.weight();
  inside([&] {
    for (size_t i = 0; i < fits; ++i)
      link->send(long_answer);
  });
  CAF_CHECK(!link->ended());
  inside([&] {
    link->send(long_answer);
    link->send(long_answer);
  });
  CAF_CHECK(link->ended());
  CAF_CHECK_EQUAL(listener->said,
                  (texts{"stalled: the peer does not read our answers"}));
}

CAF_TEST(bulk data waits for its reader without end) {
  start();
  inside([this] { link->send(small(1)); });
  const auto payload = slice::adopt(std::string(64 * 1024, 'x'));
  inside([&] {
    for (size_t i = 0; i < 100; ++i)
      link->send({2, data_frame{i, payload, false}});
  });
  CAF_CHECK(!link->ended());
  CAF_CHECK(link->counters().queued.load() > 100 * 64 * 1024);
}

CAF_TEST(the first welcome proves the peer) {
  start();
  inside([this] {
    link->send(small(1));
    CAF_CHECK_EQUAL(link->calls, (texts{"start"}));
    link->send({0, welcome_frame{}});
    link->send({0, welcome_frame{}});
  });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "welcome"}));
}

CAF_TEST(what arrives is counted and handed on while the link lives) {
  start();
  inside([this] {
    link->received({small(1), small(2)}, 100);
    link->received({}, 10); // kinds that nobody knows
    link->count_out(7);
    link->count_out(8);
  });
  CAF_CHECK_EQUAL(listener->said, (texts{"frame 1", "frame 2"}));
  CAF_CHECK_EQUAL(link->counters().bytes_in.load(), 110u);
  CAF_CHECK_EQUAL(link->counters().bytes_out.load(), 15u);
  inside([this] {
    link->close(close_reason::normal, "done");
    link->received({small(3)}, 1); // the peer does not know yet
  });
  CAF_CHECK_EQUAL(listener->said, (texts{"frame 1", "frame 2", "frame 3"}));
}

CAF_TEST(a handler that fails costs the link) {
  start();
  inside([this] { link->on_exception("bad day"); });
  CAF_CHECK_EQUAL(link->calls, (texts{"start", "abort"}));
  CAF_CHECK_EQUAL(listener->said, (texts{"lost: failed: bad day"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
