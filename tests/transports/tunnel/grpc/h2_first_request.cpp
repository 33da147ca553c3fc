#define CAF_SUITE h2_first_request

#include "tests/support/test.hpp"

#include "transports/tunnel/grpc/h2_first_request.hpp"
#include "transports/tunnel/grpc/h2_guard.hpp"

#include <string>

using namespace aps;
using namespace std::string_literals;

namespace {

std::string frame(uint8_t type, uint8_t flags, const std::string& payload,
                  uint8_t stream = 1) {
  std::string out;
  for (int shift : {16, 8, 0})
    out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out + "\0\0\0"s + static_cast<char>(stream) + payload;
}

const auto start = std::string{h2_preface} + frame(4, 0, "", 0);
const auto plain_path = "\x44\x1d/aps.tunnel.v1.Tunnel/Connect"s;
const auto coded_path
  = "\x44\x95\x60\x75\xa1\x74\xdb\x55\x45\xa1\x7e\xe1\x5f\x7d\xb5\x54\x5a"
    "\x18\xbc\x7a\xaa\x29\x13"s;
const auto named_path = "\x40\x05:path\x1d/aps.tunnel.v1.Tunnel/Connect"s;
const auto agent = "\x83\x86"s + plain_path + "\x41\x01h\x5f\x01x"s;

struct row {
  const char* name;
  std::string bytes;
  h2_request expected;
};

const row rows[] = {
  {"nothing", "", h2_request::incomplete},
  {"the preface", std::string{h2_preface}, h2_request::incomplete},
  {"settings", start, h2_request::incomplete},
  {"an agent", start + frame(1, 4, agent), h2_request::tunnel},
  {"an agent that codes its path", start + frame(1, 4, "\x83"s + coded_path),
   h2_request::tunnel},
  {"an agent that names its path", start + frame(1, 4, "\x83"s + named_path),
   h2_request::tunnel},
  {"never indexed", start + frame(1, 4, "\x83\x14"s + plain_path.substr(1)),
   h2_request::tunnel},
  {"window updates before", start + frame(8, 0, "\0\0\1\0"s, 0)
                              + frame(1, 4, agent),
   h2_request::tunnel},
  {"padding and priority", start + frame(1, 4 | 8 | 0x20,
                                         "\2\0\0\0\0\1"s + agent + "zz"),
   h2_request::tunnel},
  {"continued", start + frame(1, 0, agent.substr(0, 7))
                  + frame(9, 4, agent.substr(7)),
   h2_request::tunnel},
  {"not continued yet", start + frame(1, 0, agent), h2_request::incomplete},
  {"GET", start + frame(1, 4, "\x82"s + plain_path), h2_request::other},
  {"a visitor", start + frame(1, 4, "\x82\x84\x86\x41\x01h"s),
   h2_request::other},
  {"another method", start + frame(1, 4, "\x83\x44\x1d/aps.tunnel.v1.Tunnel/"
                                         "Connecx"s),
   h2_request::other},
  {"two paths, the last one counts",
   start + frame(1, 4, "\x83"s + plain_path + "\x84\x44\x01/"s),
   h2_request::other},
  {"another frame between", start + frame(1, 0, agent) + frame(6, 0, "12345678"),
   h2_request::malformed},
  {"data first", start + frame(0, 0, "x"), h2_request::malformed},
  {"a string beyond its block", start + frame(1, 4, "\x83\x44\x7fx"s),
   h2_request::malformed},
  {"an endless number", start + frame(1, 4, "\xff\xff\xff\xff\xff\xff\xff"s),
   h2_request::malformed},
  {"index 0", start + frame(1, 4, "\x80"s), h2_request::malformed},
  {"more padding than payload", start + frame(1, 4 | 8, "\xff\x83"s),
   h2_request::malformed},
  {"an empty block", start + frame(1, 4, ""), h2_request::other},
};

} // namespace

CAF_TEST(the first request says who speaks) {
  for (const auto& row : rows) {
    CAF_MESSAGE(row.name);
    CAF_CHECK(first_h2_request(row.bytes) == row.expected);
  }
}

CAF_TEST(a part of it never says anything else) {
  for (const auto& row : rows)
    for (size_t i = 0; i < row.bytes.size(); ++i) {
      const auto early = first_h2_request(std::string_view{row.bytes}.substr(0, i));
      CAF_CHECK(early == h2_request::incomplete || early == row.expected);
    }
}
