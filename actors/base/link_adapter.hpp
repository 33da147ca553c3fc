#pragma once

#include "actors/base/unit_context.hpp"
#include "actors/messages.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/limits/hold.hpp"

#include <memory>
#include <utility>

namespace aps {

/// Brings what a link reports to its connection actor: exactly one message
/// per call, run on the link's own unit.
template <class Handle>
class link_adapter final : public link_listener {
 public:
  link_adapter(Handle to, unit_contexts& units, const executor& unit)
      : use_(units.use()), to_(std::move(to)), on_(units.of(unit)) {}

  void on_frames(frame_batch frames) override {
    compat::enqueue(on_.get(), to_, link_frames{std::move(frames)});
  }

  void on_closed(link_error why, std::string detail) override {
    // A close frame, a status or a GOAWAY carries the peer's own words.
    compat::enqueue(on_.get(), to_, link_closed{why, foreign_text(detail),
                                                std::move(unsent_)});
  }

  void on_unsent(std::vector<exchange_id> exchanges) override {
    unsent_ = std::move(exchanges);
  }

 private:
  hold use_;
  Handle to_;
  std::shared_ptr<unit_context> on_;
  std::vector<exchange_id> unsent_;
};

/// Brings the end of an exchange to the connection actor that carries it.
template <class Handle>
class owner_adapter final : public exchange_owner {
 public:
  owner_adapter(Handle to, std::shared_ptr<unit_contexts> units,
                carrier_ptr carrier = nullptr)
      : use_(units->use()), to_(std::move(to)), units_(std::move(units)),
        who_(std::move(carrier)) {}

  carrier_ptr who() const override { return who_; }

  void on_finished(executor& unit, exchange_id id, outcome outcome) override {
    compat::enqueue(units_->of(unit).get(), to_,
                    exchange_finished{id, outcome});
  }

 private:
  hold use_;
  Handle to_;
  std::shared_ptr<unit_contexts> units_;
  carrier_ptr who_;
};

} // namespace aps
