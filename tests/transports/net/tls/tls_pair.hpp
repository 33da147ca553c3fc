#pragma once

// Include after tests/support/test.hpp.

#include "tests/support/certificates.hpp"
#include "tests/support/text_file.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"

#include "transports/net/tls/client_settings.hpp"
#include "transports/net/tls/server_tls.hpp"
#include "transports/net/tls/tls_handshake.hpp"
#include "transports/net/tls/tls_session.hpp"

#include <future>

namespace aps::test {

inline tls_pair pair_of(const made_certificate& made,
                        std::vector<std::string> names) {
  return {made.cert, made.key, std::move(names), "EC"};
}

inline tls_material material_of(std::vector<tls_pair> pairs,
                                std::string client_ca = {}) {
  tls_material out;
  out.pairs = std::move(pairs);
  out.client_ca = std::move(client_ca);
  return out;
}

/// A client that trusts an authority, and asks for another name if it is given.
inline client_tls_options trusting(std::string ca_file,
                                   std::string server_name = {}) {
  client_tls_options out;
  out.ca_file = std::move(ca_file);
  out.server_name = std::move(server_name);
  return out;
}

/// A client that takes everything but another key than those of its pins.
inline client_tls_options careless(std::vector<std::string> pins = {}) {
  client_tls_options out;
  out.pins = std::move(pins);
  out.insecure = true;
  return out;
}

/// A server that shakes hands with one client of ours, on one unit.
struct tls_fixture {
  using error_code = boost::system::error_code;

  /// One client; answers once.
  struct client : std::enable_shared_from_this<client> {
    client(io_unit& unit, stream_ptr stream)
        : unit(unit), stream(std::move(stream)) {}
    void on_secured(const std::string& why) { result.set_value(why); }
    void on_exception(const std::string& text) { result.set_value(text); }
    io_unit& unit;
    stream_ptr stream;
    std::promise<std::string> result;
  };

  tls_fixture() { unit.start(); }
  ~tls_fixture() {
    on(unit, [this] {
      server.reset();
      if (mine)
        mine->stream->close();
    });
    unit.run_dry();
    on(unit, [this] { mine.reset(); });
    unit.stop();
  }

  /// Both sides meet; what the client says about it, "" = all is well.
  std::string meet(const tls_material& material, client_tls_options options,
                   const std::string& host,
                   std::string_view alpn = "http/1.1") {
    auto settings = std::make_shared<const client_settings>(std::move(options));
    tls = std::make_unique<server_tls>(material);
    std::future<std::string> told;
    on(unit, [&] {
      socket_pair pair{unit.context()};
      std::make_shared<tls_handshake>(
        unit, std::make_unique<byte_stream>(std::move(pair.ours)),
        tls->current(), std::chrono::hours(1),
        tls_handshake::handlers{
          [this](stream_ptr stream) { server = std::move(stream); },
          [this](stream_ptr stream) { plain = std::move(stream); },
          [this](bool, const std::string& why) { failure = why; }})
        ->start();
      mine = std::make_shared<client>(
        unit, std::make_unique<byte_stream>(std::move(pair.theirs)));
      told = mine->result.get_future();
      secure_stream(unit, mine, *mine->stream, settings, host, alpn);
    });
    return told.get();
  }

  /// Until the server is through with the last meeting.
  bool is_secure() {
    for (int i = 0; i < 2000; ++i) {
      bool done = false;
      on(unit, [&] { done = server != nullptr; });
      if (done)
        return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  io_unit unit{0};
  std::unique_ptr<server_tls> tls;
  std::shared_ptr<client> mine;
  stream_ptr server;
  stream_ptr plain;
  std::string failure;

  made_certificate root
    = make_certificate({.name = "root", .names = "", .ca = true});
  text_file ca{"root.pem", root.cert};
};

} // namespace aps::test
