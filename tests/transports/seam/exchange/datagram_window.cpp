#define CAF_SUITE datagram_window

#include "transports/seam/exchange/datagram_window.hpp"

#include "transports/seam/exchange/windows.hpp"

#include "tests/support/test.hpp"

#include <random>
#include <string>

using namespace aps;

namespace {

slice bytes(size_t size) {
  return slice::copy(std::string(size, 'x'));
}

} // namespace

CAF_TEST(a datagram whose first byte has credit is sent whole) {
  datagram_window uut{1000};
  const auto first = uut.next(bytes(743));
  CAF_REQUIRE(first);
  CAF_CHECK_EQUAL(first->offset, 0u);
  const auto second = uut.next(bytes(max_datagram_bytes)); // at 999
  CAF_REQUIRE(second);
  CAF_CHECK_EQUAL(second->offset, 999u);
  CAF_CHECK(!uut.next(bytes(0)));
  CAF_CHECK_EQUAL(uut.dropped(), 1u);
}

CAF_TEST(empty ones cost as well) {
  datagram_window uut{64 * 1024};
  size_t sent = 0;
  while (uut.next({}))
    ++sent;
  CAF_CHECK_EQUAL(sent, 256u);
}

CAF_TEST(acks give credit up to our own bound) {
  datagram_window uut{256, 512};
  CAF_CHECK(uut.next({}));
  CAF_CHECK(!uut.next({}));
  CAF_CHECK(!uut.ack(257, 100)); // never sent
  CAF_CHECK(uut.ack(256, UINT32_MAX));
  CAF_CHECK(uut.next({}));
  CAF_CHECK(uut.next({}));
  CAF_CHECK(!uut.next({}));
  CAF_CHECK(uut.ack(256, 0)); // late and no new window
  CAF_CHECK(!uut.next({}));
}

CAF_TEST(what is lost gives its place to the next) {
  datagram_window uut{10000};
  for (int i = 0; i < 4; ++i)
    CAF_REQUIRE(uut.next({}));
  CAF_CHECK(uut.ack(256, 10000));
  CAF_CHECK(!uut.rewind(255));  // acknowledged
  CAF_CHECK(!uut.rewind(1025)); // never sent
  CAF_CHECK(uut.rewind(512));
  CAF_CHECK_EQUAL(uut.next({})->offset, 512u);
  CAF_CHECK(uut.rewind(768));
  uut.restart(256);
  CAF_CHECK_EQUAL(uut.next({})->offset, 0u);
  CAF_CHECK(!uut.next({}));
}

CAF_TEST(a few wait for the first receiver) {
  datagram_window uut{512};
  CAF_CHECK(uut.hold(bytes(1)));
  CAF_CHECK(uut.hold(bytes(2)));
  CAF_CHECK(!uut.hold(bytes(3)));
  const auto held = uut.take_held();
  CAF_REQUIRE_EQUAL(held.size(), 2u);
  CAF_CHECK_EQUAL(held[1].size(), 2u);
  CAF_CHECK(uut.take_held().empty());
  CAF_CHECK(uut.hold(bytes(3)));
}

CAF_TEST(only exchanges of datagrams have one) {
  request_head head;
  for (const auto* scheme : {"http", "https", "tcp"}) {
    head.scheme = scheme;
    CAF_CHECK(!datagrams_of(head, 1000));
  }
  head.scheme = "udp";
  CAF_CHECK(datagrams_of(head, 1000));
}

// The receiving half takes all that the sending one lets go, and nothing twice.
CAF_TEST(both halves agree whatever is lost) {
  std::mt19937 random{7};
  for (int run = 0; run < 200; ++run) {
    datagram_window out{4096, 8192};
    receive_window in{4096, 8192};
    std::vector<datagram_frame> way;
    std::vector<ack_frame> back;
    for (int i = 0; i < 300; ++i) {
      const auto turn = random() % 10;
      if (turn < 5) {
        if (auto next = out.next(bytes(random() % 2000)))
          way.push_back(std::move(*next));
      } else if (turn < 8 && !way.empty()) {
        const auto cost = datagram_cost(way.front().payload.size());
        CAF_REQUIRE(in.take(way.front().offset, cost));
        CAF_CHECK(!in.take(way.front().offset, cost));
        way.erase(way.begin());
        if (const auto due = in.consume(cost))
          back.push_back(*due);
      } else if (turn == 8 && !back.empty()) {
        CAF_REQUIRE(out.ack(back.front().offset, back.front().window));
        back.erase(back.begin());
      } else if (random() % 8 == 0) { // the connection dies
        way.clear();
        back.clear();
        CAF_REQUIRE(out.rewind(in.received()));
        const auto told = in.current_ack();
        CAF_REQUIRE(out.ack(told.offset, told.window));
      }
    }
  }
}
