#include "actors/admin/grpc/watch/watcher.hpp"

#include "actors/admin/grpc/answer.hpp"
#include "actors/admin/grpc/event_message.hpp"
#include "actors/compat.hpp"

namespace aps::admin {

namespace {

// Above what the monitor remembers, so that a whole replay fits; what is on its
// way here beside what waits is no more than the rest.
constexpr uint32_t watch_credit = 1536;

/// The state of a watcher, on its actor.
class watch {
 public:
  watch(caf::event_based_actor* self, watch_sources from, watch_wish wish,
        watch_sink* sink)
      : self_(self), from_(std::move(from)), wish_(std::move(wish)),
        sink_(sink) {}

  void begin() {
    sink_->begin(caf::actor{self_});
    compat::monitor(self_, from_.monitor);
    compat::monitor(self_, from_.door);
    compat::send(self_, from_.monitor,
                 subscribe{wish_.filter, watch_credit, wish_.after});
  }

  void on_start(const monitor_snapshot& start) {
    from_.ask_snapshot([me = caf::strong_actor_ptr{self_->ctrl()}, this,
                        serial = start.serial](const document& found) {
      compat::run_on(me, caf::make_action([this, found, serial] {
                       on_snapshot(found, serial);
                     }));
    });
  }

  void on_event(const event& event) {
    queue_.add(event_message(from_.node_id, event));
    pump();
  }

  void on_missed(const missed& left_out) {
    queue_.add_missed(left_out.count);
    pump();
  }

  void on_written(const acknowledge&) {
    state_ = state::ready;
    if (const auto events = std::exchange(under_way_, 0); events > 0)
      compat::send(self_, from_.monitor, acknowledge{events});
    pump();
  }

  // What the monitor heard before the door closed is told, that the node stops
  // above all; who does not read is cut by the server.
  void on_down(const caf::down_msg& gone) {
    if (gone.source != from_.door.address() || state_ == state::waiting)
      return self_->quit();
    compat::request(
      self_, from_.monitor, get_counts{},
      [this](const monitor_counts&) {
        closing_ = true;
        pump();
      },
      [this](const caf::error&) { self_->quit(); });
  }

  void end() { sink_->end(status_); }

 private:
  enum class state : uint8_t {
    waiting, ///< for the snapshot
    writing,
    ready,
  };

  void on_snapshot(const document& found, uint64_t serial) {
    v1::Snapshot snapshot;
    status_ = read_answer(found, snapshot);
    if (!status_.ok())
      return self_->quit();
    status_ = the_end();
    state_ = state::writing;
    sink_->write(snapshot_message(std::move(snapshot), from_.node_id, serial,
                                  wish_.after.has_value()));
  }

  void pump() {
    if (state_ != state::ready)
      return;
    if (queue_.empty()) {
      if (closing_)
        self_->quit();
      return;
    }
    auto next = queue_.take();
    state_ = state::writing;
    under_way_ = next.events;
    sink_->write(std::move(next.message));
  }

  static grpc::Status the_end() {
    return {grpc::StatusCode::UNAVAILABLE, "the node stops"};
  }

  caf::event_based_actor* self_;
  watch_sources from_;
  watch_wish wish_;
  watch_sink* sink_;
  watch_queue queue_;
  state state_ = state::waiting;
  uint32_t under_way_ = 0; ///< events in what is being written
  bool closing_ = false;   ///< nothing more is heard
  grpc::Status status_ = the_end();
};

} // namespace

caf::behavior watcher(caf::event_based_actor* self, watch_sources from,
                      watch_wish wish, watch_sink* sink) {
  auto state
    = std::make_shared<watch>(self, std::move(from), std::move(wish), sink);
  self->attach_functor([state] { state->end(); });
  compat::on_down(self,
                  [state](const caf::down_msg& gone) { state->on_down(gone); });
  state->begin();
  return {
    [state](const monitor_snapshot& start) { state->on_start(start); },
    [state](const event& event) { state->on_event(event); },
    [state](const missed& left_out) { state->on_missed(left_out); },
    [state](const acknowledge& written) { state->on_written(written); },
  };
}

} // namespace aps::admin
