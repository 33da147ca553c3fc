#include "tests/transports/tunnel/link_harness.hpp"

#include <future>

namespace aps::test {

void recorder::on_frames(frame_batch frames) {
  if (on_frame_) {
    for (auto& what : frames)
      on_frame_(what);
    return;
  }
  std::lock_guard guard{mutex_};
  for (auto& what : frames)
    frames_.push_back(std::move(what));
  changed_.notify_all();
}

void recorder::on_closed(link_error why, std::string) {
  std::lock_guard guard{mutex_};
  why_ = why;
  ++closings_;
  changed_.notify_all();
}

frame_batch recorder::frames(size_t n) {
  std::unique_lock guard{mutex_};
  changed_.wait_for(guard, patience, [&] { return frames_.size() >= n; });
  return std::exchange(frames_, {});
}

std::optional<link_error> recorder::closed() {
  std::unique_lock guard{mutex_};
  changed_.wait_for(guard, patience, [&] { return why_.has_value(); });
  return why_;
}

int recorder::closings() {
  std::lock_guard guard{mutex_};
  return closings_;
}

void link_front::start(exchange_ptr what) {
  what->fail(outcome::no_mapping, "no mapping");
}

void link_front::on_link(link_ptr what) {
  std::lock_guard guard{mutex_};
  links_.push_back(std::move(what));
  changed_.notify_all();
}

link_ptr link_front::take() {
  std::unique_lock guard{mutex_};
  changed_.wait_for(guard, patience, [&] { return !links_.empty(); });
  if (links_.empty())
    return nullptr;
  auto result = std::move(links_.front());
  links_.pop_front();
  return result;
}

std::string to_string(link_kind kind) {
  return std::string{aps::to_string(kind.transport)}
         + (kind.tls ? " over TLS" : "");
}

link_fixture::link_fixture()
    : net(make_network(2)), node(std::make_shared<link_front>()),
      agent_tls(net->make_tls({.ca_file = trusted.path})),
      port(net->listen(options(), node)),
      secure_port(net->listen(options(true), node)) {}

link_fixture::~link_fixture() {
  port.reset();
  secure_port.reset();
  net.reset();
}

listen_options link_fixture::options(bool tls) {
  listen_options result;
  result.name = "main";
  result.host = "127.0.0.1";
  if (tls) {
    tls_material own;
    own.pairs
      = {{certificate.cert, certificate.key, {"node", "127.0.0.1"}, "EC"}};
    result.tls = std::make_shared<const tls_material>(std::move(own));
  }
  return result;
}

dial_options link_fixture::dialling(link_kind kind, uint16_t to) {
  dial_options out;
  out.transport = kind.transport;
  out.host = "127.0.0.1";
  out.port = to;
  if (kind.tls)
    out.tls = agent_tls;
  return out;
}

dial_result link_fixture::dial(link_kind kind, uint16_t to, duration timeout) {
  auto options = dialling(kind, to);
  options.timeout = timeout;
  std::promise<dial_result> result;
  net->dial(net->unit(net->units() - 1), options,
            [&](dial_result outcome) { result.set_value(std::move(outcome)); });
  return result.get_future().get();
}

link_pair link_fixture::connect(link_kind kind) {
  auto agent = dial(kind, port_of(kind)->port()).connected;
  return {agent ? node->take() : nullptr, agent};
}

dial_result link_fixture::dial(transport_kind transport, uint16_t to) {
  return dial(link_kind{transport, false}, to);
}

link_pair link_fixture::connect(transport_kind transport) {
  return connect(link_kind{transport, false});
}

void link_fixture::start(const link_ptr& what,
                         std::shared_ptr<recorder> listener) {
  std::promise<void> started;
  what->unit().post([&] {
    what->start(std::move(listener));
    started.set_value();
  });
  started.get_future().wait();
}

} // namespace aps::test
