#include "transports/tunnel/dial.hpp"

#include "config/host.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/tls/client_settings.hpp"
#include "transports/tunnel/dial_by_name.hpp"
#include "transports/tunnel/grpc/grpc_link.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/tunnel/poll/poll_client_link.hpp"
#include "transports/tunnel/proxy_pass.hpp"
#include "transports/tunnel/websocket/websocket_link.hpp"

#include <boost/asio/steady_timer.hpp>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// One attempt. Lives in its handlers; answers once.
class dialer : public std::enable_shared_from_this<dialer> {
 public:
  dialer(io_unit& unit, const dial_options& options,
         std::shared_ptr<live_set> live,
         std::function<void(dial_result)> done)
      : unit_(unit), options_(options),
        authority_(config::authority(options.host, options.port)),
        live_(std::move(live)), done_(std::move(done)), deadline_(unit.context()),
        stream_(std::make_unique<byte_stream>(unit.context())) {}

  void start() {
    deadline_.expires_after(options_.timeout);
    deadline_.async_wait(guard(unit_, shared_from_this(),
                               [](const auto& me, const error_code& error) {
                                 if (!error)
                                   me->on_deadline();
                               }));
    if (const auto& proxy = options_.proxy)
      dial_by_name(unit_, shared_from_this(), *stream_, proxy->host,
                   proxy->port);
    else
      dial_by_name(unit_, shared_from_this(), *stream_, options_.host,
                   options_.port);
  }

  bool is_over() const noexcept { return !done_; }

  void on_connected(const error_code& error) {
    if (error)
      fail(error);
    else if (options_.proxy)
      pass();
    else
      on_passed({});
  }

  void on_passed(const proxy_answer& answer) {
    if (!answer.why.empty()) {
      rest_ = answer.rest;
      give_up(link_error::refused, answer.why);
      return;
    }
    passing_ = false;
    if (options_.tls)
      secure();
    else
      open();
  }

  void on_secured(const std::string& why) {
    if (!done_ || why.empty())
      return open();
    give_up(link_error::refused, why);
  }

  /// Not wanted any more.
  void cancel() {
    dispatch(unit_, guard(unit_, shared_from_this(), [](const auto& me) {
               if (me->done_)
                 me->give_up(link_error::refused, "cancelled");
             }));
  }

  void on_exception(const std::string& text) {
    give_up(link_error::lost, text);
  }

 private:
  void pass() {
    if (done_)
      pass_proxy(unit_, shared_from_this(), *stream_, *options_.proxy,
                 authority_);
  }

  void secure() {
    if (done_)
      secure_stream(unit_, shared_from_this(), *stream_,
                    as_settings(options_.tls), options_.host,
                    options_.transport == transport_kind::grpc ? "h2"
                                                               : "http/1.1");
  }

  void open() {
    if (!done_)
      return;
    auto answer = [me = shared_from_this()](link_ptr link, link_error error,
                                            const std::string& detail) {
      me->finish(std::move(link), error, detail);
    };
    link_ = open_link(std::move(answer));
    live_->add<link>(link_, [](link& link) { link.abort(link_error::none); });
  }

  link_ptr open_link(
    std::function<void(link_ptr, link_error, const std::string&)> answer) {
    switch (options_.transport) {
      case transport_kind::grpc:
        return open_grpc(unit_, std::move(stream_), authority_,
                         std::move(answer));
      case transport_kind::websocket:
        return open_websocket(unit_, std::move(stream_), authority_,
                              std::move(answer));
      case transport_kind::poll:
        break;
    }
    return open_poll(unit_, std::move(stream_), authority_,
                     {options_.tls, options_.host, options_.proxy, authority_},
                     std::move(answer));
  }

  void on_deadline() {
    give_up(link_error::timed_out,
            passing_ ? "the proxy " + proxy_name() + " timed out"
                     : "timed out");
  }

  std::string proxy_name() const {
    return config::authority(options_.proxy->host, options_.proxy->port);
  }

  void give_up(link_error why, const std::string& reason) {
    finish(nullptr, why, reason);
    if (stream_)
      stream_->close();
    if (link_)
      link_->abort(why);
  }

  void fail(const error_code& error) {
    finish(nullptr, classify_socket_error(error),
           (passing_ ? "the proxy " + proxy_name() + ": " : std::string{})
             + error.message());
  }

  void finish(link_ptr link, link_error error, const std::string& reason) {
    auto done = std::exchange(done_, nullptr);
    if (!done)
      return;
    deadline_.cancel();
    dial_result result;
    result.connected = std::move(link);
    if (!result.connected) {
      result.error = error;
      result.rest = rest_;
      result.detail = "cannot connect to " + authority_ + ": " + reason;
    }
    done(std::move(result));
  }

  io_unit& unit_;
  const dial_options options_;
  const std::string authority_;
  std::shared_ptr<live_set> live_;
  std::function<void(dial_result)> done_;
  asio::steady_timer deadline_;
  bool passing_ = options_.proxy != nullptr;
  duration rest_{};
  stream_ptr stream_; // until a link has it
  link_ptr link_; // while its handshake runs, and until we go
};

} // namespace

void dial_link(io_unit& unit, const dial_options& options,
               std::shared_ptr<live_set> live,
               std::function<void(dial_result)> done) {
  const auto attempt
    = std::make_shared<dialer>(unit, options, std::move(live),
                               std::move(done));
  attempt->start();
  if (options.scope)
    options.scope->add<dialer>(attempt, [](dialer& all) { all.cancel(); });
}

} // namespace aps
