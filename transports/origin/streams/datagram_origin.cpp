#include "transports/origin/streams/datagram_origin.hpp"

#include "transports/net/datagram/receive_datagram.hpp"
#include "transports/net/guard.hpp"
#include "transports/seam/process/descriptors.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

namespace aps {

using boost::system::error_code;
using udp = boost::asio::ip::udp;

namespace {

// Datagrams of one session that are taken before others have their turn.
constexpr int most_at_once = 64;

// Of what may wait for the socket, as `datagram_cost` counts.
constexpr size_t most_early = 64 * 1024;

response_head_ptr ready_head() {
  auto out = std::make_shared<response_head>();
  out->status = 200;
  return out;
}

} // namespace

datagram_origin::datagram_origin(std::shared_ptr<origin_pool> pool,
                                 served_exchange_ptr served)
    : pool_(std::move(pool)), name_(served->head()->authority),
      served_(std::move(served)), socket_(pool_->unit().context()) {}

void datagram_origin::start() {
  pool_->note_user(*this);
  const auto& head = *served_->head();
  const auto self = shared_from_this();
  auto& unit = pool_->unit();
  error_code error;
  laps_ = pool_->settings()->circles->laps_of(head.scheme, head.proxy_ends);
  if (laps_ > stream_circles::most_laps) {
    boost::asio::post(unit.context(), [self] {
      self->fail(outcome::loop_detected, "leads back to where it came from");
    });
    return;
  }
  if (!parse_authority(head.scheme, head.authority, to_)
      || !to_.socket.empty()) {
    boost::asio::post(unit.context(), [self] {
      self->fail(outcome::origin_unresolved, "not a host and port");
    });
    return;
  }
  const auto literal = boost::asio::ip::make_address(to_.host, error);
  if (!error) {
    boost::asio::post(unit.context(),
                      guard(unit, self, [literal](const auto& me) {
                        me->on_resolved({}, {literal});
                      }));
    return;
  }
  wanted_ = std::make_shared<char>();
  unit.target_names().find(
    to_.host, wanted_,
    [self](const error_code& failed, const resolver::addresses& found) {
      guard(self->pool_->unit(), self,
            [&](const auto& me) { me->on_resolved(failed, found); })();
    });
}

void datagram_origin::on_resolved(const error_code& error,
                                  const resolver::addresses& found) {
  if (!served_)
    return;
  if (error)
    return fail(outcome::origin_unresolved, error.message());
  const auto port = static_cast<uint16_t>(std::atoi(to_.port.c_str()));
  const auto& options = pool_->settings()->options;
  bool admitted = false;
  for (const auto& address : found) {
    const auto text = address.to_string();
    if (options.admits && !options.admits({to_.host, text, port})) {
      if (options.on_forbidden && !admitted)
        options.on_forbidden({to_.host, text, port});
      continue;
    }
    admitted = true;
    if (!connect(address, port))
      continue;
    served_->send_head(ready_head());
    for (const auto& early : std::exchange(early_, {}))
      send(early);
    return wait();
  }
  fail(admitted ? outcome::origin_unreachable : outcome::target_forbidden,
       admitted ? "no way to it" : "not a target that the agent may ask");
}

// Nothing is sent by that, so nobody can refuse.
bool datagram_origin::connect(const boost::asio::ip::address& to,
                              uint16_t port) {
  error_code error;
  const udp::endpoint where{to, port};
  socket_.close(error);
  socket_.open(where.protocol(), error);
  if (!error && in_descriptor_reserve(socket_.native_handle()))
    error = boost::asio::error::no_descriptors;
  if (!error)
    socket_.connect(where, error);
  if (error)
    return false;
  const auto from = socket_.local_endpoint(error);
  if (!error)
    noted_ = pool_->settings()->circles->add(
      served_->head()->scheme,
      ends_of({from.address(), from.port()}, {where.address(), where.port()}),
      laps_);
  return true;
}

void datagram_origin::on_datagram(slice datagram) {
  if (!served_)
    return;
  if (socket_.is_open())
    return send(datagram);
  if (early_cost_ >= most_early)
    return;
  early_cost_ += datagram_cost(datagram.size());
  early_.push_back(slice::copy(datagram.view())); // not all of its message
}

// Full buffers lose it, as they do everywhere.
void datagram_origin::send(const slice& datagram) {
  ::send(socket_.native_handle(), datagram.data(), datagram.size(),
         MSG_DONTWAIT | MSG_NOSIGNAL);
}

void datagram_origin::wait() {
  socket_.async_wait(udp::socket::wait_read,
                     guard(pool_->unit(), shared_from_this(),
                           [](const auto& self, const error_code& error) {
                             if (self->served_ && !error)
                               self->receive();
                           }));
}

// What nobody listens for at the target comes as an error of one datagram.
void datagram_origin::receive() {
  for (int i = 0; served_ && i < most_at_once; ++i) {
    const auto got = receive_datagram(socket_.native_handle());
    if (got.error == EAGAIN)
      break;
    if (got.any)
      served_->send_datagram(slice::copy(got.bytes));
  }
  if (served_)
    wait();
}

void datagram_origin::on_cancelled() {
  let_go();
}

void datagram_origin::on_shut_down() {
  fail(outcome::draining, "the agent ends");
}

void datagram_origin::on_exception(const std::string& text) {
  fail(outcome::origin_closed, text);
}

void datagram_origin::let_go() {
  const auto kept = shared_from_this();
  unlink();
  noted_ = nullptr;
  served_ = nullptr;
  wanted_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
}

void datagram_origin::fail(outcome why, const std::string& reason) {
  const auto served = served_;
  let_go();
  if (served)
    served->fail(why, name_ + ": " + reason);
}

} // namespace aps
