#define CAF_SUITE client_hello

#include "tests/support/test.hpp"

#include "transports/net/tls/client_hello.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <random>
#include <vector>

using namespace aps;

namespace {

using kind = client_hello::kind;

struct flavour {
  const char* name;
  int lowest;
  int highest;
  const char* server_name; ///< null = none
  const char* alpn;        ///< as the wire has it
  bool padded;
};

/// The first flight of OpenSSL's client.
std::string hello_of(const flavour& asked) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{
    SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  SSL_CTX_set_min_proto_version(context.get(), asked.lowest);
  SSL_CTX_set_max_proto_version(context.get(), asked.highest);
  if (asked.padded)
    SSL_CTX_set_options(context.get(), SSL_OP_TLSEXT_PADDING);
  const std::unique_ptr<SSL, decltype(&SSL_free)> client{SSL_new(context.get()),
                                                         &SSL_free};
  if (asked.server_name)
    SSL_set_tlsext_host_name(client.get(), asked.server_name);
  const std::string alpn = asked.alpn;
  if (!alpn.empty())
    SSL_set_alpn_protos(client.get(),
                        reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  auto* in = BIO_new(BIO_s_mem());
  auto* out = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), in, out);
  SSL_connect(client.get());
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(out, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

const std::string& usual() {
  static const auto made = hello_of(
    {"", TLS1_2_VERSION, TLS1_3_VERSION, "db.example.com", "\x02h2", false});
  return made;
}

std::string number(size_t value, size_t size) {
  std::string out;
  for (; size > 0; --size)
    out += static_cast<char>(value >> (8 * (size - 1)));
  return out;
}

std::string vector_of(size_t size, const std::string& bytes) {
  return number(bytes.size(), size) + bytes;
}

std::string extension(size_t type, const std::string& content) {
  return number(type, 2) + vector_of(2, content);
}

std::string name_entry(const std::string& name, char type = 0) {
  return std::string(1, type) + vector_of(2, name);
}

std::string server_name(const std::string& name) {
  return extension(0, vector_of(2, name_entry(name)));
}

/// A message, not yet in records.
std::string message(const std::string& extensions, bool with = true,
                    const std::string& session = {}) {
  auto body = "\x03\x03" + std::string(32, 'r') + vector_of(1, session)
              + vector_of(2, "\x13\x01") + vector_of(1, std::string(1, '\0'));
  if (with)
    body += vector_of(2, extensions);
  return '\x01' + number(body.size(), 3) + body;
}

std::string in_records(const std::string& bytes, size_t size = 16384) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += size)
    out += "\x16\x03\x01" + vector_of(2, bytes.substr(i, size));
  return out;
}

std::string told(const client_hello& hello) {
  return hello.is == kind::partial ? "partial"
         : hello.is == kind::none  ? "none"
                                   : "whole " + hello.name;
}

std::string read(const std::string& bytes) {
  return told(read_client_hello(bytes));
}

} // namespace

CAF_TEST(hellos of a real client are read) {
  const flavour rows[]{
    {"both versions", TLS1_2_VERSION, TLS1_3_VERSION, "a.example", "", false},
    {"the old one", TLS1_2_VERSION, TLS1_2_VERSION, "a.example", "", false},
    {"the new one", TLS1_3_VERSION, TLS1_3_VERSION, "a.example", "", false},
    {"protocols", TLS1_2_VERSION, TLS1_3_VERSION, "a.example",
     "\x02h2\x08http/1.1", false},
    {"padding", TLS1_2_VERSION, TLS1_3_VERSION, "a.example", "\x02h2", true},
  };
  for (const auto& row : rows) {
    CAF_MESSAGE(row.name);
    CAF_CHECK_EQUAL(read(hello_of(row)), "whole a.example");
  }
  CAF_CHECK_EQUAL(
    read(hello_of({"", TLS1_2_VERSION, TLS1_3_VERSION, nullptr, "", false})),
    "whole ");
  CAF_CHECK_EQUAL(read(hello_of({"", TLS1_2_VERSION, TLS1_3_VERSION,
                                 "DB.Example.Com", "", false})),
                  "whole db.example.com");
  // More may follow in the same read, such as early data.
  const std::string changed{"\x14\x03\x03\0\x01\x01", 6};
  CAF_CHECK_EQUAL(read(usual() + changed + "\x17\x03\x03"),
                  "whole db.example.com");
  CAF_CHECK_EQUAL(read(usual()), "whole db.example.com");
}

CAF_TEST(each beginning wants more and not too much) {
  for (const size_t record : {size_t{16384}, size_t{100}, size_t{7}}) {
    const auto all = in_records(usual().substr(5), record);
    CAF_CHECK_EQUAL(read(all), "whole db.example.com");
    size_t looks = 0;
    for (size_t size = 0; size < all.size(); ++size) {
      const auto hello = read_client_hello({all.data(), size});
      CAF_REQUIRE(hello.is == kind::partial);
      CAF_REQUIRE(hello.wanted > size && hello.wanted <= all.size());
    }
    for (size_t size = 0; size < all.size(); ++looks)
      size = read_client_hello({all.data(), size}).wanted;
    CAF_CHECK(looks <= 3 * (all.size() / record + 2));
  }
}

CAF_TEST(names of hosts count and others are none) {
  const auto with
    = [](const std::string& more) { return in_records(message(more)); };
  const std::string grease = extension(0x0a0a, "") + extension(0x1a1a, "x");
  const std::string ech = extension(0xfe0d, std::string(200, 'e'));
  const struct {
    const char* name;
    std::string bytes;
    std::string wanted;
  } rows[]{
    {"alone", with(server_name("a.b")), "whole a.b"},
    {"with GREASE around", with(grease + server_name("a.b") + grease),
     "whole a.b"},
    {"the outer one of ECH", with(ech + server_name("public.example")),
     "whole public.example"},
    {"with a dot behind", with(server_name("a.b.")), "whole a.b"},
    {"none", with(grease), "whole "},
    {"no extensions at all", in_records(message("", false)), "whole "},
    {"an empty list of them", with(""), "whole "},
    {"a session",
     in_records(message(server_name("a.b"), true, std::string(32, 's'))),
     "whole a.b"},
    {"too long a session",
     in_records(message(server_name("a.b"), true, std::string(33, 's'))),
     "none"},
    {"an address", with(server_name("10.0.0.1")), "whole "},
    {"one of IPv6", with(server_name("::1")), "whole "},
    {"bytes that are none", with(server_name(std::string("a\0b", 3))),
     "whole "},
    {"too long", with(server_name(std::string(300, 'a'))), "whole "},
    {"an empty one", with(server_name("")), "none"},
    {"no list", with(extension(0, "")), "none"},
    {"two names",
     with(extension(0, vector_of(2, name_entry("a.b") + name_entry("c.d")))),
     "none"},
    {"another kind of name",
     with(extension(0, vector_of(2, name_entry("a.b", 1)))), "none"},
    {"something behind it",
     with(extension(0, vector_of(2, name_entry("a.b")) + "x")), "none"},
    {"the extension twice", with(server_name("a.b") + server_name("a.b")),
     "none"},
    {"the extension cut", with(server_name("a.b").substr(0, 9)), "none"},
  };
  for (const auto& row : rows) {
    CAF_MESSAGE(row.name);
    CAF_CHECK_EQUAL(read(row.bytes), row.wanted);
  }
}

CAF_TEST(what is no TLS is told at once) {
  const std::string rows[]{
    "GET / HTTP/1.1\r\n",
    "SSH-2.0-x",
    std::string("\0", 1),
    "\x16\x02",
    "\x15\x03\x01",
    std::string("\x16\x03\x01\0\0", 5),       // an empty record
    "\x16\x03\x01\x40\x01",                   // a longer one than there may be
    std::string("\x16\x03\x01\0\x04\x02", 6), // a ServerHello
    std::string("\x16\x03\x01\x10\0\x01\0\x40\x01", 9), // too long a message
    std::string("\x80\x2e\x01\x03\x01", 5),             // SSL 2
  };
  for (const auto& row : rows)
    CAF_CHECK_EQUAL(read(row), "none");
  CAF_CHECK_EQUAL(read(""), "partial");
  CAF_CHECK_EQUAL(read("\x16"), "partial");
  CAF_CHECK_EQUAL(read("\x16\x03\x01\x40"), "partial");
  CAF_CHECK_EQUAL(read(std::string("\x16\x03\x01\x40\0", 5)), "partial");
  // One whose records outgrow what is looked at.
  const auto dripped = in_records(
    message(server_name("a.b") + extension(21, std::string(9000, 0))), 4);
  CAF_CHECK(dripped.size() > max_client_hello);
  CAF_CHECK_EQUAL(read(dripped.substr(0, max_client_hello)), "none");
}

CAF_TEST(no bytes break it) {
  std::minstd_rand random{7};
  for (int i = 0; i < 20000; ++i) {
    auto bytes = in_records(usual().substr(5), 1 + random() % 300);
    for (auto changes = 1 + random() % 4; changes > 0; --changes)
      bytes[random() % std::min<size_t>(bytes.size(), 120)]
        = static_cast<char>(random());
    const auto size = random() % (bytes.size() + 1);
    const auto hello = read_client_hello({bytes.data(), size});
    CAF_REQUIRE(hello.is != kind::partial
                || (hello.wanted > size && hello.wanted <= max_client_hello));
  }
}

CAF_TEST(alerts are records) {
  CAF_CHECK_EQUAL(alert_record(tls_alert::unrecognized_name),
                  std::string("\x15\x03\x03\0\x02\x02\x70", 7));
  CAF_CHECK_EQUAL(alert_record(tls_alert::access_denied),
                  std::string("\x15\x03\x03\0\x02\x02\x31", 7));
}
