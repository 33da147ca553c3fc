#define CAF_SUITE tls_stream

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include <openssl/ssl.h>

#include <array>
#include <random>

using namespace aps;
using namespace aps::test;
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// What an operation came to.
struct result {
  error_code error;
  size_t size = 0;
};

/// Two streams that know each other.
struct fixture : tls_fixture {
  fixture() {
    const auto made = make_certificate({.issuer = &root});
    CAF_REQUIRE_EQUAL(meet(material_of({pair_of(made, {"a.example"})}),
                           trusting(ca.path), "a.example"),
                      "");
    CAF_REQUIRE(is_secure());
  }

  byte_stream& ours() { return *server; }
  byte_stream& theirs() { return *mine->stream; }

  result read(byte_stream& from, char* to, size_t size) {
    return wait([&](auto done) {
      from.async_read_some(asio::buffer(to, size), std::move(done));
    });
  }

  std::string read(byte_stream& from, size_t size) {
    std::string text(size, ' ');
    const auto got = read(from, text.data(), size);
    return got.error ? got.error.message() : text.substr(0, got.size);
  }

  /// All of it, in as many reads as it takes.
  std::string read_all(byte_stream& from, size_t size) {
    std::string text(size, ' ');
    size_t count = 0;
    while (count < size) {
      const auto got = read(from, text.data() + count, size - count);
      if (got.error)
        return got.error.message();
      count += got.size;
    }
    return text;
  }

  result write(byte_stream& to, std::string_view text) {
    return wait([&](auto done) {
      to.async_write_some(asio::buffer(text), std::move(done));
    });
  }

  template <class Start>
  result wait(Start start) {
    return later(std::move(start)).get();
  }

  template <class Start>
  std::future<result> later(Start start) {
    std::future<result> out;
    on(unit, [&] {
      auto promise = std::make_shared<std::promise<result>>();
      out = promise->get_future();
      start([promise](const error_code& error, size_t size) {
        promise->set_value({error, size});
      });
      // Not from within the call.
      CAF_CHECK(out.wait_for(std::chrono::seconds(0))
                == std::future_status::timeout);
    });
    return out;
  }
};

std::string random_bytes_of(size_t size) {
  std::mt19937 random{static_cast<unsigned>(size)};
  std::string out(size, '\0');
  for (auto& c : out)
    c = static_cast<char>(random());
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_stream_tests, fixture)

CAF_TEST(bytes arrive as they were sent) {
  CAF_CHECK_EQUAL(write(theirs(), "to the server").size, 13u);
  CAF_CHECK_EQUAL(read(ours(), 100), "to the server");
  CAF_CHECK_EQUAL(write(ours(), "to the client").size, 13u);
  CAF_CHECK_EQUAL(read(theirs(), 6), "to the");
  CAF_CHECK_EQUAL(read(theirs(), 100), " client");
}

CAF_TEST(a read that began first waits for its bytes) {
  std::string text(10, ' ');
  auto got = later([&](auto done) {
    ours().async_read_some(asio::buffer(text), std::move(done));
  });
  CAF_CHECK_EQUAL(write(theirs(), "late").size, 4u);
  CAF_CHECK_EQUAL(got.get().size, 4u);
  CAF_CHECK_EQUAL(text.substr(0, 4), "late");
}

CAF_TEST(nothing to read or to write is over at once) {
  CAF_CHECK_EQUAL(write(theirs(), "").size, 0u);
  CAF_CHECK_EQUAL(read(ours(), nullptr, 0).size, 0u);
}

CAF_TEST(small pieces go in one record) {
  const std::string head = "head", body = "body";
  const auto wrote = wait([&](auto done) {
    theirs().async_write_some(
      std::array{asio::const_buffer{}, asio::buffer(head), asio::buffer(body)},
      std::move(done));
  });
  CAF_CHECK_EQUAL(wrote.size, 8u);
  CAF_CHECK_EQUAL(read(ours(), 100), "headbody");
}

CAF_TEST(sizes around those of records pass) {
  for (const size_t size : {1ul, 8191ul, 8192ul, 8193ul, 16383ul, 16384ul,
                            16385ul, 65535ul, 65536ul, 65537ul, 1000000ul}) {
    const auto text = random_bytes_of(size);
    auto sent = later([&](auto done) {
      asio::async_write(theirs(), asio::buffer(text), std::move(done));
    });
    CAF_CHECK(read_all(ours(), size) == text);
    const auto end = sent.get();
    CAF_CHECK_EQUAL(end.size, size);
    CAF_CHECK(!end.error);
  }
}

CAF_TEST(a write ends when the socket took all of it) {
  on(unit, [this] {
    theirs().socket().set_option(asio::socket_base::send_buffer_size{4096});
    ours().socket().set_option(asio::socket_base::receive_buffer_size{4096});
  });
  const auto text = random_bytes_of(512 << 10);
  auto sent = later([&](auto done) {
    asio::async_write(theirs(), asio::buffer(text), std::move(done));
  });
  CAF_CHECK(read_all(ours(), 128 << 10) == text.substr(0, 128 << 10));
  CAF_CHECK(sent.wait_for(std::chrono::seconds(0))
            == std::future_status::timeout);
  CAF_CHECK(read_all(ours(), 384 << 10) == text.substr(128 << 10));
  CAF_CHECK_EQUAL(sent.get().size, text.size());
}

CAF_TEST(both directions are busy at once) {
  const auto up = random_bytes_of(3 << 20), down = random_bytes_of(2 << 20);
  auto first = later([&](auto done) {
    asio::async_write(theirs(), asio::buffer(up), std::move(done));
  });
  auto second = later([&](auto done) {
    asio::async_write(ours(), asio::buffer(down), std::move(done));
  });
  CAF_CHECK(read_all(ours(), up.size()) == up);
  CAF_CHECK(read_all(theirs(), down.size()) == down);
  CAF_CHECK_EQUAL(first.get().size, up.size());
  CAF_CHECK_EQUAL(second.get().size, down.size());
}

CAF_TEST(an end that was said is told from a cut) {
  on(unit, [this] { theirs().shutdown_send(); });
  char c = 0;
  CAF_CHECK(read(ours(), &c, 1).error == asio::error::eof);
  CAF_CHECK_EQUAL(write(ours(), "still heard").size, 11u);
  CAF_CHECK_EQUAL(read(theirs(), 100), "still heard");
  on(unit, [this] {
    error_code ignored;
    ours().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  });
  CAF_CHECK(read(theirs(), &c, 1).error == asio::ssl::error::stream_truncated);
}

CAF_TEST(an end right behind bytes is told though the socket stays open) {
  CAF_CHECK_EQUAL(write(theirs(), "last").size, 4u);
  on(unit, [this] { theirs().tls().notify_close(); });
  CAF_CHECK_EQUAL(read(ours(), 100), "last");
  char byte = 0;
  CAF_CHECK_EQUAL(read(ours(), &byte, 1).error, asio::error::eof);
  CAF_CHECK_EQUAL(write(ours(), "answer").size, 6u);
  CAF_CHECK_EQUAL(read(theirs(), 100), "answer");
}

CAF_TEST(a reset is an error of the socket) {
  on(unit, [this] { theirs().close(true); });
  char c = 0;
  CAF_CHECK(read(ours(), &c, 1).error == asio::error::connection_reset);
  const auto wrote = write(ours(), std::string(1000, 'x'));
  CAF_CHECK(wrote.error == asio::error::broken_pipe
            || wrote.error == asio::error::connection_reset);
}

CAF_TEST(what is no record ends the stream) {
  on(unit, [this] {
    const std::string noise(100, '!');
    asio::write(theirs().socket(), asio::buffer(noise));
  });
  char c = 0;
  CAF_CHECK(read(ours(), &c, 1).error.category()
            == asio::error::get_ssl_category());
}

CAF_TEST(new keys are answered by whoever reads) {
  for (int i = 0; i < 3; ++i) {
    on(unit, [this] {
      CAF_CHECK_EQUAL(SSL_key_update(theirs().tls().native_handle(),
                                     SSL_KEY_UPDATE_REQUESTED),
                      1);
    });
    write(theirs(), "one");
    CAF_CHECK_EQUAL(read(ours(), 100), "one");
    write(ours(), "two");
    CAF_CHECK_EQUAL(read(theirs(), 100), "two");
  }
}

CAF_TEST(what waits is aborted by a close) {
  std::string text(10, ' ');
  auto got = later([&](auto done) {
    ours().async_read_some(asio::buffer(text), std::move(done));
  });
  const auto large = random_bytes_of(16 << 20);
  auto sent = later([&](auto done) {
    asio::async_write(ours(), asio::buffer(large), std::move(done));
  });
  on(unit, [this] { ours().close(); });
  CAF_CHECK(got.get().error == asio::error::operation_aborted);
  CAF_CHECK(sent.get().error);
}

CAF_TEST(who asks for new keys without end is given up) {
  std::string text(100, ' ');
  auto got = later([&](auto done) {
    ours().async_read_some(asio::buffer(text), std::move(done));
  });
  // Records are made in memory and sent in one piece; nothing is read.
  std::string flood;
  on(unit, [&] {
    auto* ssl = theirs().tls().native_handle();
    auto* made = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), made);
    for (int i = 0; i < 20000; ++i) {
      CAF_REQUIRE_EQUAL(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
      CAF_REQUIRE_EQUAL(SSL_do_handshake(ssl), 1);
    }
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(made, &bytes);
    flood.assign(bytes, static_cast<size_t>(size));
  });
  auto sent = later([&](auto done) {
    asio::async_write(theirs().socket(), asio::buffer(flood), std::move(done));
  });
  CAF_CHECK(got.get().error == asio::error::no_buffer_space);
  on(unit, [&] { ours().close(); });
  sent.wait();
}

CAF_TEST(some new keys are none too many) {
  for (int i = 0; i < 8; ++i) {
    on(unit, [&] {
      auto* ssl = theirs().tls().native_handle();
      CAF_REQUIRE_EQUAL(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    });
    CAF_CHECK_EQUAL(write(theirs(), "mine").size, 4u);
    CAF_CHECK_EQUAL(read(ours(), 100), "mine");
    CAF_CHECK_EQUAL(write(ours(), "yours").size, 5u);
    CAF_CHECK_EQUAL(read(theirs(), 100), "yours");
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
