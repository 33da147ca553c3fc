#include "transports/origin/origin_connector.hpp"

#include "config/host.hpp"
#include "transports/net/admission/gate.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/names/resolver.hpp"
#include "transports/net/sockets/unix_socket.hpp"
#include "transports/net/tls/trust.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/process/descriptors.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

// The authorities of `own` stand instead of those of all.
asio::ssl::context make_context(const origin_options& all,
                                const origin_tls& own) {
  auto out = make_client_context(own.ca_file);
  if (own.ca_file.empty() && !all.ca_file.empty())
    trust_file(out, all.ca_file);
  if (!own.cert_file.empty())
    show_certificate(out, own.cert_file, own.key_file, "target-");
  out.set_verify_mode(all.insecure ? asio::ssl::verify_none
                                   : asio::ssl::verify_peer);
  return out;
}

} // namespace

origin_settings::origin_settings(const origin_options& opts) : options(opts) {
  contexts_.emplace(
    0, make_context(options, {{}, options.cert_file, options.key_file}));
  add_tls(options.tls);
}

void origin_settings::add_tls(
  const std::map<uint32_t, origin_tls>& more) const {
  std::map<uint32_t, asio::ssl::context> fresh;
  const auto is_known = [this](uint32_t number) {
    const std::lock_guard guard{mutex_};
    return contexts_.contains(number);
  };
  for (const auto& [number, own] : more)
    if (!is_known(number))
      fresh.emplace(number, make_context(options, own));
  const std::lock_guard guard{mutex_};
  contexts_.merge(fresh);
}

asio::ssl::context& origin_settings::tls(uint32_t number) const {
  const std::lock_guard guard{mutex_};
  const auto found = contexts_.find(number);
  return found == contexts_.end() ? contexts_.begin()->second : found->second;
}

std::string origin_address::str() const {
  if (!socket.empty())
    return std::string{unix_prefix} + socket;
  return config::authority(host, port);
}

bool parse_authority(std::string_view scheme, std::string_view authority,
                     origin_address& to) {
  if (is_unix_authority(authority)) {
    to.socket = authority.substr(unix_prefix.size());
    to.scheme = scheme;
    return to.socket.starts_with('/') && scheme != "https";
  }
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == authority.npos)
      return false;
    to.host = authority.substr(1, close - 1);
    rest = authority.substr(close + 1);
  } else {
    const auto colon = authority.find(':');
    to.host = authority.substr(0, colon);
    rest = colon == authority.npos ? std::string_view{}
                                   : authority.substr(colon);
  }
  to.scheme = scheme;
  to.port = scheme == "https" ? "443" : "80";
  if (rest.size() > 1)
    to.port = rest.substr(1);
  return !to.host.empty() && (rest.empty() || rest.front() == ':')
         && to.port.size() <= 5
         && to.port.find_first_not_of("0123456789") == std::string::npos;
}

namespace {

using keep_idle
  = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
using keep_interval
  = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;

outcome outcome_of(const error_code& error) noexcept {
  if (error == asio::error::connection_refused)
    return outcome::origin_refused;
  if (error == asio::error::timed_out)
    return outcome::origin_timeout;
  if (error == asio::error::no_descriptors)
    return outcome::overloaded;
  return outcome::origin_unreachable;
}

// Names of protocols as ALPN lists them (RFC 7301, 3.1), the best first.
std::string_view offered(origin_protocol protocol) noexcept {
  switch (protocol) {
    case origin_protocol::http1: return "\x08http/1.1";
    case origin_protocol::negotiated: return "\x02h2\x08http/1.1";
    case origin_protocol::http2: return "\x02h2";
  }
  return {};
}

// What the origin chose of them; empty = nothing.
std::string_view agreed(byte_stream& stream) noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(stream.tls().native_handle(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

// Without the zone, which says where an address is, and not which.
std::string text_of(const asio::ip::address& address) {
  return address.is_v6()
           ? asio::ip::address_v6{address.to_v6().to_bytes()}.to_string()
           : address.to_string();
}

class connector final : public watched,
                        public std::enable_shared_from_this<connector> {
 public:
  connector(io_unit& unit, origin_settings_ptr settings, origin_address to,
            origin_protocol protocol, std::function<void(connect_result)> done)
      : unit_(unit), settings_(std::move(settings)), to_(std::move(to)),
        protocol_(protocol), done_(std::move(done)),
        stream_(std::make_unique<byte_stream>(unit.context())) {}

  void start() {
    deadline_ = unit_.now() + settings_->options.connect_timeout;
    unit_.watch(weak_from_this());
    if (!to_.socket.empty())
      return asio::post(unit_.context(),
                        guard(unit_, shared_from_this(),
                              [](const auto& self) { self->connect_unix(); }));
    error_code error;
    const auto literal = asio::ip::make_address(to_.host, error);
    const auto port = std::atoi(to_.port.c_str());
    if (port <= 0 || port > 65535)
      asio::post(unit_.context(),
                 guard(unit_, shared_from_this(), [](const auto& self) {
                   self->fail(outcome::origin_unreachable, "not a port number");
                 }));
    else if (!error)
      asio::post(unit_.context(),
                 guard(unit_, shared_from_this(), [literal](const auto& self) {
                   self->on_resolved({}, {literal});
                 }));
    else
      resolve();
  }

  void on_tick(time_point now) override {
    if (now >= deadline_)
      fail(outcome::origin_timeout, "no connection in time");
  }

  void on_exception(const std::string& text) override {
    fail(outcome::origin_unreachable, text);
  }

 private:
  void resolve() {
    wanted_ = std::make_shared<char>();
    unit_.target_names().find(
      to_.host, wanted_,
      [self = shared_from_this()](const error_code& error,
                                  const resolver::addresses& found) {
        guard(self->unit_, self, [&](const auto& me) {
          me->on_resolved(error, found);
        })();
      });
  }

  void on_resolved(const error_code& error,
                   const resolver::addresses& found) {
    if (!done_)
      return;
    if (error)
      return fail(outcome::origin_unresolved, error.message());
    const auto port = static_cast<uint16_t>(std::atoi(to_.port.c_str()));
    for (const auto& address : found)
      if (is_admitted(address, port))
        candidates_.emplace_back(address, port);
    if (candidates_.empty() && !found.empty())
      return forbid(found.front(), port);
    connect_any();
  }

  /// At once, or the backlog of the other side is full.
  void connect_unix() {
    const auto name = to_.str();
    if (const auto& admits = settings_->options.admits;
        admits && !admits({name, {}, 0})) {
      if (const auto& tell = settings_->options.on_forbidden)
        tell({name, {}, 0});
      return fail(outcome::target_forbidden,
                  "not a target that the agent may ask");
    }
    const auto number = unix_socket::connect(to_.socket);
    if (number < 0)
      return fail(
        unix_outcome(errno),
        error_code{errno, asio::error::get_system_category()}.message());
    error_code error;
    stream_->socket().assign(tcp::v4(), number, error);
    if (error)
      ::close(number);
    keep_of_reserve();
    if (done_)
      on_connected(error);
  }

  static outcome unix_outcome(int number) noexcept {
    return number == ECONNREFUSED || number == EAGAIN ? outcome::origin_refused
           : number == EMFILE || number == ENFILE     ? outcome::overloaded
                                                  : outcome::origin_unreachable;
  }

  bool is_admitted(const asio::ip::address& address, uint16_t port) const {
    const auto& admits = settings_->options.admits;
    return !admits || admits({to_.host, text_of(address), port});
  }

  // What a name stands for behind the agent is nothing for the other side.
  void forbid(const asio::ip::address& address, uint16_t port) {
    if (const auto& tell = settings_->options.on_forbidden)
      tell({to_.host, text_of(address), port});
    fail(outcome::target_forbidden, "not a target that the agent may ask");
  }

  void connect_any() {
    asio::async_connect(
      stream_->socket(), candidates_,
      guard(unit_, shared_from_this(),
            [](const auto& self, const error_code& error, const auto&) {
              self->on_connected(error);
            }));
    keep_of_reserve();
  }

  // The reserve is not for targets, unless an idle visitor goes for this one;
  // the socket is open by now.
  void keep_of_reserve() {
    const auto number = stream_->socket().native_handle();
    if (number < 0 || !in_descriptor_reserve(number))
      return;
    if (gate::make_way(number))
      stream_->lend_descriptor();
    else
      fail(outcome::overloaded, "no descriptors left");
  }

  void on_connected(const error_code& error) {
    if (!done_)
      return;
    if (error)
      return fail(outcome_of(error), error.message());
    error_code ignored;
    stream_->socket().set_option(tcp::no_delay{true}, ignored);
    // An event stream may be silent for hours; a machine that is gone is found
    // all the same.
    stream_->socket().set_option(asio::socket_base::keep_alive{true}, ignored);
    stream_->socket().set_option(keep_idle{60}, ignored);
    stream_->socket().set_option(keep_interval{20}, ignored);
    if (to_.preamble.empty())
      return begin();
    asio::async_write(
      stream_->socket(), asio::buffer(to_.preamble),
      guard(unit_, shared_from_this(),
            [](const auto& self, const error_code& failed, size_t) {
              if (!self->done_)
                return;
              if (failed)
                return self->fail(outcome_of(failed), failed.message());
              self->begin();
            }));
  }

  void begin() {
    if (to_.scheme == "https")
      shake_hands();
    else
      succeed();
  }

  void shake_hands() {
    auto& tls = stream_->add_tls(settings_->tls(to_.tls));
    auto* ssl = tls.native_handle();
    expect_peer(ssl, to_.server_name.empty() ? to_.host : to_.server_name);
    const auto offer = offered(protocol_);
    SSL_set_alpn_protos(ssl,
                        reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
    tls.async_handshake(tls_stream::side::client,
                        guard(unit_, shared_from_this(),
                              [](const auto& self, const error_code& error,
                                 size_t) { self->on_handshake(error); }));
  }

  void on_handshake(const error_code& error) {
    if (!done_)
      return;
    if (!error)
      return succeed();
    auto reason = error.message();
    auto* ssl = stream_->tls().native_handle();
    if (const auto verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
      reason += std::string{" ("} + X509_verify_cert_error_string(verdict)
                + ")";
    fail(outcome::origin_tls, reason);
  }

  void succeed() {
    const bool http2 = stream_->secure() ? agreed(*stream_) == "h2"
                                         : protocol_ == origin_protocol::http2;
    finish({std::move(stream_), http2, outcome::ok, {}});
  }

  void fail(outcome why, const std::string& reason) {
    if (!done_)
      return;
    stream_->close();
    finish({nullptr, false, why, to_.str() + ": " + reason});
  }

  void finish(connect_result result) {
    deadline_ = time_point::max();
    wanted_ = nullptr;
    if (const auto done = std::exchange(done_, nullptr))
      done(std::move(result));
  }

  io_unit& unit_;
  const origin_settings_ptr settings_;
  const origin_address to_;
  const origin_protocol protocol_;
  std::function<void(connect_result)> done_;
  hold wanted_; // as long as its name is
  std::vector<tcp::endpoint> candidates_;
  stream_ptr stream_;
  time_point deadline_;
};

} // namespace

void connect_to_origin(io_unit& unit, origin_settings_ptr settings,
                       origin_address to, origin_protocol protocol,
                       std::function<void(connect_result)> done) {
  std::make_shared<connector>(unit, std::move(settings), std::move(to),
                              protocol, std::move(done))
    ->start();
}

} // namespace aps
