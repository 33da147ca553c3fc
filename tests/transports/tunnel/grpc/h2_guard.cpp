#define CAF_SUITE h2_guard

#include "tests/support/test.hpp"

#include "transports/tunnel/grpc/h2_guard.hpp"

#include <string>

using namespace aps;

namespace {

constexpr uint8_t data = 0, headers = 1, rst_stream = 3, settings = 4,
                  ping = 6, window_update = 8, continuation = 9;

std::string h2_frame(uint8_t type, uint32_t stream, size_t size) {
  std::string result;
  for (int shift : {16, 8, 0})
    result += static_cast<char>(size >> shift);
  result += static_cast<char>(type);
  result += '\0';
  for (int shift : {24, 16, 8, 0})
    result += static_cast<char>(stream >> shift);
  return result + std::string(size, 'x');
}

std::string repeat(const std::string& what, size_t n) {
  std::string result;
  while (n-- != 0)
    result += what;
  return result;
}

std::string hello() {
  return std::string{h2_preface} + h2_frame(settings, 0, 18);
}

struct row {
  const char* name;
  std::string bytes;
  h2_verdict expected;
};

const row table[] = {
  {"an agent's start", hello() + h2_frame(headers, 1, 300), h2_verdict::ok},
  {"another protocol", "GET / HTTP/1.1\r\n\r\n", h2_verdict::bad_preface},
  {"a preface with one wrong byte", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX",
   h2_verdict::bad_preface},
  {"eight streams", hello() + repeat(h2_frame(headers, 1, 10), 8),
   h2_verdict::ok},
  {"nine streams", hello() + repeat(h2_frame(headers, 1, 10), 9),
   h2_verdict::too_many_streams},
  {"rapid reset",
   hello()
     + repeat(h2_frame(headers, 1, 10) + h2_frame(rst_stream, 1, 4), 100),
   h2_verdict::too_many_streams},
  {"large headers", hello() + h2_frame(headers, 1, 16 * 1024),
   h2_verdict::header_flood},
  {"endless continuation",
   hello() + h2_frame(headers, 1, 10)
     + repeat(h2_frame(continuation, 1, 1000), 20),
   h2_verdict::header_flood},
  {"a ping flood", hello() + repeat(h2_frame(ping, 0, 8), 200),
   h2_verdict::control_flood},
  {"a settings flood", hello() + repeat(h2_frame(settings, 0, 0), 200),
   h2_verdict::control_flood},
  {"a reset flood", hello() + repeat(h2_frame(rst_stream, 1, 4), 200),
   h2_verdict::control_flood},
  {"a flood of an unknown kind", hello() + repeat(h2_frame(77, 0, 0), 200),
   h2_verdict::control_flood},
  {"empty data frames", hello() + repeat(h2_frame(data, 1, 0), 200),
   h2_verdict::control_flood},
  {"window updates", hello() + repeat(h2_frame(window_update, 0, 4), 1000),
   h2_verdict::ok},
  {"data before authentication", hello() + h2_frame(data, 1, 60'000),
   h2_verdict::ok},
  {"too much data before authentication",
   hello() + repeat(h2_frame(data, 1, 10'000), 7),
   h2_verdict::unauthenticated_flood},
};

/// Feeds in pieces of `step` bytes until there is an objection.
h2_verdict feed(h2_guard& guard, std::string_view bytes, size_t step,
                time_point now = {}) {
  while (!bytes.empty()) {
    const auto result = guard.feed(bytes.substr(0, step), now);
    if (result != h2_verdict::ok)
      return result;
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  return h2_verdict::ok;
}

} // namespace

CAF_TEST(the verdict does not depend on how bytes arrive) {
  for (const auto& [name, bytes, expected] : table)
    for (size_t step : {1, 2, 7, 100, 1'000'000}) {
      CAF_MESSAGE(name << ", " << step << " bytes at a time");
      h2_guard guard;
      const auto result = feed(guard, bytes, step);
      // In one piece the byte limit may object before the frames are seen.
      if (result != h2_verdict::unauthenticated_flood)
        CAF_CHECK(result == expected);
      else
        CAF_CHECK(bytes.size() > h2_limits{}.unauthenticated_bytes);
    }
}

CAF_TEST(an authenticated agent may send any amount) {
  h2_guard guard;
  CAF_CHECK(feed(guard, hello(), 100) == h2_verdict::ok);
  guard.authenticated();
  const auto bulk = repeat(h2_frame(data, 1, 16'000), 1000);
  CAF_CHECK(feed(guard, bulk, 65'536) == h2_verdict::ok);
}

CAF_TEST(control frames are counted per second) {
  h2_guard guard;
  const auto pings = repeat(h2_frame(ping, 0, 8), 100);
  time_point now{};
  feed(guard, hello(), 100, now);
  for (int i = 0; i < 5; ++i) {
    now += std::chrono::seconds(1);
    CAF_CHECK(feed(guard, pings, 100, now) == h2_verdict::ok);
  }
  CAF_CHECK(feed(guard, pings, 100, now) == h2_verdict::control_flood);
}
