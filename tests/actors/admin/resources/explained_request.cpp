#define CAF_SUITE explained_request

#include "actors/admin/resources/explained_request.hpp"

#include "tests/actors/admin/asking.hpp"
#include "tests/support/test.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using namespace aps::admin;
using namespace aps::test;

namespace {

config::server plain(uint16_t port) {
  config::server out;
  out.port = port;
  return out;
}

config::server secure(uint16_t port, std::string client_ca = {}) {
  auto out = plain(port);
  out.tls.emplace().client_ca = std::move(client_ca);
  return out;
}

struct fixture {
  fixture() { config.auth.users["alice"].password = "right"; }

  /// The server that would be asked, "(any)" where several could be meant, or
  /// "parameter: what is wrong".
  std::string read(const std::string& query) {
    access.use(config);
    auto asked = desk.ask("/.api/explain?url=" + query);
    result = read_explained_request(asked.from, config, access);
    if (result)
      asked.from.answer(200, nlohmann::json::object());
    desk.run();
    if (result)
      return result->access.server.empty() ? "(any)" : result->access.server;
    const auto told = asked.answer();
    CAF_CHECK_EQUAL(told.status, 400u);
    const auto body = nlohmann::json::parse(told.body);
    return body.at("field").get<std::string>() + ": "
           + body.at("error").get<std::string>();
  }

  config::node config;
  visitor_access access;
  operator_desk desk;
  std::optional<explained_request> result;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(explained_request_tests, fixture)

CAF_TEST(a_server_is_meant_by_its_port_or_else_by_its_scheme) {
  CAF_CHECK_EQUAL(read("http://a/"), "(any)"); // there is none
  config.servers["main"] = plain(8080);
  CAF_CHECK_EQUAL(read("http://a/"), "main");
  CAF_CHECK_EQUAL(read("https://a/"), "main");
  config.servers["tls"] = secure(8443);
  CAF_CHECK_EQUAL(read("http://a/"), "main");
  CAF_CHECK_EQUAL(read("https://a/"), "tls");
  CAF_CHECK_EQUAL(read("https://a:8080/"), "main");
  CAF_CHECK_EQUAL(read("http://a/&server=tls"), "tls");
  CAF_CHECK_EQUAL(read("http://a/&server=x"),
                  "server: no server has that name");
}

CAF_TEST(which_server_is_meant_counts_where_they_differ) {
  config.servers["main"] = plain(8080);
  config.servers["other"] = plain(8081);
  config.servers["tls"] = secure(8443);
  config.servers["tls"].access.allow = {"10.0.0.0/8"};
  CAF_CHECK_EQUAL(read("http://a/"), "(any)");
  const auto unclear = "server: several servers could be meant: main, other";
  auto& other = config.servers["other"];
  other.access.require.emplace();
  CAF_CHECK_EQUAL(read("http://a/"), unclear);
  CAF_CHECK_EQUAL(read("http://a:8081/"), "other");
  CAF_CHECK_EQUAL(read("http://a/&server=other"), "other");
  other.access = {};
  other.http.max_body_bytes = 10;
  CAF_CHECK_EQUAL(read("http://a/&body_bytes=10"), "(any)");
  CAF_CHECK_EQUAL(read("http://a/&body_bytes=11"), unclear);
  config.servers["main"].http.max_body_bytes = 9;
  CAF_CHECK_EQUAL(read("http://a/&body_bytes=11"), "(any)");
  CAF_CHECK(result->too_large);
}

CAF_TEST(a_certificate_counts_where_one_is_asked_for) {
  config.servers["main"] = plain(8080);
  const std::string carol = "&certificate=carol";
  CAF_CHECK_EQUAL(read("http://a/" + carol),
                  "certificate: a visitor shows a certificate over https "
                  "alone");
  CAF_CHECK_EQUAL(read("https://a/" + carol),
                  "certificate: server main asks for none: it has no "
                  "tls.client_ca");
  config.servers["tls"] = secure(8443);
  config.servers["tls2"] = secure(8444);
  CAF_CHECK_EQUAL(read("https://a/" + carol),
                  "certificate: servers tls, tls2 ask for none: they have no "
                  "tls.client_ca");
  config.servers["tls2"] = secure(8444, "ca.pem");
  CAF_CHECK_EQUAL(read("https://a/" + carol),
                  "server: several servers could be meant: tls, tls2");
  CAF_CHECK_EQUAL(read("https://a:8444/" + carol), "tls2");
  CAF_CHECK_EQUAL(result->access.certificate, "carol");
  CAF_CHECK_EQUAL(read("https://a:8444/&user=alice" + carol),
                  "user: a request is asked by user or with a certificate");
}

CAF_TEST(a_stream_is_told_by_the_port_that_it_comes_to) {
  config.servers["main"] = plain(8080);
  config.servers["tls"] = secure(8443);
  const auto add = [this](std::string scheme, std::string host, uint16_t port) {
    auto& rule = config.mappings.emplace_back();
    rule.from = {std::move(scheme), std::move(host), port};
  };
  add("tcp", "127.0.0.1", 22);
  add("tcp", "", 23);
  add("udp", "", 53);
  CAF_CHECK_EQUAL(read("tcp://:22"), "tcp://127.0.0.1:22");
  CAF_CHECK_EQUAL(result->target.host, "127.0.0.1");
  CAF_CHECK_EQUAL(result->target.path, "");
  CAF_CHECK_EQUAL(result->method, "TCP");
  CAF_CHECK_EQUAL(read("tcp://node.example.com:22"), "tcp://127.0.0.1:22");
  CAF_CHECK_EQUAL(read("tcp://10.0.0.1:22"), "tcp://:22"); // nobody is there
  CAF_CHECK_EQUAL(read("TCP://10.0.0.1:23&from=10.1.1.1"), "tcp://:23");
  CAF_CHECK_EQUAL(result->access.address, "10.1.1.1");
  CAF_CHECK_EQUAL(read("udp://:53"), "udp://:53");
  CAF_CHECK_EQUAL(read("tls://A.example.:8443"), "tls");
  CAF_CHECK_EQUAL(result->target.host, "a.example");
  CAF_CHECK_EQUAL(result->https_server, "tls");
  read("tls://b\u00fccher.example:8443");
  CAF_CHECK_EQUAL(result->target.host, "xn--bcher-kva.example");
  CAF_CHECK_EQUAL(read("tls://:444"), "tls://*:444");
  CAF_CHECK_EQUAL(result->https_server, "");
  CAF_CHECK_EQUAL(read("connect://db:5432"), "(any)"); // both would do the same
  CAF_CHECK_EQUAL(result->method, "CONNECT");
  CAF_CHECK_EQUAL(read("connect://db:5432&server=main&user=alice"), "main");
  for (const auto* wrong :
       {"tcp://a", "tls://a", "connect://a", "connect://:1", "tcp://:0",
        "tls://a:1/x", "tcp://u@a:1", "tcp://:", "unix:/a"})
    CAF_CHECK(read(wrong).starts_with("url: "));
  CAF_CHECK_EQUAL(read("tcp://:22&header=A:%20b"), "header: a stream has none");
  CAF_CHECK_EQUAL(read("connect://a:1&body_bytes=1"),
                  "body_bytes: a stream has none");
  CAF_CHECK_EQUAL(read("tcp://:22&user=alice"),
                  "user: who connects to tcp:// does not say who it is");
  CAF_CHECK_EQUAL(read("tls://a:1&server=main"),
                  "server: a stream of tls:// is found by its port");
}

CAF_TEST(plain_servers_send_to_https) {
  config.servers["main"] = plain(8080);
  config.servers["main"].redirect_https = 443;
  read("http://a/");
  CAF_CHECK_EQUAL(result->redirect_https, 443u);
  read("https://a/");
  CAF_CHECK_EQUAL(result->redirect_https, 0u);
  config.servers["main"].tls.emplace();
  read("http://a/");
  CAF_CHECK_EQUAL(result->redirect_https, 0u);
}

CAF_TEST(what_no_visitor_sends_is_refused) {
  config.servers["main"] = plain(8080);
  const auto wrong = "method: method is one word, such as GET, HEAD or POST; "
                     "a CONNECT is asked as connect://HOST:PORT";
  for (const std::string method : {"CONNECT", "", "A%20B", "A%0a", "%e4", "A/"})
    CAF_CHECK_EQUAL(read("http://a/&method=" + method), wrong);
  CAF_CHECK_EQUAL(read("http://a/&method=M-SEARCH"), "main");
  CAF_CHECK_EQUAL(result->method, "M-SEARCH");
  CAF_CHECK_EQUAL(read("http://a/&origin="),
                  "origin: origin is that of a page, or left out");
  for (const std::string path : {"", "/", "?x", "/@"})
    CAF_CHECK_EQUAL(read("http://name:secret@a" + path),
                    "url: a URL has no user and password here; who asks stands "
                    "in user");
  CAF_CHECK_EQUAL(read("http://a/x@y"), "main");
  CAF_CHECK_EQUAL(read("http://a/&user=bob"),
                  "user: no user or token has that name");
  CAF_CHECK_EQUAL(read("http://a/&from=x"), "from: from is an IP address");
  CAF_CHECK_EQUAL(read("http://a/&body_bytes=x"),
                  "body_bytes: body_bytes is a whole number");
}

CAF_TEST_FIXTURE_SCOPE_END()
