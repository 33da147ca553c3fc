// What an agent's actor tells about itself.
#include "actors/agent/agent_actor.hpp"

namespace aps {

agent_snapshot agent_state::show() const {
  using phase = agent_snapshot::phase;
  const auto now = compat::now(self_);
  agent_snapshot out;
  out.server = context_->server_name();
  out.node = node_;
  out.connected = is_connected();
  out.draining = draining_;
  for (const auto& [transport, lane] : lanes_) {
    const auto add = [&, name = transport](const std::vector<member>& all,
                                           phase state) {
      for (const auto& one : all)
        out.connections.push_back({one.name, name, state, now - one.since});
    };
    add(lane.live, draining_ ? phase::leaving : phase::live);
    add(lane.greeting, phase::greeting);
    add(lane.surplus, phase::leaving);
    const auto live = static_cast<uint32_t>(lane.live.size());
    const auto wanted = is_needed(transport, now) ? lane.wanted : 0;
    out.lanes.push_back({transport, wanted, live, lane.under_way()});
  }
  if (const auto next = next_try(now, false))
    out.next_dial = std::max(*next - now, duration::zero());
  const auto told = [&](const std::optional<trouble>& one) {
    return one ? std::optional<agent_snapshot::trouble>{
             {one->text, now - one->at, one->refused, one->over}}
               : std::nullopt;
  };
  out.last_refusal = told(last_refusal_);
  out.last_failure = told(last_failure_);
  out.publications = publisher_.states();
  out.started = metrics_.started();
  out.abandoned = metrics_.abandoned();
  out.live = table_.size();
  return out;
}

} // namespace aps
