#define CAF_SUITE config.show

#include "tests/support/test.hpp"

#include "config/show.hpp"
#include "tests/config/good.hpp"

#include <sstream>

using namespace aps::config;

namespace {

// Masked secrets stand on both sides.
node without_secrets(node what) {
  for (auto& [name, tunnel] : what.tunnels)
    tunnel.password = "***";
  if (what.admin && !what.admin->token.empty())
    what.admin->token = "***";
  return what;
}

} // namespace

CAF_TEST(what is shown is read as the same configuration) {
  const std::string odd = R"({
    "http": {"max_headers": 7, "write_timeout": 1.5},
    "trusted_proxies": ["10.0.0.0/8"],
    "servers": {"a": {"port": 1, "host": "127.0.0.1"},
                "b": {"port": 2, "trusted_proxies": ["::1"],
                      "http": {"idle_timeout": 3}},
                "c": {"port": 4, "agents": false},
                "f": {"port": 8, "agent_origins": ["https://*.x.test"],
                      "proxy_protocol": true},
                "d": {"port": 5, "tls": {
                  "cert": "c", "key": "k", "min_version": "1.3",
                  "certificates": [{"cert": "d", "key": "l"}],
                  "client_ca": "ca"}},
                "e": {"port": 6, "tls": {"cert": "c", "key": "k"}}},
    "tunnels": {
      "t": {"servers": ["b"], "password": "one", "exchange_window": 65536,
            "max_endpoints": 7,
            "reconnect_grace": 2, "resume_time": 5,
            "websocket_pool": {"pool_size": 2, "fallback_threshold": 9,
                               "fallback_enabled": false, "growth_cooldown": 1},
            "grpc_pool": {"max_waiting": 3}, "poll_pool": {"enabled": false},
            "fallback": {"hold_down": 4, "good_probes": 2}},
      "off": {"password": "two", "enabled": false}},
    "mappings": [
      {"from": "http://x.test/a", "to": "https://y.test:8443/b",
       "via": {"tunnels": "t", "endpoints": "e", "balance": "sticky",
               "sticky_by": "cookie:who"},
       "health": {"path": "/up?x", "interval": 0.5, "timeout": 7,
                  "expect": [204, "4xx"], "fall": 1, "rise": 9}},
      {"from": "https://[::1]:9", "to": "http://z.test",
       "allow_encoded_slash": true, "origins": "same",
       "proxy_protocol": "v2"},
      {"from": "https://w.test", "to": "http://z.test",
       "origins": ["https://a.test", "http://[::1]:8"]}],
    "admin": {"port": 3, "token": "a-secret-of-the-admin",
              "actor_metrics": true, "keep_exchanges": 5,
              "grpc": {"host": "0.0.0.0", "port": 7, "tls": {
                "cert": "c", "key": "k", "client_ca": "ca"}}},
    "log": {"level": "debug", "format": "json", "requests": true,
            "components": {"pool": "error"}},
    "io": {"threads": 3},
    "limits": {"max_connections": 9, "address_share": 100,
               "trusted": ["10.0.0.0/8", "::1"]},
    "dns": {"servers": ["127.0.0.1", "[::1]:5353"]},
    "targets": {"connect_timeout": 1, "read_timeout": 0, "min_rate": 0}})";
  const auto all = good(odd);
  CAF_REQUIRE_EQUAL(all.tunnels.size(), 2u);
  const auto text = show(all).dump();
  CAF_CHECK(good(text) == without_secrets(all));
  for (const auto* secret : {"one", "two", "a-secret-of-the-admin"})
    CAF_CHECK_EQUAL(text.find('"' + std::string(secret) + '"'),
                    std::string::npos);
  // And what it leaves out is not there either: no admin, no token.
  const auto small = good(R"({"servers": {"main": 8080}})");
  CAF_CHECK(good(show(small).dump()) == small);
}
