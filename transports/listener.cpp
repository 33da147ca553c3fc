#include "transports/listener.hpp"

#include "transports/datagram_port.hpp"
#include "transports/front/http_front.hpp"
#include "transports/front/streams/stream_request.hpp"
#include "transports/front/streams/stream_visit.hpp"
#include "transports/h2_door.hpp"
#include "transports/net/admission/gate.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/proxy/proxy_reader.hpp"
#include "transports/net/sniffer.hpp"
#include "transports/net/sockets/listening.hpp"
#include "transports/net/sockets/sockets.hpp"
#include "transports/net/tls/hello_reader.hpp"
#include "transports/net/tls/tls_handshake.hpp"
#include "transports/net/tls/tls_session.hpp"
#include "transports/seam/live_set.hpp"
#include "transports/seam/probe_request.hpp"
#include "transports/seam/tunnel_path.hpp"
#include "transports/tunnel/grpc/grpc_link.hpp"
#include "transports/tunnel/poll/poll_desk.hpp"
#include "transports/tunnel/websocket/websocket_link.hpp"
#include "transports/turned_away.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds exhausted_pause{100};

// From the preface of HTTP/2 to the first request, at most.
constexpr duration h2_start_time = std::chrono::seconds(5);

// Whether what came so far can become an agent's request.
bool may_be_agent(std::string_view bytes) {
  for (const std::string_view start : {"GET /.tunnel", "POST /.tunnel"}) {
    const auto size = std::min(bytes.size(), start.size());
    if (bytes.substr(0, size) == start.substr(0, size))
      return true;
  }
  return false;
}

/// The port and what it shares with its connections. The acceptor is touched
/// on the first unit's thread only, once it runs.
class open_port : public std::enable_shared_from_this<open_port> {
 public:
  open_port(io_units& units, const listen_options& options, front_ptr to)
      : units_(units), options_(options), to_(std::move(to)),
        gate_(std::make_shared<gate>(options_.connections, to_,
                                     options_.uses_reserve)),
        acceptor_(first_unit().context()), pause_(first_unit().context()) {
    if (options_.tls)
      tls_ = std::make_unique<server_tls>(*options_.tls);
    const auto bound = listen_at(options_, acceptor_);
    descriptor_ = bound.descriptor;
    port_ = bound.port;
  }

  void start() {
    http_ = std::make_shared<http_front_context>(to_, options_, upgrades(),
                                                 polls());
    asio::post(first_unit().context(),
               [me = shared_from_this()] { me->accept(); });
  }

  uint16_t port() const noexcept { return port_; }
  size_t sessions() const noexcept { return http_->sessions(); }

  void renew(const tls_material& material) {
    assert(tls_);
    tls_->renew(material);
  }

  void stop_accepting() {
    if (stopped_.exchange(true))
      return;
    // Takes effect at once and is harmless from any thread; the descriptor
    // itself is closed where it is used.
    ::shutdown(descriptor_, SHUT_RDWR);
    if (const auto path = socket_path_of(options_); !path.empty())
      ::unlink(path.c_str());
    http_->drain();
    asio::post(first_unit().context(), [me = shared_from_this()] {
      error_code ignored;
      me->acceptor_.close(ignored);
      me->pause_.cancel();
    });
  }

  void close() {
    stop_accepting();
    http_->close_all();
    live_.close_all();
  }

  /// The connection that failed is lost, the port goes on.
  void on_exception(const std::string&) { accept_later(); }

 private:
  io_unit& first_unit() const noexcept { return *units_.front(); }

  void accept() {
    if (stopped_)
      return;
    auto& unit = *units_[next_unit_++ % units_.size()];
    acceptor_.async_accept(
      unit.context().get_executor(), peer_,
      guard(
        first_unit(), shared_from_this(),
        [&unit](const auto& me, const error_code& error, tcp_socket socket) {
          me->on_accept(unit, error, std::move(socket));
        }));
  }

  void on_accept(io_unit& unit, const error_code& error, tcp_socket socket) {
    if (stopped_)
      return;
    if (error == asio::error::no_descriptors
        || error.value() == ENFILE || error.value() == ENOBUFS
        || error.value() == ENOMEM)
      return accept_later();
    if (!error)
      meet(unit, wrap(std::move(socket)));
    accept();
  }

  // Who comes through a file is somebody of this machine.
  stream_ptr wrap(tcp_socket socket) const {
    auto out = std::make_unique<byte_stream>(std::move(socket), peer_);
    if (is_unix_authority(options_.host)) {
      const tcp::endpoint here{asio::ip::address_v4::loopback(), 0};
      out->passed_on(here, here);
    }
    return out;
  }

  void meet(io_unit& unit, stream_ptr stream) {
    if (!options_.proxy_protocol
        || http_->trusted().contains(stream->peer_ip()))
      return admit(unit, std::move(stream));
    to_->on_limit(limit::untrusted_proxy, stream->peer_name(),
                  "none of trusted_proxies, so no PROXY header is read");
  }

  void admit(io_unit& unit, stream_ptr stream) {
    auto found = gate_->enter(unit, {.ip = stream->peer_ip(),
                                     .peer = stream->peer_name(),
                                     .fd = stream->socket().native_handle(),
                                     .passes_on = awaits_header(*stream)});
    if (found.place)
      asio::post(unit.context(),
                 [me = shared_from_this(), &unit, stream = std::move(stream),
                  place = std::move(found.place)]() mutable {
                   me->begin(unit, std::move(stream), std::move(place));
                 });
    else if (found.refusal->answer && !tls_ && !options_.stream)
      asio::post(unit.context(), [me = shared_from_this(), &unit,
                                  stream = std::move(stream)]() mutable {
        me->turn_away(unit, std::move(stream), false);
      });
  }

  void turn_away(io_unit& unit, stream_ptr stream, bool asked) {
    const auto peer = stream->peer_ip();
    if (turned_away::start(unit, std::move(stream), asked))
      to_->on_own_answer(unit, {.result = outcome::overloaded,
                                .status = status_of(outcome::overloaded),
                                .peer = peer});
  }

  void accept_later() {
    gate_->make_room();
    pause_.expires_after(exhausted_pause);
    pause_.async_wait(guard(first_unit(), shared_from_this(),
                            [](const auto& me, const error_code&) {
                              me->accept();
                            }));
  }

  /// Closes `object` together with the port.
  template <class T>
  void keep(const std::shared_ptr<T>& object) {
    live_.add<T>(object, [](T& all) {
      dispatch(all.unit(), [all = all.shared_from_this()] { all->close(); });
    });
  }

  /// The PROXY protocol's, before anything else.
  bool awaits_header(const byte_stream& stream) const noexcept {
    return options_.proxy_protocol && !stream.was_passed_on();
  }

  void begin(io_unit& unit, stream_ptr stream, place_ptr place) {
    if (awaits_header(*stream))
      unwrap(unit, std::move(stream), std::move(place));
    else if (asks_for_names())
      read_name(unit, std::move(stream), std::move(place),
                hello_deadline(unit));
    else if (options_.stream)
      to_stream(unit, std::move(stream), std::move(place), *options_.stream);
    else if (tls_)
      secure(unit, std::move(stream), std::move(place), hello_deadline(unit));
    else
      sniff(unit, std::move(stream), std::move(place));
  }

  /// Who comes through a proxy has a place of its own from then on.
  void unwrap(io_unit& unit, stream_ptr stream, place_ptr place) {
    const auto me = shared_from_this();
    const auto peer = place->peer();
    auto reader = std::make_shared<proxy_reader>(
      unit, std::move(stream), options_.limits.header_timeout,
      proxy_reader::handlers{
        [me, &unit, place](stream_ptr from,
                           const std::optional<proxied_ends>& ends) mutable {
          auto held = std::exchange(place, nullptr);
          if (!ends) {
            from->passed_on(from->peer(), from->destination());
            return me->begin(unit, std::move(from), std::move(held));
          }
          held.reset(); // the proxy's, before its visitor takes one
          from->passed_on(ends->source, ends->destination);
          me->admit(unit, std::move(from));
        },
        [me, peer](std::string_view problem) {
          me->to_->on_limit(limit::proxy_header, peer, problem);
        }});
    make_room_by(place, reader);
    reader->start();
  }

  // -- names of TLS ----------------------------------------------------------

  /// The port is for nothing else, or for a server that has some.
  bool asks_for_names() const {
    return options_.stream ? options_.stream->scheme == "tls"
                           : tls_ && to_->has_names(port_);
  }

  /// The name and the handshake that follows have this time together.
  time_point hello_deadline(io_unit& unit) const {
    return unit.now() + options_.limits.handshake_timeout;
  }

  void read_name(io_unit& unit, stream_ptr stream, place_ptr place,
                 time_point deadline) {
    place->set(standing::securing);
    const auto me = shared_from_this();
    auto reader = std::make_shared<hello_reader>(
      unit, std::move(stream), deadline - unit.now(),
      hello_reader::handlers{
        [me, &unit, place, deadline](stream_ptr from, const std::string& name) {
          me->on_name(unit, std::move(from), place, name, deadline);
        },
        [me, &unit, place, deadline](stream_ptr from) {
          me->on_no_hello(unit, std::move(from), place, deadline);
        },
        [me, place] {
          me->to_->on_limit(limit::handshake_time, place->peer(),
                            "no ClientHello in time");
        }});
    make_room_by(place, reader);
    reader->start();
  }

  void on_name(io_unit& unit, stream_ptr stream, const place_ptr& place,
               const std::string& name, time_point deadline) {
    const auto found = to_->find_name(name, port_);
    const stream_address address{"tls", name, port_};
    if (found && found->rule.terminate && tls_)
      return end_tls(unit, std::move(stream), place, address, *found, deadline);
    place->set(standing::silent);
    if (found && !found->rule.terminate)
      return to_stream(unit, std::move(stream), place, address);
    if (tls_)
      return secure(unit, std::move(stream), place, deadline);
    tell_refused_stream(
      *http_, unit, address, stream->peer_ip(),
      {outcome::no_mapping, "no mapping is for this name of TLS", {}});
    refuse_hello(*stream, tls_alert::unrecognized_name);
  }

  // OpenSSL says what is wrong with it where TLS may end here.
  void on_no_hello(io_unit& unit, stream_ptr stream, const place_ptr& place,
                   time_point deadline) {
    if (tls_)
      return secure(unit, std::move(stream), place, deadline);
    to_->on_limit(limit::handshake, place->peer(), "it does not speak TLS");
    stream->close();
  }

  void end_tls(io_unit& unit, stream_ptr stream, const place_ptr& place,
               const stream_address& address, const route& found,
               time_point deadline) {
    shake_hands(
      unit, std::move(stream), place, deadline,
      [me = shared_from_this(), &unit, place, address](stream_ptr secured) {
        const auto facts = tls_facts_of(*secured);
        me->to_stream(unit, std::move(secured), place, address, facts);
      },
      std::make_shared<const std::string>(listed_protocols(found.rule.alpn)));
  }

  /// TLS first, and then as without.
  void secure(io_unit& unit, stream_ptr stream, const place_ptr& place,
              time_point deadline) {
    shake_hands(unit, std::move(stream), place, deadline,
                [me = shared_from_this(), &unit, place](stream_ptr secured) {
                  me->sniff(unit, std::move(secured), place);
                });
  }

  /// `protocols`: as `tls_handshake` has them.
  void shake_hands(io_unit& unit, stream_ptr stream, const place_ptr& place,
                   time_point deadline, std::function<void(stream_ptr)> secured,
                   std::shared_ptr<const std::string> protocols = nullptr) {
    if (!gate_->may_shake_hands(*place))
      return; // with the socket: only a handshake could say more
    place->set(standing::securing);
    const auto me = shared_from_this();
    auto handshake = std::make_shared<tls_handshake>(
      unit, std::move(stream), tls_->current(), deadline - unit.now(),
      tls_handshake::handlers{
        [place, secured = std::move(secured)](stream_ptr ready) {
          place->set(standing::silent);
          secured(std::move(ready));
        },
        [me, &unit](stream_ptr plain) {
          me->refuse_plain(unit, std::move(plain));
        },
        [me, place](bool too_slow, const std::string& why) {
          me->to_->on_limit(too_slow ? limit::handshake_time : limit::handshake,
                            place->peer(), why);
        }},
      std::move(protocols));
    make_room_by(place, handshake);
    handshake->start();
  }

  void refuse_plain(io_unit& unit, stream_ptr stream) {
    constexpr auto why = probe_request::wants_tls;
    const auto peer = stream->peer_ip();
    if (turned_away::start(unit, std::move(stream), false,
                           {.cause = outcome::bad_request, .detail = why}))
      to_->on_own_answer(unit, {.result = outcome::bad_request,
                                .status = status_of(outcome::bad_request),
                                .peer = peer,
                                .method = "HTTP",
                                .detail = why});
  }

  /// `stage` goes when its place is needed.
  template <class Stage>
  static void evict_with(const place_ptr& place,
                         const std::shared_ptr<Stage>& stage) {
    place->on_evict([weak = std::weak_ptr{stage}] {
      if (const auto silent = weak.lock())
        silent->close();
    });
  }

  /// The same, and with the port.
  template <class Stage>
  void make_room_by(const place_ptr& place,
                    const std::shared_ptr<Stage>& stage) {
    evict_with(place, stage);
    keep(stage);
  }

  /// Whatever is said is its target's.
  void to_stream(io_unit& unit, stream_ptr stream, place_ptr place,
                 const stream_address& address,
                 const tls_facts_ptr& facts = nullptr) {
    if (place->still_reserved(stream->socket().native_handle()))
      return to_->on_limit(limit::descriptors, place->peer(),
                           "the rest is for agents and operators");
    auto decided = decide_stream(*http_, address, stream->peer(),
                                 stream->destination(), facts);
    if (const auto* denied = std::get_if<denial>(&decided))
      return refuse_stream(unit, std::move(stream), address, *denied);
    const auto visit
      = std::make_shared<stream_visit>(unit, std::move(stream), http_, place);
    evict_with(place, visit);
    visit->start(std::get<onward_request>(std::move(decided)));
  }

  void refuse_stream(io_unit& unit, stream_ptr stream,
                     const stream_address& address, const denial& why) {
    tell_refused_stream(*http_, unit, address, stream->peer_ip(), why);
    if (address.scheme == "tls" && !stream->secure())
      refuse_hello(*stream, tls_alert::access_denied);
    else
      stream->close(!stream->secure()); // over TLS it is told that this is all
  }

  void sniff(io_unit& unit, stream_ptr stream, place_ptr place) {
    auto who = std::make_shared<sniffer>(
      unit, std::move(stream), options_.limits.header_timeout,
      [me = shared_from_this(), &unit,
       place](stream_ptr taken, std::string bytes, first_bytes protocol) {
        if (protocol == first_bytes::http2)
          me->to_h2(unit, std::move(taken), std::move(bytes), place);
        else
          me->to_http(unit, std::move(taken), std::move(bytes), place);
      });
    make_room_by(place, who);
    who->start();
  }

  void to_http(io_unit& unit, stream_ptr stream, std::string bytes,
               place_ptr place) {
    if (!(options_.agents && may_be_agent(bytes))
        && place->still_reserved(stream->socket().native_handle()))
      return refuse_reserved(unit, std::move(stream), place);
    start_http_session(unit, std::move(stream), std::move(bytes), http_,
                       std::move(place));
  }

  void to_h2(io_unit& unit, stream_ptr stream, std::string bytes,
             place_ptr place) {
    if (!options_.agents
        && place->still_reserved(stream->socket().native_handle()))
      return refuse_reserved(unit, std::move(stream), place);
    h2_door::handlers handlers;
    if (options_.agents)
      handlers.agent = [me = shared_from_this()](const auto& connection,
                                                 int32_t call, place_ptr its) {
        return me->to_grpc(connection, call, std::move(its));
      };
    handlers.refused = [to = to_, &unit, peer = stream->peer_ip()] {
      to->on_own_answer(unit, {.result = outcome::not_implemented,
                               .peer = peer,
                               .method = "HTTP/2",
                               .detail = "No agents may dial in here."});
    };
    const auto connection
      = h2_door::open(unit, std::move(stream), place,
                      std::min(options_.limits.header_timeout, h2_start_time),
                      http_, std::move(handlers));
    make_room_by(place, connection);
    connection->start(std::move(bytes));
  }

  void refuse_reserved(io_unit& unit, stream_ptr stream,
                       const place_ptr& place) {
    to_->on_limit(limit::descriptors, place->peer(),
                  "the rest is for agents and operators");
    turn_away(unit, std::move(stream), true);
  }

  h2_stream_owner_ptr to_grpc(const h2_connection_ptr& connection, int32_t call,
                              place_ptr place) {
    if (stopped_)
      return nullptr;
    const auto accepted
      = accept_grpc(connection, call, options_.name, std::move(place));
    to_->on_link(accepted.connected);
    return accepted.owner;
  }

  tunnel_upgrade_handler upgrades() {
    if (!options_.agents)
      return {};
    return [weak = weak_from_this()](io_unit& unit, stream_ptr stream,
                                     upgrade_request request) {
      if (auto me = weak.lock())
        me->to_websocket(unit, std::move(stream), std::move(request));
    };
  }

  // Who wanted to be an agent and was told 400.
  void on_no_websocket(io_unit& unit, const std::string& peer,
                       const std::string& why) {
    to_->on_own_answer(unit, {.result = outcome::bad_request,
                              .status = status_of(outcome::bad_request),
                              .peer = peer,
                              .method = "GET",
                              .path = tunnel_path,
                              .detail = why});
  }

  void to_websocket(io_unit& unit, stream_ptr stream, upgrade_request request) {
    const auto peer = stream->peer_ip();
    auto link = accept_websocket(
      unit, std::move(stream), std::move(request.target), request.headers,
      options_.name, std::move(request.rest), std::move(request.place),
      [me = shared_from_this(), &unit, peer](link_ptr opened, link_error error,
                                             const std::string& why) {
        if (opened)
          me->to_->on_link(std::move(opened));
        else if (error == link_error::refused)
          me->on_no_websocket(unit, peer, why);
      });
    live_.add<aps::link>(link,
                         [](aps::link& link) { link.abort(link_error::none); });
  }

  service_ptr polls() {
    if (!options_.agents)
      return nullptr;
    return std::make_shared<poll_desk>(
      options_.name, gate_, [weak = weak_from_this()](link_ptr opened) {
        if (auto me = weak.lock())
          me->on_poll_link(std::move(opened));
      });
  }

  void on_poll_link(link_ptr opened) {
    live_.add<aps::link>(opened,
                         [](aps::link& link) { link.abort(link_error::none); });
    to_->on_link(std::move(opened));
  }

  io_units& units_;
  const listen_options options_;
  const front_ptr to_;
  const std::shared_ptr<gate> gate_;
  std::unique_ptr<server_tls> tls_; ///< null = plain
  http_front_ptr http_;
  live_set live_;
  std::atomic<bool> stopped_{false};
  tcp::acceptor acceptor_;
  tcp::endpoint peer_; // of the connection that comes next
  asio::steady_timer pause_;
  int descriptor_ = -1;
  uint16_t port_ = 0;
  size_t next_unit_ = 0;
};

/// The handle; connections share the port behind it.
class port_listener final : public listener {
 public:
  explicit port_listener(std::shared_ptr<open_port> port)
      : port_(std::move(port)) {
    port_->start();
  }

  ~port_listener() override { port_->close(); }

  uint16_t port() const noexcept override { return port_->port(); }
  void renew(const tls_material& material) override { port_->renew(material); }
  void stop_accepting() override { port_->stop_accepting(); }
  size_t sessions() const noexcept override { return port_->sessions(); }

 private:
  const std::shared_ptr<open_port> port_;
};

} // namespace

std::unique_ptr<listener>
open_listener(io_units& units, const listen_options& options, front_ptr to) {
  if (options.stream && options.stream->scheme == "udp")
    return open_datagram_port(units, options, std::move(to));
  return std::make_unique<port_listener>(
    std::make_shared<open_port>(units, options, std::move(to)));
}

} // namespace aps
