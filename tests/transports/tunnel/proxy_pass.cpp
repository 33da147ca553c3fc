#define CAF_SUITE proxy_pass

#include "transports/tunnel/proxy_pass.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

const http_proxy plain{"proxy.test", 3128, {}};

// What is said once an answer ends, and how many bytes were left behind it.
std::string told(std::string_view answer) {
  proxy_talk uut{plain, "node.test:443"};
  for (size_t i = 0; i < answer.size(); ++i)
    if (const auto found = uut.on_byte(answer[i]))
      return (found->why.empty() ? "open" : found->why) + " "
             + std::to_string(answer.size() - i - 1)
             + (found->rest > duration::zero() ? " rests" : "");
  return "more";
}

} // namespace

CAF_TEST(a proxy is asked for host and port) {
  CAF_CHECK_EQUAL(proxy_talk(plain, "node.test:443").request(),
                  "CONNECT node.test:443 HTTP/1.1\r\n"
                  "Host: node.test:443\r\n\r\n");
  CAF_CHECK_EQUAL(
    proxy_talk({"proxy.test", 3128, "Basic YTpi"}, "[::1]:80").request(),
    "CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n"
    "Proxy-Authorization: Basic YTpi\r\n\r\n");
}

CAF_TEST(answers are understood and nothing behind them is taken) {
  const std::string proxy = "the proxy proxy.test:3128 ";
  const std::pair<std::string, std::string> table[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", "open 0"},
    {"HTTP/1.0 200 Connection established\r\nA: b\r\n\r\nSSH-2.0", "open 7"},
    {"HTTP/1.1 204 No Content\r\n\r\n", "open 0"},
    {"HTTP/1.1 200\n\nab", "open 2"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "open 0"},
    {"HTTP/1.1 200 OK\r\n", "more"},
    {"HT", "more"},
    {"", "more"},
    {"HTTP/1.1 403 Forbidden\r\n\r\nno",
     proxy + "answered 403 Forbidden 2 rests"},
    {"HTTP/1.1 407 X\r\n\r\n",
     proxy
       + "answered 407 X: it asks for a user and a password, or for "
         "others 0 rests"},
    {"HTTP/1.1 502 Bad Gateway\r\nA: b\n\r\n",
     proxy + "answered 502 Bad Gateway 0"},
    {"HTTP/1.1 302 Found\r\n\r\n", proxy + "answered 302 Found 0"},
    {"HTTP/1.1 5\x1b[3\r\n\r\n", proxy + "answered 5\\x1b[3 0"},
    {"HTTP/1.1\r\n\r\n", proxy + "answered without a status 0"},
    {"HTTP/2", proxy + "speaks no HTTP/1.1 0"},
    {"SSH-2.0", proxy + "speaks no HTTP/1.1 6"},
  };
  for (const auto& [answer, wanted] : table)
    CAF_CHECK_EQUAL(told(answer), wanted);
  CAF_CHECK(told("HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'b'))
              .starts_with(proxy + "has no end of its answer"));
}
