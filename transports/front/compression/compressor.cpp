#include "transports/front/compression/compressor.hpp"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>

namespace aps {

namespace {

using config::content_coding;

// Quick rather than small: a node has many visitors. The windows bound what
// one takes of memory, on both sides.
constexpr int gzip_level = 5;
constexpr int gzip_window = 15;
constexpr int gzip_header = 16; // to be added
constexpr int gzip_memory = 8;
constexpr uint32_t brotli_quality = 4;
constexpr int brotli_window = 18;
constexpr int zstd_level = 3;
constexpr int zstd_window = 17;

// No body needs a larger one than it is itself.
int window_for(std::optional<uint64_t> length, int least, int most) {
  return length
           ? std::clamp(static_cast<int>(std::bit_width(*length)), least, most)
           : most;
}

using output_piece = std::array<char, 16 * 1024>;

class gzip_compressor final : public compressor {
 public:
  ~gzip_compressor() override {
    if (ready_)
      deflateEnd(&stream_);
  }

  bool start(std::optional<uint64_t> length) {
    const auto window = window_for(length, 9, gzip_window) + gzip_header;
    ready_ = deflateInit2(&stream_, gzip_level, Z_DEFLATED, window, gzip_memory,
                          Z_DEFAULT_STRATEGY)
             == Z_OK;
    return ready_;
  }

  bool add(std::string_view bytes, more more, std::string& out) override {
    output_piece piece;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    int result = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      result = deflate(&stream_, more == more::no ? Z_FINISH : Z_SYNC_FLUSH);
      if (result == Z_STREAM_ERROR)
        return false;
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return more == more::yes || result == Z_STREAM_END;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

class brotli_compressor final : public compressor {
 public:
  ~brotli_compressor() override {
    if (state_)
      BrotliEncoderDestroyInstance(state_);
  }

  bool start(std::optional<uint64_t> length) {
    const auto window = window_for(length, 12, brotli_window);
    state_ = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
    return state_
           && BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY,
                                        brotli_quality)
           && BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN,
                                        static_cast<uint32_t>(window));
  }

  bool add(std::string_view bytes, more more, std::string& out) override {
    const auto* next = reinterpret_cast<const uint8_t*>(bytes.data());
    auto left = bytes.size();
    size_t room = 0;
    do {
      if (!BrotliEncoderCompressStream(
            state_,
            more == more::no ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH,
            &left, &next, &room, nullptr, nullptr))
        return false;
      size_t size = 0;
      while (const auto* taken = BrotliEncoderTakeOutput(state_, &size)) {
        if (size == 0)
          break;
        out.append(reinterpret_cast<const char*>(taken), size);
        size = 0;
      }
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_));
    return true;
  }

 private:
  BrotliEncoderState* state_ = nullptr;
};

class zstd_compressor final : public compressor {
 public:
  ~zstd_compressor() override { ZSTD_freeCCtx(state_); }

  bool start(std::optional<uint64_t> length) {
    const auto window = window_for(length, 10, zstd_window);
    state_ = ZSTD_createCCtx();
    return state_
           && !ZSTD_isError(ZSTD_CCtx_setParameter(
             state_, ZSTD_c_compressionLevel, zstd_level))
           && !ZSTD_isError(
             ZSTD_CCtx_setParameter(state_, ZSTD_c_windowLog, window))
           && !(length
                && ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(state_, *length)));
  }

  bool add(std::string_view bytes, more more, std::string& out) override {
    output_piece piece;
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    size_t left = 0;
    do {
      ZSTD_outBuffer to{piece.data(), piece.size(), 0};
      left = ZSTD_compressStream2(state_, &to, &in,
                                  more == more::no ? ZSTD_e_end : ZSTD_e_flush);
      if (ZSTD_isError(left))
        return false;
      out.append(piece.data(), to.pos);
    } while (left > 0);
    return true;
  }

 private:
  ZSTD_CCtx* state_ = nullptr;
};

template <class Kind>
std::unique_ptr<compressor> started(std::optional<uint64_t> length) {
  auto out = std::make_unique<Kind>();
  return out->start(length) ? std::move(out) : nullptr;
}

} // namespace

std::unique_ptr<compressor> make_compressor(content_coding coding,
                                            std::optional<uint64_t> length) {
  switch (coding) {
    case content_coding::zstd: return started<zstd_compressor>(length);
    case content_coding::br: return started<brotli_compressor>(length);
    case content_coding::gzip: return started<gzip_compressor>(length);
  }
  return nullptr;
}

size_t memory_of(content_coding coding) noexcept {
  switch (coding) {
    case content_coding::zstd: return 1700 * 1024;
    case content_coding::br: return 2050 * 1024;
    case content_coding::gzip: return 264 * 1024;
  }
  return 0;
}

} // namespace aps
