#pragma once

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

/// A network with one open port that speaks to itself.
struct link_fixture {
  link_fixture();
  ~link_fixture();

  listen_options options();
  dial_result dial(transport_kind transport, uint16_t port,
                   duration timeout = std::chrono::seconds(20));
  link_pair connect(transport_kind transport);

  /// Starts a link on its own thread.
  static void start(const link_ptr& what, std::shared_ptr<recorder> listener);

  std::shared_ptr<network> net;
  std::shared_ptr<link_front> node;
  std::unique_ptr<listener> port;
};

inline constexpr transport_kind transports[]
  = {transport_kind::websocket, transport_kind::grpc, transport_kind::poll};

} // namespace aps::test
