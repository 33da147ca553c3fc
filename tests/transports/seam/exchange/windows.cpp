#define CAF_SUITE windows

#include "transports/seam/exchange/windows.hpp"

#include "tests/support/test.hpp"

#include <random>

using namespace aps;

namespace {

slice text(size_t n, char c = 'x') {
  return slice::adopt(std::string(n, c));
}

const data_frame& as_data(const std::optional<frame::kind>& what) {
  return std::get<data_frame>(*what);
}

} // namespace

CAF_TEST(a_sender_never_runs_ahead_of_its_credit) {
  send_window out{100};
  out.push(text(250));
  CAF_CHECK_EQUAL(as_data(out.next()).payload.size(), 100u);
  CAF_CHECK(!out.next());
  CAF_CHECK(out.ack(60, 100));
  CAF_CHECK_EQUAL(as_data(out.next()).payload.size(), 60u);
  CAF_CHECK(!out.next());
}

CAF_TEST(the_last_frame_carries_the_end) {
  send_window out{100};
  out.push(text(10));
  out.finish({});
  const auto frame = out.next();
  CAF_CHECK(as_data(frame).last);
  CAF_CHECK(out.all_sent());
  CAF_CHECK(!out.next());
}

CAF_TEST(trailers_travel_in_an_end_frame) {
  send_window out{100};
  out.push(text(10));
  out.finish({{"X-Sum", "1"}});
  CAF_CHECK(!as_data(out.next()).last);
  const auto end = std::get<end_frame>(*out.next());
  CAF_CHECK_EQUAL(end.offset, 10u);
  CAF_CHECK_EQUAL(end.trailers.size(), 1u);
}

CAF_TEST(a_stream_without_bytes_has_an_end) {
  send_window out{100};
  out.finish({});
  CAF_CHECK_EQUAL(std::get<end_frame>(*out.next()).offset, 0u);
}

CAF_TEST(acks_of_unsent_bytes_are_refused) {
  send_window out{100};
  out.push(text(10));
  CAF_CHECK(!out.ack(1, 100));
}

CAF_TEST(no_receiver_is_where_nothing_was_sent) {
  send_window out{100};
  out.push(text(250));
  CAF_CHECK(!out.rewind(1));
  CAF_CHECK(out.next());
  CAF_CHECK(!out.rewind(101)); // pushed, but never handed out
  CAF_CHECK(out.rewind(40));
  CAF_CHECK(out.rewind(100)); // handed out once
  out.restart(100);
  CAF_CHECK(!out.rewind(1));
}

CAF_TEST(a_window_of_the_other_side_is_taken_up_to_our_bound) {
  send_window out{UINT32_MAX};
  CAF_CHECK_EQUAL(out.room(), max_window);
  CAF_CHECK(out.ack(0, UINT32_MAX));
  CAF_CHECK_EQUAL(out.room(), max_window);
  out.restart(UINT32_MAX);
  CAF_CHECK_EQUAL(out.room(), max_window);
  CAF_CHECK_EQUAL((send_window{UINT32_MAX, 7}.room()), 7u);
}

CAF_TEST(room_is_what_the_producer_may_still_push) {
  send_window out{100};
  CAF_CHECK_EQUAL(out.room(), 100u);
  out.push(text(70));
  CAF_CHECK_EQUAL(out.room(), 30u);
  out.next();
  CAF_CHECK(out.ack(70, 200));
  CAF_CHECK_EQUAL(out.room(), 200u);
  out.finish({});
  CAF_CHECK_EQUAL(out.room(), 0u);
}

CAF_TEST(rewinding_sends_the_same_bytes_again) {
  send_window out{100'000};
  for (char c = 'a'; c <= 'e'; ++c)
    out.push(text(3000, c));
  while (out.next()) {
  }
  CAF_CHECK(out.ack(4500, 100'000));
  CAF_CHECK(!out.rewind(4499));
  CAF_CHECK(!out.rewind(15'001));
  CAF_CHECK(out.rewind(5400));
  const auto frame = out.next();
  CAF_CHECK_EQUAL(as_data(frame).offset, 5400u);
  CAF_CHECK_EQUAL(as_data(frame).payload.view(), std::string(600, 'b'));
  CAF_CHECK_EQUAL(as_data(out.next()).payload.view(),
                  std::string(3000, 'c'));
}

CAF_TEST(the_receiver_drops_what_it_has_and_refuses_gaps) {
  receive_window in{100, 100};
  CAF_CHECK_EQUAL(in.accept({0, text(10), false})->size(), 10u);
  CAF_CHECK_EQUAL(in.accept({5, text(10), false})->size(), 5u);
  CAF_CHECK_EQUAL(in.accept({0, text(10), false})->size(), 0u);
  CAF_CHECK(!in.accept({16, text(1), false}));
  CAF_CHECK(!in.accept({15, text(86), false}));
  CAF_CHECK(in.accept({15, text(85), true}));
  CAF_CHECK(in.ended());
  CAF_CHECK(!in.accept({100, text(1), false}));
}

CAF_TEST(credit_is_given_back_in_quarters_of_the_window) {
  receive_window in{100, 100};
  in.accept({0, text(100), false});
  CAF_CHECK(!in.consume(24));
  const auto ack = in.consume(1);
  CAF_REQUIRE(ack);
  CAF_CHECK_EQUAL(ack->offset, 25u);
  CAF_CHECK_EQUAL(ack->window, 100u);
  CAF_CHECK(in.accept({100, text(25), false}));
  CAF_CHECK(!in.accept({125, text(1), false}));
}

CAF_TEST(a_window_below_the_initial_credit_does_not_stop_the_sender) {
  send_window out{100};
  receive_window in{100, 20};
  out.push(text(90));
  const auto first = in.current_ack();
  CAF_CHECK(out.ack(first.offset, first.window));
  uint64_t got = 0;
  while (auto next = out.next()) {
    const auto size = in.accept(std::get<data_frame>(*next))->size();
    got += size;
    if (auto ack = in.consume(size))
      CAF_CHECK(out.ack(ack->offset, ack->window));
  }
  CAF_CHECK_EQUAL(got, 90u);
}

CAF_TEST(a_stream_in_single_bytes_is_kept_in_few_pieces) {
  send_window out{max_window};
  std::string sent;
  for (int i = 0; i < 100'000; ++i) {
    sent += char('a' + i % 26);
    out.push(slice::copy(std::string_view{sent}.substr(size_t(i))));
    if (i % 1000 == 0) // what was handed out stays as it is
      CAF_REQUIRE(out.next());
  }
  CAF_CHECK_LESS(out.pieces(), 20u);
  CAF_REQUIRE(out.rewind(0));
  std::string got;
  while (const auto next = out.next())
    got += as_data(next).payload.view();
  CAF_CHECK(sent == got);
}

CAF_TEST(random_pushes_acks_and_rewinds_keep_the_bytes) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random{seed};
    send_window out{256};
    receive_window in{256, 256};
    std::string sent;
    std::string got;
    bool finished = false;
    for (int step = 0; step < 20'000 && !(finished && in.ended()); ++step) {
      switch (random() % 5) {
        case 0:
          if (const auto room = out.room(); room > 0 && sent.size() < 4000) {
            std::string part(1 + random() % (seed % 2 ? room : 4), '\0');
            for (auto& c : part)
              c = char('a' + random() % 26);
            sent += part;
            out.push(slice::adopt(std::move(part)));
          } else if (!finished && sent.size() >= 4000) {
            out.finish({});
            finished = true;
          }
          break;
        case 1:
        case 2:
          if (auto next = out.next()) {
            if (auto* data = std::get_if<data_frame>(&*next)) {
              auto fresh = in.accept(*data);
              CAF_REQUIRE(fresh);
              got += fresh->view();
            } else {
              CAF_REQUIRE(in.accept_end(std::get<end_frame>(*next).offset));
            }
          }
          break;
        case 3:
          if (in.received() > in.consumed())
            if (auto ack
                = in.consume(1 + random() % (in.received() - in.consumed())))
              CAF_REQUIRE(out.ack(ack->offset, ack->window));
          break;
        default:
          if (random() % 8 == 0) // a connection died: resume
            CAF_REQUIRE(out.rewind(in.received()));
      }
    }
    CAF_CHECK(in.ended());
    CAF_CHECK(sent == got);
  }
}
