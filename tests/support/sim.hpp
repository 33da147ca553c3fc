#pragma once

#include "transports/seam/exchange/exchange.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>

/// A unit and links without threads and sockets: everything happens when the
/// test says so, in an order that a seed decides.
namespace aps::test {

/// An executor whose work runs when the test runs it.
class manual_unit final : public executor {
 public:
  explicit manual_unit(size_t index = 0) : index_(index) {}

  void post(std::function<void()> work) override {
    work_.push_back(std::move(work));
  }
  bool on_thread() const noexcept override { return inside_; }
  time_point now() const noexcept override { return now_; }
  size_t index() const noexcept override { return index_; }

  void advance(duration by) { now_ += by; }

  /// Runs `work` as if on the unit's thread.
  template <class Work>
  void run_inside(Work&& work) {
    const auto was = std::exchange(inside_, true);
    work();
    inside_ = was;
  }

  /// Runs one posted piece of work; false when there is none.
  bool run_one() {
    if (work_.empty())
      return false;
    auto work = std::move(work_.front());
    work_.pop_front();
    run_inside(work);
    return true;
  }

  bool idle() const noexcept { return work_.empty(); }

  void run_all() {
    while (run_one()) {
    }
  }

 private:
  size_t index_;
  bool inside_ = false;
  time_point now_{std::chrono::hours(1)};
  std::deque<std::function<void()>> work_;
};

/// One end of a simulated connection. Frames wait in `out` until the test
/// delivers or drops them.
class sim_link final : public link {
 public:
  explicit sim_link(executor& unit,
                    transport_kind kind = transport_kind::websocket)
      : unit_(unit), kind_(kind) {}

  void start(std::shared_ptr<link_listener> listener) override {
    listener_ = std::move(listener);
    if (closed)
      report_end();
  }
  bool started() const noexcept { return listener_ != nullptr; }
  void send(frame what) override {
    if (throw_on_pong && std::holds_alternative<pong_frame>(what.body))
      throw std::runtime_error("simulated exception");
    if (!closed)
      out.push_back(std::move(what));
  }
  void close(close_reason, std::string) override {
    closed_by_owner = closed_by_owner || !closed;
    end(link_error::none);
  }
  void abort(link_error why) override { end(why); }
  bool ended() const noexcept override { return closed; }
  transport_kind transport() const noexcept override { return kind_; }
  executor& unit() const noexcept override { return unit_; }
  const std::string& peer() const noexcept override { return peer_; }
  const std::string& server() const noexcept override { return server_; }
  const link_counters& counters() const noexcept override { return counters_; }
  tls_facts_ptr tls() const noexcept override { return facts; }

  /// Before it is used.
  void come_from(std::string peer) { peer_ = std::move(peer); }

  tls_facts_ptr facts; ///< before anybody has it; null = plain

  /// What the other end's frames arrive at.
  void receive(frame_batch frames) {
    if (listener_)
      listener_->on_frames(std::move(frames));
  }

  void end(link_error why) {
    if (std::exchange(closed, true))
      return;
    why_ = why;
    report_end();
  }

  std::deque<frame> out;
  bool closed = false;
  bool throw_on_pong = false;   ///< an exception in its owner's handler
  bool closed_by_owner = false; ///< in an orderly way, from this end

 private:
  static int next_number() {
    static int last = 0;
    return ++last;
  }

  void report_end() {
    if (auto listener = std::move(listener_))
      listener->on_closed(why_, "");
  }

  executor& unit_;
  transport_kind kind_;
  link_error why_ = link_error::none;
  std::shared_ptr<link_listener> listener_;
  std::string peer_ = "sim-" + std::to_string(next_number());
  std::string server_ = "main";
  link_counters counters_;
};

} // namespace aps::test
