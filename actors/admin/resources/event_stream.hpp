#pragma once

#include "actors/admin/call.hpp"
#include "transports/seam/limits/hold.hpp"

#include <caf/event_based_actor.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace aps::admin {

/// The answer of `GET /.api/events` on the exchange's unit: sends what the
/// stream's actor hands over as far as the reader takes it, and then tells the
/// actor, which passes that on as credit. So a slow reader costs the events it
/// misses and no memory. Everything on the unit's thread unless told otherwise.
class event_writer final : public origin,
                           public std::enable_shared_from_this<event_writer> {
 public:
  event_writer(served_exchange_ptr to, std::shared_ptr<unit_contexts> units);

  /// Whom to tell; before the first `write`.
  void set_actor(caf::actor actor) { actor_ = std::move(actor); }

  /// Sends the head.
  void start();

  /// `events` of the text's messages count as credit. Thread: any.
  void write(std::string text, uint32_t events);

  /// Ends the answer. Thread: any.
  void finish();

  // -- origin -----------------------------------------------------------------

  void on_body(slice) override {}
  void on_body_end(const header_list&) override {}
  void on_cancelled() override;
  void on_writable() override { pump(); }

 private:
  struct chunk {
    std::string text;
    uint32_t events;
  };

  void pump();

  executor& unit_;
  served_exchange_ptr to_; ///< null = over
  std::shared_ptr<unit_contexts> units_;
  hold use_;
  caf::actor actor_;
  std::deque<chunk> queue_;
};

/// What a reader asked for.
struct stream_request {
  event_filter filter;
  std::optional<uint64_t> after = {}; ///< as in `subscribe`
  bool with_tunnels = true;           ///< in the snapshot
};

/// Subscribes to the monitor and writes what it hears; ends with its writer.
/// `share` counts it.
caf::behavior event_stream(caf::event_based_actor* self, call from,
                           stream_request request,
                           std::shared_ptr<event_writer> writer, hold share);

} // namespace aps::admin
