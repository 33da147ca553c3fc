#define CAF_SUITE codec_decode

#include "tests/support/test.hpp"

#include "tests/transports/wire/wire_samples.hpp"
#include "transports/wire/codec.hpp"

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
  const auto tag = kind << 3 | 2;
  if (tag >= 0x80)
    inner += static_cast<char>(tag | 0x80);
  inner += static_cast<char>(tag < 0x80 ? tag : tag >> 7);
  inner += static_cast<char>(body.size());
  inner += body;
  return std::string{"\x0a"} + static_cast<char>(inner.size()) + inner;
}

} // namespace

CAF_TEST(reads what Protobuf writes) {
  for (const auto& frames : {full_frames(), bare_frames()}) {
    const auto bytes = canonical(frames);
    frame_batch out;
    CAF_REQUIRE(decode_exact(bytes, out) == codec_error::none);
    CAF_CHECK_EQUAL(out.size(), frames.size());
    CAF_CHECK_EQUAL(to_hex(canonical(out)), to_hex(bytes));
  }
}

CAF_TEST(unknown fields and kinds are skipped) {
  auto batch = to_proto(full_frames());
  const auto plain = batch.SerializeAsString();
  for (auto& frame : *batch.mutable_frames()) {
    auto* unknown = frame.GetReflection()->MutableUnknownFields(&frame);
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

CAF_TEST(large payloads share the buffer and small ones do not ) {
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
  for (const auto& frame : out) {
    const auto& payload = std::get<data_frame>(frame.body).payload;
    CAF_CHECK(payload.owner() != message.owner());
    CAF_CHECK_EQUAL(payload.size(), 3'000u);
  }
}

CAF_TEST(values outside of our enums are handled) {
  frame_batch out;
  // Refused.code 200, Reset.code 70000, OpenConnections.transport 9
  CAF_CHECK(decode_exact(raw_frame(5, "\x08\xc8\x01"), out)
            == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(10, "\x08\xf0\xa2\x04"), out)
            == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(14, "\x08\x09"), out) == codec_error::none);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK(std::get<refused_frame>(out[0].body).code == refusal::malformed);
  CAF_CHECK(std::get<reset_frame>(out[1].body).code == outcome::internal);
  // ResponseHead.status 0, Hello.session of 3 bytes
  for (const auto& bytes : {raw_frame(7, ""), raw_frame(3, "\x2a\x03"
                                                           "abc")})
    CAF_CHECK(decode_exact(bytes, out) == codec_error::malformed);
}

CAF_TEST(each transport is known and no number beyond them) {
  for (size_t number = 0; number <= transport_kinds + 1; ++number) {
    const char body[] = {'\x08', static_cast<char>(number)};
    frame_batch out;
    CAF_CHECK(decode_exact(raw_frame(14, {body, 2}), out) == codec_error::none);
    CAF_CHECK_EQUAL(out.size(),
                    number >= 1 && number <= transport_kinds ? 1u : 0u);
  }
}

CAF_TEST(numbers and lengths end inside of the message) {
  struct {
    std::string_view bytes;
    bool good;
  } const rows[] = {
    // A field nobody knows, of each type, whole and one byte short.
    {{"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, true},
    {{"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10}, false},
    {{"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01", 12}, false},
    {{"\x15\0\0\0\0", 5}, true},
    {{"\x15\0\0\0", 4}, false},
    {{"\x11\0\0\0\0\0\0\0\0", 9}, true},
    {{"\x11\0\0\0\0\0\0\0", 8}, false},
    {{"\x12\x03xyz", 5}, true},
    {{"\x12\x04xyz", 5}, false},
    {{"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, false},
    // Tags: field 0, the types 3, 4, 6 and 7, the largest field and one more.
    {{"\x00\x00", 2}, false},
    {{"\x13\x14", 2}, false},
    {{"\x14", 1}, false},
    {{"\x16\x00", 2}, false},
    {{"\x17\x00", 2}, false},
    {{"\xf8\xff\xff\xff\x0f\x00", 6}, true},
    {{"\xf8\xff\xff\xff\x1f\x00", 6}, false},
  };
  for (const auto& row : rows) {
    frame_batch out;
    CAF_MESSAGE(to_hex(row.bytes));
    CAF_CHECK_EQUAL(decode_exact(row.bytes, out) == codec_error::none,
                    row.good);
    CAF_CHECK(out.empty());
  }
}

CAF_TEST(a known field of another type is skipped) {
  frame_batch out;
  // Frame.exchange as a varint, Ping.token as bytes, Data.payload as a number.
  CAF_CHECK(decode_exact("\x0a\x06\x08\x07\x62\x02\x08\x05", out)
            == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(12, "\x0a\x01x"), out) == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(8, "\x10\x07"), out) == codec_error::none);
  CAF_REQUIRE_EQUAL(out.size(), 3u);
  CAF_CHECK_EQUAL(out[0].exchange, 0u);
  CAF_CHECK_EQUAL(std::get<ping_frame>(out[0].body).token, 5u);
  CAF_CHECK_EQUAL(std::get<ping_frame>(out[1].body).token, 0u);
  CAF_CHECK(std::get<data_frame>(out[2].body).payload.empty());
}

CAF_TEST(of a field or a kind that comes twice the last counts) {
  frame_batch out;
  CAF_CHECK(decode_exact(raw_frame(12, "\x08\x05\x08\x06"), out)
            == codec_error::none);
  // A ping and a drain in one frame.
  CAF_CHECK(decode_exact("\x0a\x09\x62\x02\x08\x05\x7a\x03\x0a\x01r", out)
            == codec_error::none);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK_EQUAL(std::get<ping_frame>(out[0].body).token, 6u);
  CAF_CHECK_EQUAL(std::get<drain_frame>(out[1].body).reason, "r");
}

CAF_TEST(what is absent is zero whatever the defaults of the frame are) {
  frame_batch out;
  CAF_CHECK(decode_exact(raw_frame(16, {}), out) == codec_error::none);
  CAF_CHECK(decode_exact(raw_frame(10, {}), out) == codec_error::none);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK_EQUAL(std::get<resume_frame>(out[0].body).attempt, 0u);
  CAF_CHECK(std::get<reset_frame>(out[1].body).code == outcome_from(0));
}

CAF_TEST(a payload is shared from its least size and its part of the buffer) {
  const auto shares = [](size_t payload, size_t retained) {
    const frame_batch frames{
      {1, data_frame{0, slice::adopt(std::string(payload, 'a')), false}}};
    const auto message = slice::adopt(encode_flat(frames));
    frame_batch out;
    CAF_REQUIRE(decode(message, retained, out) == codec_error::none);
    const auto& read = std::get<data_frame>(out[0].body).payload;
    CAF_CHECK_EQUAL(read.view(), std::string(payload, 'a'));
    return read.owner() == message.owner();
  };
  CAF_CHECK(!shares(511, 600));
  CAF_CHECK(shares(512, 600));
  CAF_CHECK(shares(1000, 1000 * max_kept_per_byte));
  CAF_CHECK(!shares(1000, 1001 * max_kept_per_byte));
}

CAF_TEST(frames are appended and a fault says which field) {
  frame_batch out{{7, ping_frame{1}}};
  CAF_CHECK(decode_exact(raw_frame(12, "\x08\x02"), out) == codec_error::none);
  CAF_REQUIRE_EQUAL(out.size(), 2u);
  CAF_CHECK_EQUAL(out[0].exchange, 7u);
  CAF_CHECK_EQUAL(std::get<ping_frame>(out[1].body).token, 2u);
  // Challenge.nonce of 65 bytes
  const auto fault
    = decode_exact(raw_frame(2, "\x12\x41" + std::string(65, 'n')), out);
  CAF_CHECK(fault == codec_error::too_large);
  CAF_CHECK_EQUAL(field_of(fault), "challenge.nonce");
  CAF_CHECK_EQUAL(render(fault),
                  "the peer sent 65 as challenge.nonce, the most is 64");
  const auto broken = decode_exact("\x0a", out);
  CAF_CHECK(broken == codec_error::malformed);
  CAF_CHECK_EQUAL(field_of(broken), "");
}
