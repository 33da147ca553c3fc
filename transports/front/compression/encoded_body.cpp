#include "transports/front/compression/encoded_body.hpp"

#include "transports/front/compression/negotiation.hpp"

#include <cassert>

namespace aps {

std::unique_ptr<encoded_body>
encoded_body::begin(response_head& answer, const wanted_compression& wanted,
                    std::shared_ptr<byte_budget> memory) {
  if (!is_compressible(answer, wanted.settings))
    return nullptr;
  add_vary(answer);
  if (!wanted.coding)
    return nullptr;
  byte_share share{std::move(memory)};
  if (!share.grow(memory_of(*wanted.coding)))
    return nullptr;
  auto by = make_compressor(*wanted.coding, answer.content_length);
  if (!by)
    return nullptr;
  encode_head(answer, *wanted.coding);
  return std::unique_ptr<encoded_body>{
    new encoded_body{std::move(share), std::move(by)}};
}

std::optional<slice> encoded_body::encode(std::string_view bytes,
                                          compressor::more more) {
  std::string out;
  if (!by_->add(bytes, more, out))
    return std::nullopt;
  given_ += out.size();
  return slice::adopt(std::move(out));
}

std::optional<slice> encoded_body::add(const slice& bytes) {
  auto out = encode(bytes.view(), compressor::more::yes);
  if (out)
    steps_.push_back({given_, bytes.size()});
  return out;
}

std::optional<slice> encoded_body::finish() {
  return encode({}, compressor::more::no);
}

size_t encoded_body::sent(size_t bytes) {
  sent_ += bytes;
  assert(sent_ <= given_);
  size_t gone = 0;
  for (; !steps_.empty() && steps_.front().end <= sent_; steps_.pop_front())
    gone += steps_.front().came;
  return gone;
}

} // namespace aps
