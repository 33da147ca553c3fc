#pragma once

#include "config/answers/compression.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

namespace aps::test {

/// As much of an encoded body as there is.
inline std::string decoded(config::content_coding coding,
                           std::string_view from) {
  std::string out(1 << 20, '\0');
  if (coding == config::content_coding::gzip) {
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
    stream.avail_in = static_cast<uInt>(from.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    inflate(&stream, Z_SYNC_FLUSH);
    out.resize(out.size() - stream.avail_out);
    inflateEnd(&stream);
  } else if (coding == config::content_coding::br) {
    auto* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
    auto left = from.size();
    const auto* next = reinterpret_cast<const uint8_t*>(from.data());
    auto room = out.size();
    auto* to = reinterpret_cast<uint8_t*>(out.data());
    BrotliDecoderDecompressStream(state, &left, &next, &room, &to, nullptr);
    out.resize(out.size() - room);
    BrotliDecoderDestroyInstance(state);
  } else {
    auto* state = ZSTD_createDCtx();
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (in.pos < in.size
           && !ZSTD_isError(ZSTD_decompressStream(state, &to, &in))) {
    }
    out.resize(to.pos);
    ZSTD_freeDCtx(state);
  }
  return out;
}

} // namespace aps::test
