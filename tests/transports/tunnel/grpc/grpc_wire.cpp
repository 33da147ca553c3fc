#define CAF_SUITE grpc_wire

#include "transports/tunnel/grpc/grpc_wire.hpp"

#include "tests/support/test.hpp"

#include <string>
#include <vector>

using namespace aps;
using namespace std::string_literals;

namespace {

std::string message(const std::string& bytes) {
  const auto prefix = grpc_prefix(bytes.size());
  return std::string{prefix.data(), prefix.size()} + bytes;
}

/// All messages of `text`, which comes in pieces of `step` bytes.
std::vector<std::string> read_all(grpc_reader& uut, const std::string& text,
                                  size_t step, grpc_reader::fault& fault) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size(); at += step) {
    auto piece = slice::copy(std::string_view{text}.substr(at, step));
    std::optional<grpc_reader::message> got;
    do {
      fault = uut.read(piece, piece.size(), got);
      if (fault != grpc_reader::fault::none)
        return out;
      if (got)
        out.emplace_back(got->bytes.view());
    } while (got);
    CAF_CHECK(piece.empty());
  }
  return out;
}

} // namespace

CAF_TEST(a message has its length in front) {
  CAF_CHECK_EQUAL(message("abc"), "\0\0\0\0\x03"s + "abc");
  CAF_CHECK_EQUAL(message(std::string(0x010203, 'x')).substr(0, 5),
                  "\0\0\x01\x02\x03"s);
}

CAF_TEST(messages come whole however they are cut) {
  const std::vector<std::string> all{"", "a", std::string(300, 'b'), "",
                                     std::string(5, '\0'), "end"};
  std::string text;
  for (const auto& one : all)
    text += message(one);
  for (size_t step = 1; step <= text.size(); ++step) {
    grpc_reader uut{1000};
    auto fault = grpc_reader::fault::none;
    CAF_CHECK(read_all(uut, text, step, fault) == all);
    CAF_CHECK(fault == grpc_reader::fault::none);
  }
}

CAF_TEST(a message in one piece is not copied) {
  grpc_reader uut{1000};
  auto piece = slice::adopt(message("abc"));
  const auto* const start = piece.data();
  std::optional<grpc_reader::message> got;
  CAF_CHECK(uut.read(piece, 77, got) == grpc_reader::fault::none);
  CAF_REQUIRE(got);
  CAF_CHECK(got->bytes.data() == start + grpc_prefix_bytes);
  CAF_CHECK_EQUAL(got->retained, 77u);
}

CAF_TEST(limits hold for the announced length) {
  for (const auto& [text, seen] :
       {std::pair{message(std::string(10, 'x')), grpc_reader::fault::none},
        std::pair{message(std::string(11, 'x')), grpc_reader::fault::too_large},
        std::pair{"\0\xff\xff\xff\xff"s, grpc_reader::fault::too_large},
        std::pair{"\1\0\0\0\0"s, grpc_reader::fault::compressed}})
    for (const size_t step : {size_t{1}, text.size()}) {
      grpc_reader uut{10};
      auto fault = grpc_reader::fault::none;
      read_all(uut, text, step, fault);
      CAF_CHECK(fault == seen);
    }
  grpc_reader uut{10};
  uut.limit(11);
  auto fault = grpc_reader::fault::none;
  CAF_CHECK_EQUAL(
    read_all(uut, message(std::string(11, 'x')), 16, fault).size(), 1u);
}
