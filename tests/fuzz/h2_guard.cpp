// What strangers send to the HTTP/2 engine: judged alike in any pieces, and
// never let pass beyond the counts.
#include "tests/fuzz/fuzz.hpp"

#include "transports/tunnel/grpc/h2_guard.hpp"

#include <algorithm>

namespace {

using namespace aps;

h2_verdict judge(std::string_view text, size_t step, bool authenticated) {
  h2_guard uut;
  if (authenticated)
    uut.authenticated();
  const time_point now{std::chrono::hours(1)};
  while (!text.empty()) {
    const auto piece = text.substr(0, step);
    if (const auto verdict = uut.feed(piece, now); verdict != h2_verdict::ok)
      return verdict;
    text.remove_prefix(piece.size());
  }
  return h2_verdict::ok;
}

/// Frames of a type that begin in `text`, its preface included.
size_t count(std::string_view text, uint8_t type) {
  text.remove_prefix(std::min(text.size(), h2_preface.size()));
  size_t out = 0;
  while (text.size() >= 9) {
    const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    const size_t length = size_t{at(0)} << 16 | size_t{at(1)} << 8 | at(2);
    out += at(3) == type;
    text.remove_prefix(std::min(text.size(), 9 + length));
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  fuzz::decisions choose{text};
  const size_t step = 2 + choose.next() % 62;
  const auto authenticated = choose.next() % 2 == 0;
  const auto whole = judge(text, SIZE_MAX, authenticated);
  const auto single = judge(text, 1, authenticated);
  // Which of several limits comes first may depend on the pieces.
  APS_REQUIRE((whole == h2_verdict::ok) == (single == h2_verdict::ok));
  APS_REQUIRE((judge(text, step, authenticated) == h2_verdict::ok)
              == (single == h2_verdict::ok));
  if (whole != h2_verdict::ok)
    return 0;
  APS_REQUIRE(h2_preface.starts_with(text.substr(0, h2_preface.size())));
  const h2_limits limits;
  APS_REQUIRE(count(text, 1) <= limits.streams);
  APS_REQUIRE(count(text, 3) <= limits.control_per_second);
  APS_REQUIRE(count(text, 6) <= limits.control_per_second);
  APS_REQUIRE(authenticated || text.size() <= limits.unauthenticated_bytes);
  return 0;
}
