#define CAF_SUITE codec

#include "tests/support/test.hpp"

#include "transports/wire/codec.hpp"
#include "tests/transports/wire/wire_samples.hpp"

using namespace aps;
using namespace aps::test;

namespace {

/// Decodes from a heap block of exactly this size, so that sanitizers see
/// every byte read outside of it.
codec_fault decode_exact(std::string_view bytes, frame_batch& out) {
  return decode(slice::copy(bytes), bytes.size(), out);
}

std::string canonical(const frame_batch& frames) {
  return to_proto(frames).SerializeAsString();
}

/// Bytes of a Batch with one Frame with one kind.
std::string raw_frame(int kind, std::string_view body) {
  std::string inner;
  inner += static_cast<char>(kind << 3 | 2);
  inner += static_cast<char>(body.size());
  inner += body;
  return std::string{"\x0a"} + static_cast<char>(inner.size()) + inner;
}

} // namespace

CAF_TEST(writes what Protobuf writes) {
  for (const auto& frames : {full_frames(), bare_frames()}) {
    for (const auto& what : frames)
      CAF_CHECK_EQUAL(to_hex(encode_flat({what})), to_hex(canonical({what})));
    CAF_CHECK_EQUAL(to_hex(encode_flat(frames)), to_hex(canonical(frames)));
  }
  CAF_CHECK_EQUAL(encode_flat({}), "");
}

CAF_TEST(reads what Protobuf writes) {
  for (const auto& frames : {full_frames(), bare_frames()}) {
    const auto bytes = canonical(frames);
    frame_batch out;
    CAF_REQUIRE(decode_exact(bytes, out) == codec_error::none);
    CAF_CHECK_EQUAL(out.size(), frames.size());
    CAF_CHECK_EQUAL(to_hex(canonical(out)), to_hex(bytes));
  }
}

CAF_TEST(random batches survive both directions) {
  std::mt19937 random{1};
  batch_encoder encoder; // one for all: it reuses its memory
  for (int round = 0; round < 300; ++round) {
    const auto frames = random_frames(random, random() % 20);
    std::string bytes;
    for (const auto& part : encoder.encode(frames))
      bytes += part.view();
    CAF_REQUIRE_EQUAL(encoder.size(), bytes.size());
    CAF_REQUIRE(bytes == canonical(frames));
    frame_batch out;
    CAF_REQUIRE(decode_exact(bytes, out) == codec_error::none);
    CAF_REQUIRE(canonical(out) == bytes);
  }
}

CAF_TEST(unknown fields and kinds are skipped) {
  auto batch = to_proto(full_frames());
  const auto plain = batch.SerializeAsString();
  for (auto& what : *batch.mutable_frames()) {
    auto* unknown = what.GetReflection()->MutableUnknownFields(&what);
    unknown->AddVarint(100, UINT64_MAX);
    unknown->AddFixed32(101, 1);
    unknown->AddFixed64(102, 1);
    unknown->AddLengthDelimited(2000, "from the future");
  }
  pb::Frame future;
  future.GetReflection()->MutableUnknownFields(&future)->AddLengthDelimited(
    99, "a new kind");
  *batch.add_frames() = future;
  batch.GetReflection()->MutableUnknownFields(&batch)->AddVarint(9, 9);
  frame_batch out;
  CAF_REQUIRE(decode_exact(batch.SerializeAsString(), out)
              == codec_error::none);
  CAF_CHECK_EQUAL(to_hex(canonical(out)), to_hex(plain));
}

CAF_TEST(a truncated message is an error or a shorter batch) {
  const auto frames = full_frames();
  const auto bytes = canonical(frames);
  for (size_t n = 0; n < bytes.size(); ++n) {
    frame_batch out;
    const auto error = decode_exact(std::string_view{bytes}.substr(0, n), out);
    pb::Batch theirs;
    const bool accepted
      = theirs.ParseFromArray(bytes.data(), static_cast<int>(n));
    CAF_CHECK_EQUAL(error == codec_error::none, accepted);
  }
}

CAF_TEST(damaged messages are never read wrongly) {
  std::mt19937 random{2};
  const auto bytes = canonical(full_frames());
  size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    auto damaged = bytes;
    for (size_t n = 1 + random() % 3; n != 0; --n)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    frame_batch out;
    if (decode_exact(damaged, out) == codec_error::none)
      ++accepted;
  }
  CAF_CHECK(accepted > 0);
}

CAF_TEST(garbage is never read wrongly) {
  std::mt19937 random{3};
  for (int round = 0; round < 200'000; ++round) {
    std::string garbage(random() % 64, '\0');
    for (auto& c : garbage)
      c = static_cast<char>(random());
    frame_batch out;
    decode_exact(garbage, out);
  }
}

CAF_TEST(large payloads share the buffer and small ones do not) {
  const frame_batch frames{
    {1, data_frame{0, slice::adopt(std::string(60'000, 'a')), false}},
    {2, data_frame{0, slice::adopt(std::string(400, 'b')), false}}};
  const auto message = slice::adopt(encode_flat(frames));
  frame_batch out;
  CAF_REQUIRE(decode(message, message.size(), out) == codec_error::none);
  const auto& big = std::get<data_frame>(out[0].body).payload;
  const auto& small = std::get<data_frame>(out[1].body).payload;
  CAF_CHECK(big.owner() == message.owner());
  CAF_CHECK(small.owner() != message.owner());
  CAF_CHECK_EQUAL(big.view(), std::string(60'000, 'a'));
  CAF_CHECK_EQUAL(small.view(), std::string(400, 'b'));
}

CAF_TEST(a lent message is copied and a wasteful share avoided) {
  const frame_batch frames{
    {1, data_frame{0, slice::adopt(std::string(3'000, 'a')), false}}};
  const auto message = slice::adopt(encode_flat(frames));
  frame_batch out;
  decode({nullptr, message.view()}, message.size(), out);
  decode(message, 1024 * 1024, out);
  for (const auto& what : out) {
    const auto& payload = std::get<data_frame>(what.body).payload;
    CAF_CHECK(payload.owner() != message.owner());
    CAF_CHECK_EQUAL(payload.size(), 3'000u);
  }
}

CAF_TEST(the encoder shares large payloads) {
  const auto payload = slice::adopt(std::string(5'000, 'a'));
  batch_encoder encoder;
  const auto& parts = encoder.encode({{1, data_frame{0, payload, true}}});
  CAF_REQUIRE_EQUAL(parts.size(), 3u); // before, payload, `last` behind it
  CAF_CHECK(parts[1].data() == payload.data());
}

CAF_TEST(values outside of our enums are handled) {
  frame_batch out;
  // Refused.code 200, Reset.code 70000, OpenConnections.transport 9
  CAF_CHECK(decode_exact(raw_frame(5, "\x08\xc8\x01"), out)
            == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(10, "\x08\xf0\xa2\x04"), out)
            == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(14, "\x08\x09"), out)
            == codec_error::none);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK(std::get<refused_frame>(out[0].body).code == refusal::malformed);
  CAF_CHECK(std::get<reset_frame>(out[1].body).code == outcome::internal);
  // ResponseHead.status 0, Hello.session of 3 bytes
  for (const auto& bytes : {raw_frame(7, ""), raw_frame(3, "\x2a\x03"
                                                           "abc")})
    CAF_CHECK(decode_exact(bytes, out) == codec_error::malformed);
}
