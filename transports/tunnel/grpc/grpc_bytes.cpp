#include "transports/tunnel/grpc/grpc_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace aps {

namespace {

/// Parts below this size are copied: that is cheaper than sharing them.
constexpr size_t min_shared_part = 512;

/// gRPC reads into blocks of this size, so one slice may keep as much.
constexpr size_t read_block = 64 * 1024;

grpc::Slice to_grpc(const slice& part) {
  if (part.size() < min_shared_part)
    return {part.data(), part.size()};
  auto* owner = new std::shared_ptr<const void>(part.owner());
  return {const_cast<char*>(part.data()), part.size(),
          [](void* held) {
            delete static_cast<std::shared_ptr<const void>*>(held);
          },
          owner};
}

std::string_view view_of(const grpc::Slice& part) {
  return {reinterpret_cast<const char*>(part.begin()), part.size()};
}

void gather(const grpc::ByteBuffer& message, char* to) {
  std::vector<grpc::Slice> parts;
  if (!message.Dump(&parts).ok())
    return;
  for (const auto& part : parts) {
    std::memcpy(to, part.begin(), part.size());
    to += part.size();
  }
}

} // namespace

grpc::ByteBuffer to_byte_buffer(const std::vector<slice>& parts) {
  std::vector<grpc::Slice> slices;
  slices.reserve(parts.size());
  for (const auto& part : parts)
    slices.push_back(to_grpc(part));
  return {slices.data(), slices.size()};
}

codec_fault decode(const grpc::ByteBuffer& message, frame_batch& out) {
  const auto size = message.Length();
  if (size == 0)
    return {};
  grpc::Slice single;
  if (message.TrySingleSlice(&single).ok()) {
    if (size < min_shared_message)
      return decode({nullptr, view_of(single)}, 0, out);
    auto owner = std::make_shared<const grpc::Slice>(std::move(single));
    const auto view = view_of(*owner);
    return decode({std::move(owner), view}, std::max(size, read_block), out);
  }
  if (size < min_shared_message) {
    char copy[min_shared_message];
    gather(message, copy);
    return decode({nullptr, {copy, size}}, 0, out);
  }
  auto block = std::make_shared_for_overwrite<char[]>(size);
  gather(message, block.get());
  const std::string_view view{block.get(), size};
  return decode({std::move(block), view}, size, out);
}

} // namespace aps
