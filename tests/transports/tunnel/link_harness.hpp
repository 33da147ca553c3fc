#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/text_file.hpp"

#include "transports/real_network.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aps::test {

/// How long a test waits for what must happen; never a condition by itself.
inline constexpr std::chrono::seconds patience{60};

/// Records what a link says. Thread: any.
class recorder : public link_listener {
 public:
  using frame_handler = std::function<void(frame&)>;

  /// `on_frame` runs on the link's thread; without it frames are collected.
  explicit recorder(frame_handler on_frame = {})
      : on_frame_(std::move(on_frame)) {}

  void on_frames(frame_batch frames) override;
  void on_closed(link_error why, std::string detail) override;

  /// Waits for at least `n` frames and takes all.
  frame_batch frames(size_t n);

  /// Waits for the end; nothing when it does not come.
  std::optional<link_error> closed();

  /// How often `on_closed` was called so far.
  int closings();

 private:
  frame_handler on_frame_;
  std::mutex mutex_;
  std::condition_variable changed_;
  frame_batch frames_;
  std::optional<link_error> why_;
  int closings_ = 0;
};

/// A front without mappings that keeps the links of agents.
class link_front : public front {
 public:
  route_decision admit(const visitor_request&) override { return denial{}; }
  void start(exchange_ptr what) override;
  void on_link(link_ptr what) override;
  exchange_id next_id() override { return 1; }

  /// Waits for the next agent; null when none comes.
  link_ptr take();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<link_ptr> links_;
};

/// Both ends of one link.
struct link_pair {
  link_ptr node;
  link_ptr agent;
};

/// What carries a link: a transport, over TLS or in plain.
struct link_kind {
  transport_kind transport;
  bool tls;
};

std::string to_string(link_kind kind);

inline constexpr link_kind link_kinds[]
  = {{transport_kind::websocket, false}, {transport_kind::grpc, false},
     {transport_kind::poll, false},      {transport_kind::websocket, true},
     {transport_kind::grpc, true},       {transport_kind::poll, true}};

/// A network that speaks to itself, through a plain port and one with TLS. Its
/// certificate is as old as the fixture.
struct link_fixture {
  link_fixture();
  ~link_fixture();

  listen_options options(bool tls = false);
  dial_options dialling(link_kind kind, uint16_t port);
  dial_result dial(link_kind kind, uint16_t port,
                   duration timeout = std::chrono::seconds(20));
  link_pair connect(link_kind kind);

  /// In plain.
  dial_result dial(transport_kind transport, uint16_t port);
  link_pair connect(transport_kind transport);

  /// The port where such links arrive.
  std::unique_ptr<listener>& port_of(link_kind kind) {
    return kind.tls ? secure_port : port;
  }

  /// Starts a link on its own thread.
  static void start(const link_ptr& what, std::shared_ptr<recorder> listener);

  made_certificate certificate
    = make_certificate({.name = "node", .names = "DNS:node,IP:127.0.0.1"});
  text_file trusted{"node.pem", certificate.cert};
  std::shared_ptr<network> net;
  std::shared_ptr<link_front> node;
  client_tls_ptr agent_tls;
  std::unique_ptr<listener> port;
  std::unique_ptr<listener> secure_port;
};

} // namespace aps::test
