#define CAF_SUITE tools.http_proxy

#include "tools/agent/http_proxy.hpp"

#include "config/host.hpp"
#include "config/syntax/base64.hpp"
#include "tests/support/test.hpp"

using namespace aps;

namespace {

std::string read(std::string_view text) {
  std::string error;
  const auto found = parse_http_proxy(text, error);
  if (!found)
    return "! " + error;
  auto out = config::authority(found->host, found->port);
  if (found->authorization.starts_with("Basic "))
    out += " " + config::from_base64(found->authorization.substr(6)).value();
  return out;
}

bool excepted(std::string_view list, std::string_view host,
              uint16_t port = 443) {
  return proxy_exceptions{list}.contain(host, port);
}

} // namespace

CAF_TEST(proxies are read as people write them) {
  const std::pair<std::string_view, std::string_view> table[] = {
    {"http://proxy.test:3128", "proxy.test:3128"},
    {"http://proxy.test:3128/", "proxy.test:3128"},
    {"HTTP://Proxy.Test", "proxy.test:80"},
    {"proxy.test:8080", "proxy.test:8080"},
    {"proxy", "proxy:80"},
    {"10.0.0.1:3128", "10.0.0.1:3128"},
    {"http://[2001:db8::1]:3128", "[2001:db8::1]:3128"},
    {"http://alice:secret@proxy:3128", "proxy:3128 alice:secret"},
    {"alice:secret@proxy:3128", "proxy:3128 alice:secret"},
    {"http://alice@proxy", "proxy:80 alice:"},
    {"http://alice:@proxy", "proxy:80 alice:"},
    {"http://a%40b:p%3A%2F@proxy", "proxy:80 a@b:p:/"},
    {"http://alice:p@ss@proxy", "proxy:80 alice:p@ss"},
    {"http://alice:a:b@proxy", "proxy:80 alice:a:b"},
    {"alice:a://b@proxy", "proxy:80 alice:a://b"},
    {"http://alice:%C3%A4@proxy", "proxy:80 alice:\xc3\xa4"},
  };
  for (const auto& [text, wanted] : table)
    CAF_CHECK_EQUAL(read(text), wanted);
}

CAF_TEST(logins are Basic with its padding) {
  std::string error;
  const auto field = [&](std::string_view text) {
    return parse_http_proxy(text, error).value().authorization;
  };
  CAF_CHECK_EQUAL(field("http://a:b@proxy"), "Basic YTpi");
  CAF_CHECK_EQUAL(field("http://a:bc@proxy"), "Basic YTpiYw==");
  CAF_CHECK_EQUAL(field("http://a:bcd@proxy"), "Basic YTpiY2Q=");
}

CAF_TEST(what is no proxy is told without what may be secret) {
  for (const std::string_view text : {"",
                                      "http://",
                                      "http://proxy:0",
                                      "http://proxy:99999",
                                      "http://:3128",
                                      "http://proxy:x",
                                      "http://proxy/path",
                                      "http://proxy?query",
                                      "https://proxy:3128",
                                      "socks5://proxy:1080",
                                      "http://pro xy",
                                      "http://proxy:3128:1",
                                      "http://[::1",
                                      "http://secret@@",
                                      "http://:secret@proxy",
                                      "http://alice:secret%@proxy",
                                      "http://alice:secret%0@proxy",
                                      "http://alice:secret%0d%0a@proxy",
                                      "http://a%3Ab:secret@proxy",
                                      "http://alice:secret@",
                                      "http://alice:secret@pro/xy",
                                      "http://pro\nxy"}) {
    const auto found = read(text);
    CAF_MESSAGE("\"" << text << "\"" << found);
    CAF_CHECK(found.starts_with("! "));
    CAF_CHECK_EQUAL(found.find("secret"), found.npos);
  }
}

CAF_TEST(exceptions are what NO_PROXY means elsewhere) {
  struct row {
    std::string_view list;
    std::string_view host;
    bool wanted;
    uint16_t port = 443;
  };
  const row table[] = {
    {"", "node.test", false},
    {"*", "node.test", true},
    {"node.test", "node.test", true},
    {"node.test", "NODE.test.", true},
    {"node.test", "a.node.test", true},
    {"node.test", "anode.test", false},
    {".node.test", "a.node.test", true},
    {".node.test", "node.test", true},
    {"*.node.test", "a.node.test", true},
    {"other.test , node.test", "node.test", true},
    {"other.test,,", "node.test", false},
    {"other.test node.test", "node.test", true},
    {"node.test:8443", "node.test", false},
    {"node.test:8443", "node.test", true, 8443},
    {"10.0.0.0/8", "10.1.2.3", true},
    {"10.0.0.0/8", "11.1.2.3", false},
    {"10.0.0.1", "10.0.0.1", true},
    {"10.0.0.1", "10.0.0.2", false},
    {"10.0.0.1:80", "10.0.0.1", false},
    {"2001:db8::/32", "2001:db8::1", true},
    {"2001:db8::1", "2001:DB8:0::1", true},
    {"[2001:db8::1]:443", "2001:db8::1", true},
    {"10.0.0.0/8", "node.test", false},
    {"://,node.test", "node.test", true},
    {"", "localhost", true},
    {"", "127.0.0.1", true},
    {"", "::1", true},
  };
  for (const auto& row : table) {
    CAF_MESSAGE(row.list << " for " << row.host << ":" << row.port);
    CAF_CHECK_EQUAL(excepted(row.list, row.host, row.port), row.wanted);
  }
}
