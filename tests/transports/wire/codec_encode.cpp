#define CAF_SUITE codec_encode

#include "tests/support/test.hpp"

#include "tests/transports/wire/wire_samples.hpp"
#include "transports/wire/codec.hpp"

using namespace aps;
using namespace aps::test;

namespace {

std::string canonical(const frame_batch& frames) {
  return to_proto(frames).SerializeAsString();
}

slice letters(size_t size) {
  return slice::adopt(std::string(size, 'a'));
}

frame_batch data_of(const slice& payload) {
  return {{1, data_frame{0, payload, false}}};
}

std::string joined(const std::vector<slice>& parts) {
  std::string out;
  for (const auto& part : parts)
    out += part.view();
  return out;
}

} // namespace

CAF_TEST(writes what Protobuf writes) {
  for (const auto& frames : {full_frames(), bare_frames()}) {
    for (const auto& frame : frames)
      CAF_CHECK_EQUAL(to_hex(encode_flat({frame})), to_hex(canonical({frame})));
    CAF_CHECK_EQUAL(to_hex(encode_flat(frames)), to_hex(canonical(frames)));
  }
  CAF_CHECK_EQUAL(encode_flat({}), "");
}

CAF_TEST(random batches survive both directions) {
  std::mt19937 random{1};
  batch_encoder encoder; // one for all: it reuses its memory
  for (int round = 0; round < 300; ++round) {
    const auto frames = random_frames(random, random() % 20);
    const auto bytes = joined(encoder.encode(frames));
    CAF_REQUIRE_EQUAL(encoder.size(), bytes.size());
    CAF_REQUIRE(bytes == canonical(frames));
    frame_batch out;
    CAF_REQUIRE(decode(slice::copy(bytes), bytes.size(), out)
                == codec_error::none);
    CAF_REQUIRE(canonical(out) == bytes);
  }
}

CAF_TEST(payloads of a kilobyte and more are shared) {
  const auto payload = letters(5'000);
  batch_encoder encoder;
  const auto& parts = encoder.encode({{1, data_frame{0, payload, true}}});
  CAF_REQUIRE_EQUAL(parts.size(), 3u); // before, payload, `last` behind it
  CAF_CHECK(parts[1].data() == payload.data());
  const auto least = letters(1024);
  CAF_REQUIRE_EQUAL(encoder.encode(data_of(least)).size(), 2u);
  CAF_CHECK(encoder.encode(data_of(least))[1].data() == least.data());
  CAF_CHECK_EQUAL(encoder.encode(data_of(letters(1023))).size(), 1u);
}

CAF_TEST(numbers take as many bytes as they need) {
  for (int bits = 0; bits < 64; ++bits)
    for (const uint64_t value : {(uint64_t{1} << bits) - 1, uint64_t{1} << bits,
                                 UINT64_MAX >> (63 - bits)}) {
      const frame_batch frames{{value, ping_frame{value}}};
      CAF_CHECK_EQUAL(to_hex(encode_flat(frames)), to_hex(canonical(frames)));
    }
}

CAF_TEST(a text is cut before a character and not inside of one) {
  const auto reason = [](const std::string& text) {
    frame_batch out;
    const auto bytes = encode_flat({{0, drain_frame{text, false}}});
    CAF_REQUIRE(decode(slice::copy(bytes), bytes.size(), out)
                == codec_error::none);
    return std::get<drain_frame>(out.at(0).body).reason;
  };
  const std::string full(256, 'x'); // the most that drain.reason may hold
  CAF_CHECK_EQUAL(reason(full), full);
  CAF_CHECK_EQUAL(reason(full + "y"), full);
  const auto nearly = full.substr(2);
  CAF_CHECK_EQUAL(reason(nearly + "\xc3\xa4"), nearly + "\xc3\xa4");
  CAF_CHECK_EQUAL(reason(nearly + "\xe2\x82\xac"), nearly);
  CAF_CHECK_EQUAL(reason(nearly + "z\xc3\xa4"), nearly + "z");
}

CAF_TEST(memory is used again once nobody holds what was written) {
  batch_encoder encoder;
  const auto* const first = encoder.encode(data_of(letters(9))).at(0).data();
  CAF_CHECK(encoder.encode(data_of(letters(8))).at(0).data() == first);
  const auto held = encoder.encode(data_of(slice::copy("precious")));
  const auto before = joined(held);
  CAF_CHECK(encoder.encode(data_of(slice::copy("obtrusive"))).at(0).data()
            != held[0].data());
  CAF_CHECK_EQUAL(joined(held), before);
}

CAF_TEST(cleared means that payloads are let go) {
  const auto payload = letters(5'000);
  batch_encoder encoder;
  encoder.encode(data_of(payload));
  const auto used = payload.owner().use_count();
  encoder.clear();
  CAF_CHECK_EQUAL(payload.owner().use_count(), used - 1);
}
