#define CAF_SUITE config.stream_url

#include "tests/support/test.hpp"

#include "config/streams/stream_url.hpp"

using namespace aps::config;

namespace {

struct row {
  std::string text;
  bool from;
  std::string expected; ///< as it is written again, or what is wrong
};

std::string read(const row& row) {
  std::string error;
  const auto url = parse_stream_url(row.text, row.from, error);
  return url ? url->str() : error;
}

} // namespace

CAF_TEST(an address of a stream is taken apart and written again) {
  const std::vector<row> rows{
    {"tcp://:2222", true, "tcp://:2222"},
    {"tcp://*:2222", true, "tcp://:2222"},
    {"TCP://127.0.0.1:1", true, "tcp://127.0.0.1:1"},
    {"tcp://[::1]:22", true, "tcp://[::1]:22"},
    {"tcp://[0:0::1]:22", true, "tcp://[::1]:22"},
    {"tcp://localhost:22", true, "tcp://localhost:22"},
    {"tcp://example.com:22", true,
     "a host that is no IP address and not \"localhost\""},
    {"tcp://:0", true, "a port outside 1 to 65535"},
    {"tcp://:70000", true, "a port outside 1 to 65535"},
    {"tcp://:", true, "no port"},
    {"tcp://", true, "no port"},
    {"tcp://1.2.3.4", true, "no port"},
    {"tcp://:22/", true, "more than a host and a port"},
    {"tcp://u@:22", true, "more than a host and a port"},
    {"tcp://:22x", true, "a port outside 1 to 65535"},
    {"tcp://Example.com:22", false, "tcp://example.com:22"},
    {"tcp://:22", false, "no host"},
    {"tcp://*:22", false, "an invalid host"},
    {"tcp://[::1]:22", false, "tcp://[::1]:22"},
    {"tcp://[::1]", false, "no port"},
    {"tcp://[::1]x:22", false, "an invalid host"},
    {"unix:/run/app.sock", false, "unix:/run/app.sock"},
    {"unix:/run/app.sock", true, "a socket's path"},
    {"unix:app.sock", false, "no absolute path of 1 to 107 visible bytes"},
    {"unix:/a b", false, "no absolute path of 1 to 107 visible bytes"},
    {"unix:/" + std::string(107, 'x'), false,
     "no absolute path of 1 to 107 visible bytes"},
    {"connect://db.internal:5432", true, "connect://db.internal:5432"},
    {"connect://*.internal:*", true, "connect://*.internal:*"},
    {"connect://*:443", true, "connect://*:443"},
    {"connect://[::1]:443", true, "connect://[::1]:443"},
    {"connect://a:80", true, "connect://a:80"},
    {"connect://a", true, "no port"},
    {"connect://:80", true, "no host"},
    {"connect://a*:80", true, "an invalid host"},
    {"connect://a:80", false, "another scheme"},
    {"tls://db.Example.com:443", true, "tls://db.example.com:443"},
    {"tls://b\u00fccher.example:1", true, "tls://xn--bcher-kva.example:1"},
    {"TLS://*.example.com:443", true, "tls://*.example.com:443"},
    {"tls://*:443", true, "tls://*:443"},
    {"tls://a", true, "no port"},
    {"tls://:443", true, "no host"},
    {"tls://a:0", true, "a port outside 1 to 65535"},
    {"tls://a:443/", true, "more than a host and a port"},
    {"tls://10.0.0.1:443", true, "a host that is no name, \"*.name\" or \"*\""},
    {"tls://[::1]:443", true, "a host that is no name, \"*.name\" or \"*\""},
    {"tls://*.:443", true, "a host that is no name, \"*.name\" or \"*\""},
    {"tls://a:443", false, "another scheme"},
  };
  for (const auto& row : rows) {
    CAF_MESSAGE(row.text);
    CAF_CHECK(is_stream_url(row.text));
    CAF_CHECK_EQUAL(read(row), row.expected);
  }
  for (const auto* other : {"http://a", "h2c://a", "tcp:/a", "", "unix"})
    CAF_CHECK(!is_stream_url(other));
}

CAF_TEST(a CONNECT is for a mapping by its host and port) {
  struct question {
    std::string from;
    std::string host;
    uint16_t port;
    bool taken;
  };
  const std::vector<question> rows{
    {"connect://a.b:443", "a.b", 443, true},
    {"connect://a.b:443", "A.B.", 443, true},
    {"connect://a.b:443", "a.b", 444, false},
    {"connect://a.b:443", "x.a.b", 443, false},
    {"connect://a.b:*", "a.b", 1, true},
    {"connect://*.b:443", "a.b", 443, true},
    {"connect://*.b:443", "x.a.b", 443, true},
    {"connect://*.b:443", "b", 443, false},
    {"connect://*.b:443", "ab", 443, false},
    {"connect://*:443", "whatever", 443, true},
    {"connect://*:443", "whatever", 80, false},
    {"connect://[::1]:443", "0::1", 443, true},
    {"tcp://:443", "a.b", 443, false},
  };
  for (const auto& row : rows) {
    CAF_MESSAGE(row.from << " " << row.host << " " << row.port);
    std::string error;
    const auto from = parse_stream_url(row.from, true, error);
    CAF_REQUIRE(from);
    CAF_CHECK_EQUAL(takes_connect(*from, row.host, row.port), row.taken);
  }
}
