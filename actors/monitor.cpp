#include "actors/monitor.hpp"

#include "actors/text.hpp"

#include <algorithm>

namespace aps {

monitor_state::monitor_state(monitor_actor::pointer self,
                             std::shared_ptr<spdlog::logger> log)
    : self_(self), log_(std::move(log)) {}

monitor_actor::behavior_type monitor_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) {
    std::erase_if(subscribers_, [&](const caf::actor& who) {
      return who.address() == down.source;
    });
  });
  return {
    [this](const event& what) { on_event(what); },
    [this](const subscribe&) { on_subscribe(); },
  };
}

void monitor_state::on_event(const event& what) {
  const auto level = is_warning(what.kind) ? spdlog::level::warn
                                           : spdlog::level::info;
  if (log_->should_log(level))
    log_->log(level, "{}", render(what));
  for (const auto& who : subscribers_)
    compat::send_anonymously(who, what);
}

void monitor_state::on_subscribe() {
  const auto who = caf::actor_cast<caf::actor>(self_->current_sender());
  if (!who
      || std::find(subscribers_.begin(), subscribers_.end(), who)
           != subscribers_.end())
    return;
  compat::monitor(self_, who);
  subscribers_.push_back(who);
}

} // namespace aps
