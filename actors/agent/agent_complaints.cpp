#include "actors/agent/agent_complaints.hpp"

#include "actors/agent/agent_actor.hpp"
#include "actors/base/transports.hpp"
#include "actors/watch/event_text.hpp"

#include <algorithm>

namespace aps {

std::string ending_of(transport_kind transport) {
  return " (" + std::string(row_of(transport).title) + ")";
}

std::string_view advice_for(refusal why) noexcept {
  switch (why) {
    case refusal::bad_proof: return "; check -tunnel and -password";
    case refusal::not_here: return "; dial another server of the node";
    case refusal::version: return "; update the agent or the node";
    case refusal::disabled: return "; use another -transport";
    case refusal::replaced:
      return "; if both agents are to live, give each its own -instance";
    default: return "";
  }
}

bool is_hopeless(refusal why, bool others_refused) noexcept {
  switch (why) {
    case refusal::pool_full:
    case refusal::draining:
    case refusal::replaced: return false;
    case refusal::disabled: return others_refused;
    default: return true;
  }
}

duration pause_before(const peer_finding& found) noexcept {
  return std::chrono::seconds(found.takes_no_agents ? 10 : 1);
}

// -- the part of the agent's actor that complains -----------------------------

void agent_state::refuse(lane& lane, transport_kind transport,
                         const refused_frame& no) {
  const auto others_refused
    = std::all_of(lanes_.begin(), lanes_.end(), [&](const auto& item) {
        return &item.second == &lane || item.second.refused;
      });
  const auto hopeless = is_hopeless(no.code, others_refused);
  lane.refused = true;
  const auto text
    = context_->server_name() + " refused "
      + std::string(no.code == refusal::disabled ? row_of(transport).title
                                                 : context_->agent_name())
      + ": " + no.message + std::string(advice_for(no.code));
  metrics_.on_refused(no.code);
  if (hopeless && !draining_)
    report(agent_report::news::refused, text);
  if (!hopeless || !context_->ends_on_refusal)
    complain(lane, transport, text, false, no.code == refusal::replaced);
  last_failure_ = last_refusal_
    = trouble{text, compat::now(self_), no.code, transport};
}

// Beside others that live a transport is one trouble, however it fails, until
// it is back. When nothing lives, all of them have one reason.
std::string agent_state::cause_of(transport_kind transport,
                                  const std::string& text, bool lost) const {
  const auto alone = ending_of(transport);
  if (is_connected() || (lost && failures_.knows(alone)))
    return alone;
  return lost ? "lost" : text;
}

// What transports say of a failure can be far from its reason, so somebody has
// a look at what is no node, or not yet. What has cut off all of them is no
// trouble of the one.
void agent_state::complain(const lane& lane, transport_kind transport,
                           const std::string& text, bool lost, bool cut_off) {
  const auto now = compat::now(self_);
  const auto of_one = is_connected() && !cut_off;
  const auto cause = cut_off ? text : cause_of(transport, text, lost);
  const auto shown_text = of_one ? text + ending_of(transport) : text;
  // What somebody found behind it says more.
  last_failure_ = trouble{
    found_.text.empty() ? shown_text : found_.text, now, {}, transport};
  if (!failures_.admit(cause, now)) {
    context_->log.debug("{} over {}: {}", context_->server_name(),
                        row_of(transport).title, text);
    return;
  }
  const auto own = lane.next_dial();
  const auto next = cut_off ? next_try(now, true).value_or(own) : own;
  if (!context_->examine || !node_.empty() || lane.refused || draining_)
    return write_complaint(cause, shown_text, next);
  auto& net = *context_->net;
  auto& unit = net.unit(next_unit_++ % net.units());
  context_->examine(
    unit, context_->server, context_->dials,
    [this, me = caf::strong_actor_ptr{self_->ctrl()}, cause, shown_text, next,
     transport, use = context_->units->use()](const peer_finding& found) {
      compat::run_on(me, caf::make_action([=, this] {
                       if (found.text.empty())
                         write_complaint(cause, shown_text, next);
                       else
                         on_found(found, transport);
                     }));
    });
}

void agent_state::on_found(const peer_finding& found,
                           transport_kind transport) {
  const auto now = compat::now(self_);
  if (node_.empty())
    for (auto& [kind, lane] : lanes_)
      lane.redials.hold(now + pause_before(found));
  const auto hopeless = found.takes_no_agents && !is_connected();
  if (hopeless && !draining_)
    report(agent_report::news::refused, found.text);
  if (!hopeless || !context_->ends_on_refusal)
    write_complaint(found.text, found.text, next_try(now, false).value_or(now));
  if (is_connected())
    return;
  found_ = found;
  last_failure_ = trouble{found.text, now, {}, transport};
}

void agent_state::write_complaint(const std::string& cause,
                                  const std::string& text, time_point next) {
  const auto now = compat::now(self_);
  const auto age = found_troubles_.admit(cause, now);
  if (!age || draining_)
    return;
  context_->log.warn("{}{}; {}", text,
                     *age > duration::zero() ? ", for " + in_words(*age) : "",
                     next - now < std::chrono::seconds(1)
                       ? "trying again"
                       : "trying again in " + in_words(next - now));
  report(agent_report::news::failed, text);
}

void agent_state::report(agent_report::news news, const std::string& text,
                         const std::string& url, const std::string& target) {
  if (context_->on_report)
    context_->on_report({context_->server, news, text, url, target});
}

} // namespace aps
