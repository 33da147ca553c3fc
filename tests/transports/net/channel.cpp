#define CAF_SUITE channel

#include "transports/net/channel.hpp"

#include "tests/support/test.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace aps;
using boost::asio::ip::tcp;

namespace {

/// Notes what it is told; what it does is up to the test.
struct noting final : channel {
  using channel::channel;

  void on_exception(const std::string& text) override {
    told.push_back("exception " + text);
    if (end())
      stream_->close(true);
  }
  void on_read(const error_code& error, size_t bytes) override {
    told.push_back(error ? "read failed" : "read " + std::to_string(bytes));
    if (at_read)
      at_read();
  }
  void on_written(const error_code& error, size_t payload) override {
    told.push_back(error ? "write failed"
                         : "written " + std::to_string(payload));
  }
  void on_flushed() override { told.push_back("flushed"); }
  bool step() override {
    told.push_back("step");
    if (steps == 0)
      return false;
    --steps;
    if (at_step)
      at_step();
    return true;
  }
  void on_steps_done() override { told.push_back("done"); }

  using channel::end;
  using channel::flush;
  using channel::flush_soon;
  using channel::input_;
  using channel::output_;
  using channel::over;
  using channel::process;
  using channel::read_some;
  using channel::reading;
  using channel::rest_when_idle;
  using channel::stream_;

  std::vector<std::string> told;
  int steps = 0;
  std::function<void()> at_read;
  std::function<void()> at_step;
};

using lines = std::vector<std::string>;

/// A channel and its peer, whose loop the test turns by itself.
struct script {
  script() {
    tcp::acceptor acceptor{unit.context(),
                           {boost::asio::ip::address_v4::loopback(), 0}};
    peer.connect(acceptor.local_endpoint());
    uut = std::make_shared<noting>(
      unit, std::make_unique<byte_stream>(acceptor.accept(unit.context())));
  }

  // Handlers run until one has told something.
  void turn_until_told(size_t lines_told) {
    while (uut->told.size() < lines_told)
      unit.context().run_one();
  }

  std::string received(size_t bytes) {
    std::string out(bytes, ' ');
    boost::asio::read(peer, boost::asio::buffer(out));
    return out;
  }

  void send(std::string_view text) {
    boost::asio::write(peer,
                       boost::asio::const_buffer(text.data(), text.size()));
  }

  io_unit unit{0};
  tcp::socket peer{unit.context()};
  std::shared_ptr<noting> uut;
};

} // namespace

CAF_TEST(what_was_read_is_in_the_buffer_when_it_is_told) {
  script it;
  it.send("hello");
  std::string seen;
  it.uut->at_read = [&] { seen = it.uut->input_.data(); };
  it.uut->read_some();
  CAF_CHECK(it.uut->reading());
  it.turn_until_told(1);
  CAF_CHECK(!it.uut->reading());
  CAF_CHECK_EQUAL(it.uut->told, lines{"read 5"});
  CAF_CHECK_EQUAL(seen, "hello");
}

CAF_TEST(a_second_read_does_not_begin_beside_the_first) {
  script it;
  it.uut->read_some();
  it.uut->read_some();
  it.send("once");
  it.turn_until_told(1);
  it.unit.context().poll();
  CAF_CHECK_EQUAL(it.uut->told, lines{"read 4"});
}

CAF_TEST(a_read_takes_no_more_than_its_limit) {
  script it;
  it.send("hello");
  it.uut->read_some(2);
  it.turn_until_told(1);
  CAF_CHECK_EQUAL(it.uut->told, lines{"read 2"});
  CAF_CHECK_EQUAL(it.uut->input_.data(), "he");
}

CAF_TEST(one_that_reads_nothing_for_a_while_rests_without_a_buffer) {
  script it;
  it.uut->read_some(3);
  for (int i = 0; i < 9; ++i)
    it.uut->rest_when_idle();
  it.unit.context().poll();
  CAF_CHECK(it.uut->input_.capacity() > 0);
  it.uut->rest_when_idle();
  it.unit.context().poll();
  CAF_CHECK_EQUAL(it.uut->input_.capacity(), 0u);
  CAF_CHECK(it.uut->reading());
  CAF_CHECK(it.uut->told.empty());
  it.uut->read_some(); // it does already
  for (int i = 0; i < 20; ++i)
    it.uut->rest_when_idle();
  it.send("hello");
  it.turn_until_told(1);
  CAF_CHECK_EQUAL(it.uut->told, lines{"read 3"});
  CAF_CHECK_EQUAL(it.uut->input_.data(), "hel");
  // And again.
  it.uut->input_.consume(3);
  it.uut->read_some();
  it.turn_until_told(2);
  it.uut->input_.consume(2);
  it.uut->read_some();
  for (int i = 0; i < 10; ++i)
    it.uut->rest_when_idle();
  it.unit.context().poll();
  CAF_CHECK_EQUAL(it.uut->input_.capacity(), 0u);
  it.peer.close();
  it.turn_until_told(3);
  CAF_CHECK_EQUAL(it.uut->told, (lines{"read 3", "read 2", "read failed"}));
}

CAF_TEST(bytes_that_come_while_it_lies_down_are_read) {
  script it;
  it.uut->read_some();
  for (int i = 0; i < 9; ++i)
    it.uut->rest_when_idle();
  it.send("now");
  it.uut->rest_when_idle();
  it.turn_until_told(1);
  CAF_CHECK_EQUAL(it.uut->told, lines{"read 3"});
  CAF_CHECK(!it.uut->reading());
}

CAF_TEST(one_that_ends_while_it_rests_is_told_nothing) {
  script it;
  it.uut->read_some();
  for (int i = 0; i < 10; ++i)
    it.uut->rest_when_idle();
  it.unit.context().poll();
  CAF_CHECK(it.uut->end());
  it.uut->stream_->close();
  it.unit.context().restart();
  it.unit.context().poll();
  CAF_CHECK(it.uut->told.empty());
  CAF_CHECK(!it.uut->reading());
}

CAF_TEST(what_is_being_sent_is_not_cancelled_by_rest) {
  script it;
  it.uut->read_some();
  it.uut->output_.text() += std::string(16 * 1024 * 1024, 'x');
  it.uut->flush();
  for (int i = 0; i < 20; ++i)
    it.uut->rest_when_idle();
  it.unit.context().poll();
  CAF_CHECK(it.uut->told.empty());
  it.send("y");
  it.turn_until_told(1);
  CAF_CHECK_EQUAL(it.uut->told, lines{"read 1"});
}

CAF_TEST(what_one_handler_adds_goes_out_in_one_write) {
  script it;
  it.uut->output_.text() += "a";
  it.uut->flush_soon();
  it.uut->output_.text() += "b";
  it.uut->flush_soon();
  it.uut->output_.payload(slice::copy("cd"));
  CAF_CHECK(!it.uut->output_.in_flight());
  it.turn_until_told(1);
  it.unit.context().poll();
  CAF_CHECK_EQUAL(it.uut->told, lines{"written 2"});
  CAF_CHECK_EQUAL(it.received(4), "abcd");
}

CAF_TEST(an_empty_queue_is_told_at_once) {
  script it;
  it.uut->flush();
  CAF_CHECK_EQUAL(it.uut->told, lines{"flushed"});
}

CAF_TEST(steps_are_taken_by_the_outermost_call_alone) {
  script it;
  it.uut->steps = 2;
  it.uut->at_step = [&] { it.uut->process(); };
  it.uut->process();
  CAF_CHECK_EQUAL(it.uut->told, (lines{"step", "step", "step", "done"}));
}

CAF_TEST(one_that_ended_is_told_nothing_more) {
  script it;
  it.send("late");
  it.uut->output_.text() += "x";
  it.uut->read_some();
  it.uut->flush();
  CAF_CHECK(it.uut->end());
  CAF_CHECK(!it.uut->end());
  it.unit.context().run_one();
  it.unit.context().run_one();
  CAF_CHECK(it.uut->told.empty());
  it.uut->read_some();
  it.uut->flush();
  CAF_CHECK(!it.uut->reading());
  CAF_CHECK(it.uut->told.empty());
}

CAF_TEST(the_end_of_the_peer_is_an_error_of_the_read) {
  script it;
  it.peer.close();
  it.uut->read_some();
  it.turn_until_told(1);
  CAF_CHECK_EQUAL(it.uut->told, lines{"read failed"});
}

CAF_TEST(an_exception_of_a_handler_costs_the_channel) {
  script it;
  it.send("bad");
  it.uut->at_read = [] { throw std::length_error("too long"); };
  it.uut->read_some();
  it.turn_until_told(2);
  CAF_CHECK_EQUAL(it.uut->told, (lines{"read 3", "exception too long"}));
  CAF_CHECK(it.uut->over());
  boost::system::error_code error;
  char byte;
  it.peer.read_some(boost::asio::buffer(&byte, 1), error);
  CAF_CHECK(error == boost::asio::error::connection_reset);
}

CAF_TEST(a_running_read_keeps_it_alive) {
  script it;
  it.uut->read_some();
  const std::weak_ptr<noting> weak = it.uut;
  it.uut.reset();
  CAF_CHECK(!weak.expired());
  it.send("x");
  while (!weak.expired())
    it.unit.context().run_one();
  CAF_CHECK(weak.expired());
}
