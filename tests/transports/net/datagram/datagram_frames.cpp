#define CAF_SUITE datagram_frames

#include "tests/support/test.hpp"

#include "transports/net/datagram/datagram_frames.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

using namespace aps;

CAF_TEST(datagrams come out as they went in however the stream is cut) {
  const std::vector<std::string> sent{"",
                                      "a",
                                      std::string(255, 'b'),
                                      std::string(256, 'c'),
                                      std::string(max_datagram, 'd'),
                                      "e"};
  std::string stream;
  for (const auto& each : sent)
    stream += frame_datagram(each).view();
  for (const size_t step :
       {size_t{1}, size_t{2}, size_t{7}, size_t{4096}, stream.size()}) {
    datagram_reader reader;
    std::vector<std::string> got;
    for (size_t at = 0; at < stream.size(); at += step)
      reader.feed(std::string_view{stream}.substr(at, step),
                  [&](std::string_view each) { got.emplace_back(each); });
    CAF_CHECK(got == sent);
  }
}

CAF_TEST(what waits at a socket is taken without waiting) {
  int pair[2];
  CAF_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  CAF_CHECK_EQUAL(receive_datagram(pair[0]).error, EAGAIN);
  CAF_CHECK_EQUAL(::send(pair[1], "hello", 5, 0), 5);
  CAF_CHECK_EQUAL(::send(pair[1], "", 0, 0), 0);
  auto got = receive_datagram(pair[0]);
  CAF_CHECK(got.any);
  CAF_CHECK_EQUAL(got.bytes, "hello");
  got = receive_datagram(pair[0]);
  CAF_CHECK(got.any);
  CAF_CHECK(got.bytes.empty());
  CAF_CHECK(!receive_datagram(pair[0]).any);
  ::close(pair[0]);
  ::close(pair[1]);
}
