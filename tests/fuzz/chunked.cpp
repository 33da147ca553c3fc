// Chunked bodies, against a decoder that knows RFC 9112, 7.1 and nothing else,
// and bodies in chunks of any sizes, which have to come out as they went in.
#include "tests/fuzz/messages.hpp"

#include <optional>

namespace {

using namespace aps;

constexpr std::string_view head
  = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

int digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The payload of what is chunked by the letter and has no extensions and
/// trailers; nothing for the rest.
std::optional<std::string> decode_plainly(std::string_view text) {
  std::string out;
  while (true) {
    size_t size = 0;
    size_t digits = 0;
    while (digits < text.size() && digit(text[digits]) >= 0) {
      if (digits >= 8)
        return std::nullopt;
      size = size * 16 + static_cast<size_t>(digit(text[digits++]));
    }
    if (digits == 0 || text.substr(digits, 2) != "\r\n")
      return std::nullopt;
    text.remove_prefix(digits + 2);
    if (size == 0)
      return text == "\r\n" ? std::optional{out} : std::nullopt;
    if (text.size() < size + 2 || text.substr(size, 2) != "\r\n")
      return std::nullopt;
    out += text.substr(0, size);
    text.remove_prefix(size + 2);
  }
}

std::string in_chunks(std::string_view body, size_t step) {
  std::string out{head};
  while (!body.empty()) {
    const auto piece = body.substr(0, step);
    char size[24];
    std::snprintf(size, sizeof(size), "%zX\r\n", piece.size());
    out += size;
    out.append(piece).append("\r\n");
    body.remove_prefix(piece.size());
  }
  return out + "0\r\n\r\n";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  fuzz::decisions choose{text};
  const size_t step = 2 + choose.next() % 62;
  const auto message = std::string{head} + std::string{text};
  fuzz::check<true>(message, step, {});
  if (const auto plain = decode_plainly(text)) {
    const auto got = fuzz::read<true>(message, step, {});
    APS_REQUIRE(got.done);
    APS_REQUIRE(got.body == *plain);
  }
  const auto got = fuzz::read<true>(in_chunks(text, step), step / 2 + 1, {});
  APS_REQUIRE(got.done);
  APS_REQUIRE(got.body == text);
  return 0;
}
