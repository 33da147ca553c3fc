#define CAF_SUITE origin_connector

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

#include "transports/origin/origin_connector.hpp"

#include <boost/asio/ssl.hpp>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <mutex>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// The outcome word and status that a GET through `node` gets.
std::pair<unsigned, std::string> try_get(proxy& node,
                                         const std::string& request
                                         = get("/")) {
  auto visitor = node.dial();
  visitor.send(request);
  const auto answer = visitor.read_response();
  return {answer.head.status, answer["aps-outcome"]};
}

using result = std::pair<unsigned, std::string>;

/// Limits short enough to be waited for.
origin_options impatient() {
  origin_options options;
  options.connect_timeout = 300ms;
  options.read_timeout = 300ms;
  options.send_timeout = 300ms;
  options.min_rate = 1000;
  return options;
}

struct certificate {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  X509* cert = X509_new();

  /// Self-signed, for `name` (e.g. "IP:127.0.0.1").
  explicit certificate(const char* name) {
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    auto* subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(
      subject, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>("aps test"), -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                      name);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(cert, key, EVP_sha256());
  }
  ~certificate() {
    X509_free(cert);
    EVP_PKEY_free(key);
  }
};

/// A PEM file that goes with the object.
struct pem_file {
  std::string path = (std::filesystem::temp_directory_path()
                      / ("aps-test-" + std::to_string(::getpid()) + ".pem"))
                       .string();
  explicit pem_file(const certificate& what) {
    auto* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, what.cert);
    std::fclose(file);
  }
  ~pem_file() { std::filesystem::remove(path); }
};

/// Answers every request on a TLS connection with `answer`.
tcp_server::handler tls_answering(const certificate& identity,
                                  std::string answer) {
  auto context = std::make_shared<asio::ssl::context>(
    asio::ssl::context::tls_server);
  SSL_CTX_use_certificate(context->native_handle(), identity.cert);
  SSL_CTX_use_PrivateKey(context->native_handle(), identity.key);
  return [context, answer = std::move(answer)](wire& to) {
    auto* ssl = SSL_new(context->native_handle());
    SSL_set_fd(ssl, to.fd());
    char request[65536];
    if (SSL_accept(ssl) == 1)
      while (SSL_read(ssl, request, sizeof request) > 0)
        SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
    SSL_free(ssl);
  };
}

message tls_get(uint16_t port, const origin_options& options) {
  proxy node{port, {}, options, "https"};
  auto visitor = node.dial();
  visitor.send(get("/"));
  return visitor.read_response();
}

} // namespace

CAF_TEST(an origin that refuses is told apart) {
  uint16_t port = 0;
  {
    tcp_server gone{[](wire&) {}};
    port = gone.port();
  }
  proxy node{port};
  CAF_CHECK_EQUAL(try_get(node), (result{502, "origin-refused"}));
}

CAF_TEST(an origin that is not let in is not connected to) {
  std::atomic<int> connections{0};
  tcp_server origin{[&](wire& to) {
    ++connections;
    to.ends();
  }};
  std::mutex mutex;
  std::vector<std::string> asked, told;
  const auto text = [](const origin_destination& to) {
    return std::string(to.host) + " " + std::string(to.ip) + " "
           + std::to_string(to.port);
  };
  origin_options options;
  options.admits = [&](const origin_destination& to) {
    const std::lock_guard guard{mutex};
    asked.push_back(text(to));
    return false;
  };
  options.on_forbidden = [&](const origin_destination& to) {
    const std::lock_guard guard{mutex};
    told.push_back(text(to));
  };
  proxy node{origin.port(), {}, options};
  CAF_CHECK_EQUAL(try_get(node), (result{403, "target-forbidden"}));
  CAF_CHECK_EQUAL(try_get(node), (result{403, "target-forbidden"}));
  const auto there = "127.0.0.1 127.0.0.1 " + std::to_string(origin.port());
  CAF_CHECK_EQUAL(asked, (std::vector{there, there}));
  CAF_CHECK_EQUAL(told, asked);
  CAF_CHECK_EQUAL(connections.load(), 0);
}

CAF_TEST(the addresses of a name that are let in are connected to) {
  tcp_server origin{keep_answering([](const message&) { return ok("here"); })};
  io_unit unit{0};
  unit.start();
  std::mutex mutex;
  std::vector<std::string> asked;
  const auto reach = [&](const std::string& allowed) {
    origin_options options;
    options.admits = [&, allowed](const origin_destination& to) {
      const std::lock_guard guard{mutex};
      asked.emplace_back(to.ip);
      return to.host == "localhost" && to.ip == allowed;
    };
    std::promise<outcome> done;
    unit.post([&] {
      connect_to_origin(unit, std::make_shared<const origin_settings>(options),
                        {"http", "localhost", std::to_string(origin.port())},
                        origin_protocol::http1, [&](connect_result result) {
                          done.set_value(result.error);
                        });
    });
    return done.get_future().get();
  };
  CAF_CHECK(reach("127.0.0.1") == outcome::ok);
  CAF_CHECK_EQUAL(asked, (std::vector<std::string>{"127.0.0.1", "::1"}));
  CAF_CHECK(reach("::1") == outcome::origin_refused);
  CAF_CHECK(reach("192.0.2.1") == outcome::target_forbidden);
  unit.stop();
}

CAF_TEST(an origin that never shakes hands ends in time) {
  tcp_server origin{[](wire& to) { to.ends(); }};
  proxy node{origin.port(), {}, impatient(), "https"};
  auto visitor = node.dial();
  visitor.send(get("/"));
  const auto answer = visitor.read_response();
  CAF_CHECK_EQUAL(answer.head.status, 504u);
  CAF_CHECK_EQUAL(answer["aps-outcome"], "origin-timeout");
}

CAF_TEST(an https origin is verified against the given certificates) {
  const certificate identity{"IP:127.0.0.1"};
  const pem_file file{identity};
  const std::string body(200'000, 'x');
  tcp_server origin{tls_answering(identity, ok(body))};
  origin_options options;
  options.ca_file = file.path;
  CAF_CHECK(tls_get(origin.port(), options).body == body);
}

CAF_TEST(an unknown certificate is refused with its reason) {
  const certificate identity{"IP:127.0.0.1"};
  tcp_server origin{tls_answering(identity, ok("x"))};
  const auto answer = tls_get(origin.port(), {});
  CAF_CHECK_EQUAL(answer.head.status, 502u);
  CAF_CHECK_EQUAL(answer["aps-outcome"], "origin-tls");
  CAF_CHECK(answer.body.find("self-signed") != std::string::npos);
}

CAF_TEST(a certificate for another name is refused) {
  const certificate identity{"DNS:example.org"};
  const pem_file file{identity};
  tcp_server origin{tls_answering(identity, ok("x"))};
  origin_options options;
  options.ca_file = file.path;
  CAF_CHECK_EQUAL(tls_get(origin.port(), options)["aps-outcome"],
                  "origin-tls");
}

CAF_TEST(verification can be switched off) {
  const certificate identity{"DNS:example.org"};
  tcp_server origin{tls_answering(identity, ok("x"))};
  origin_options options;
  options.insecure = true;
  CAF_CHECK_EQUAL(tls_get(origin.port(), options).body, "x");
}

CAF_TEST(an authority is a host and perhaps a port) {
  struct {
    std::string scheme;
    std::string authority;
    std::string host; ///< empty = malformed
    std::string port;
  } const rows[] = {
    {"http", "a", "a", "80"},
    {"https", "a", "a", "443"},
    {"http", "a:8080", "a", "8080"},
    {"http", "[::1]", "::1", "80"},
    {"http", "[::1]:1", "::1", "1"},
    {"http", "", "", ""},
    {"http", ":80", "", ""},
    {"http", "[::1", "", ""},
    {"http", "[::1]x", "", ""},
    {"http", "a:", "a", "80"},
    {"http", "a:x", "", ""},
    {"http", "a:65535", "a", "65535"},
    {"http", "a:4294967376", "", ""}, // 80 in 32 bits
  };
  for (const auto& row : rows) {
    origin_address to;
    const auto good = parse_authority(row.scheme, row.authority, to);
    CAF_MESSAGE(row.authority);
    CAF_CHECK_EQUAL(good, !row.host.empty());
    if (!good || row.host.empty())
      continue;
    CAF_CHECK_EQUAL(to.scheme, row.scheme);
    CAF_CHECK_EQUAL(to.host, row.host);
    CAF_CHECK_EQUAL(to.port, row.port);
  }
  CAF_CHECK_EQUAL((origin_address{"http", "a", "80"}.str()), "a:80");
  CAF_CHECK_EQUAL((origin_address{"http", "::1", "80"}.str()), "[::1]:80");
}
