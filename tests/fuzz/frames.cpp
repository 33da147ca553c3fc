// What arrives in a tunnel: taken or refused, never more than the limits; and
// what was taken says the same when it is sent on.
#include "tests/fuzz/fuzz.hpp"

#include "transports/wire/codec.hpp"
#include "transports/wire/wire_limits.hpp"

#include <string>

namespace {

using namespace aps;

std::string bytes_of(const frame_batch& frames) {
  batch_encoder encoder;
  std::string out;
  for (const auto& part : encoder.encode(frames))
    out += part.view();
  APS_REQUIRE(out.size() == encoder.size());
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::text_of(data, size);
  frame_batch lent;
  const auto error = decode(slice{nullptr, text}, 0, lent).error;
  // Who owns the message makes no difference.
  frame_batch owned;
  APS_REQUIRE(decode(slice::copy(text), size, owned).error == error);
  if (error != codec_error::none)
    return 0;
  APS_REQUIRE(lent.size() == owned.size());
  APS_REQUIRE(lent.size() <= wire::batch_frames.most);
  const auto once = bytes_of(lent);
  APS_REQUIRE(once == bytes_of(owned));
  frame_batch again;
  APS_REQUIRE(decode(slice::copy(once), once.size(), again)
              == codec_error::none);
  APS_REQUIRE(again.size() == lent.size());
  for (size_t i = 0; i < again.size(); ++i) {
    APS_REQUIRE(again[i].exchange == lent[i].exchange);
    APS_REQUIRE(again[i].body.index() == lent[i].body.index());
  }
  APS_REQUIRE(bytes_of(again) == once);
  return 0;
}
