#define CAF_SUITE grpc_bytes

#include "tests/support/test.hpp"
#include "tests/transports/wire/wire_samples.hpp"

#include "transports/tunnel/grpc/grpc_bytes.hpp"

using namespace aps;
using namespace aps::test;

namespace {

std::string flat(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> parts;
  CAF_REQUIRE(message.Dump(&parts).ok());
  std::string out;
  for (const auto& part : parts)
    out.append(reinterpret_cast<const char*>(part.begin()), part.size());
  return out;
}

/// The bytes as a message of so many slices of gRPC.
grpc::ByteBuffer message_of(const std::string& bytes, size_t pieces) {
  std::vector<grpc::Slice> parts;
  const auto step = bytes.size() / pieces + 1;
  for (size_t at = 0; at < bytes.size(); at += step)
    parts.emplace_back(bytes.substr(at, step));
  return {parts.data(), parts.size()};
}

std::string encoded_payload(size_t size) {
  return encode_flat(
    {{7, data_frame{0, slice::adopt(std::string(size, 'a')), true}}});
}

} // namespace

CAF_TEST(parts become one message in their order) {
  const auto big = slice::adopt(std::string(2000, 'b'));
  const auto message
    = to_byte_buffer({slice::copy("head"), big, slice::copy("tail")});
  CAF_CHECK_EQUAL(flat(message), "head" + std::string(2000, 'b') + "tail");
  CAF_CHECK_EQUAL(to_byte_buffer({}).Length(), 0u);
}

CAF_TEST(big parts are kept alive and small ones copied) {
  const auto least = slice::adopt(std::string(512, 'b'));
  const auto small = slice::adopt(std::string(511, 's'));
  {
    const auto message = to_byte_buffer({least, small});
    CAF_CHECK_EQUAL(least.owner().use_count(), 2);
    CAF_CHECK_EQUAL(small.owner().use_count(), 1);
    CAF_CHECK_EQUAL(flat(message).size(), 1023u);
  }
  CAF_CHECK_EQUAL(least.owner().use_count(), 1);
}

CAF_TEST(frames are read whatever pieces their message is in) {
  const auto frames = full_frames();
  for (const auto& bytes :
       {encode_flat(frames), encode_flat(frames) + encoded_payload(20'000)})
    for (const size_t pieces : {1u, 2u, 7u, 100u}) {
      frame_batch out;
      CAF_CHECK(decode(message_of(bytes, pieces), out) == codec_error::none);
      CAF_CHECK_EQUAL(to_hex(encode_flat(out)), to_hex(bytes));
    }
}

CAF_TEST(a message without bytes has no frames) {
  frame_batch out;
  CAF_CHECK(decode(grpc::ByteBuffer{}, out) == codec_error::none);
  CAF_CHECK(out.empty());
}

CAF_TEST(what is no batch is told) {
  frame_batch out;
  for (const size_t pieces : {1u, 2u})
    for (const size_t size : {10u, 20'000u})
      CAF_CHECK(decode(message_of(std::string(size, '\xff'), pieces), out)
                == codec_error::malformed);
}

CAF_TEST(payloads outlive the message) {
  for (const size_t pieces : {1u, 2u})
    for (const size_t size : {100u, 600u, 20'000u, 100'000u}) {
      frame_batch out;
      {
        const auto message = message_of(encoded_payload(size), pieces);
        CAF_REQUIRE(decode(message, out) == codec_error::none);
      }
      CAF_REQUIRE_EQUAL(out.size(), 1u);
      CAF_CHECK(std::get<data_frame>(out[0].body).payload.view()
                == std::string(size, 'a'));
    }
}
