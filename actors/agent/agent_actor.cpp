#include "actors/agent/agent_actor.hpp"

#include "actors/agent/agent_complaints.hpp"
#include "actors/agent/agent_connection.hpp"
#include "actors/base/link_adapter.hpp"
#include "actors/base/transports.hpp"
#include "actors/watch/event_text.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(50);

// More than any sane pool; a node cannot make us dial without end.
constexpr uint32_t max_wanted = 1024;

// What was accepted and stays silent is given up sooner than a slow network.
constexpr duration greeting_patience = std::chrono::seconds(1);

} // namespace

agent_state::agent_state(agent_actor::pointer self, agent_context_ptr context)
    : self_(self), context_(std::move(context)),
      metrics_(self->system().metrics(),
               {context_->tunnel, context_->endpoint, context_->server_name()},
               context_->transports),
      publisher_(context_->publications) {
  for (const auto transport : context_->transports)
    lanes_[transport].redials
      = restart_pacer{{}, self_->id() * 7919
                            + static_cast<uint64_t>(transport)};
}

agent_state::~agent_state() {
  for (auto& [id, one] : table_)
    if (one.served)
      one.served->cancel();
  *context_->live -= table_.size();
  for (auto& [transport, lane] : lanes_)
    for (const auto* list : {&lane.greeting, &lane.live, &lane.surplus})
      for (const auto& one : *list)
        compat::stop_anonymously(one.actor);
}

agent_actor::behavior_type agent_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) {
    on_dead(down.source);
  });
  dial_missing();
  arm_tick();
  return {
    // Handlers are looked through in this order: those of each request first.
    [this](request_arrived& message) { on_request(message); },
    [this](const served_finished& done) { on_finished(done.exchange); },
    [this](dial_done& done) { on_dialled(done); },
    [this](const agent_connection_up& up) { on_up(up); },
    [this](const agent_connection_down& down) { on_down(down); },
    [this](const open_wanted& open) { on_open(open); },
    [this](resume_arrived& message) { on_resume(message); },
    [this](const served_started& started) { on_started(started); },
    [this](key_derived) { dial_missing(); },
    [this](const names_published& message) { on_published(message); },
    [this](drain) { on_drain(); },
    [this](get_snapshot) { return show(); },
  };
}

// -- dialling -----------------------------------------------------------------

void agent_state::arm_tick() {
  compat::run_delayed(self_, tick_interval, [this] {
    on_tick();
    arm_tick();
  });
}

void agent_state::on_tick() {
  const auto now = compat::now(self_);
  give_up_detached(now);
  mind_last_resort(now);
  publish_due();
  dial_missing();
}

// Polling among others is for networks that break all of them.
bool agent_state::is_last_resort(transport_kind transport) const {
  return row_of(transport).last_resort && lanes_.size() > 1;
}

bool agent_state::is_needed(transport_kind transport, time_point now) const {
  return !is_last_resort(transport) || last_resort_.is_needed(now);
}

bool agent_state::others_live() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [this](const auto& item) {
    return !is_last_resort(item.first) && !item.second.live.empty();
  });
}

// When the first of all transports is dialled that miss a connection. With
// `cut_off` those that live are about to go the way of the refused one.
std::optional<time_point> agent_state::next_try(time_point now,
                                                bool cut_off) const {
  std::optional<time_point> out;
  for (const auto& [transport, lane] : lanes_) {
    const auto last_resort = is_last_resort(transport);
    if (draining_ || (cut_off && !lane.live.empty())
        || (!cut_off && lane.live.size() >= lane.wanted)
        || (!cut_off && last_resort && others_live()))
      continue;
    const auto begin
      = is_needed(transport, now) ? now : last_resort_.begins(now);
    const auto next = std::max(begin, lane.next_dial());
    out = std::min(out.value_or(next), next);
  }
  return out;
}

void agent_state::mind_last_resort(time_point now) {
  last_resort_.note(others_live(), now);
  if (!last_resort_.is_over(now))
    return;
  for (const auto& [transport, lane] : lanes_)
    if (is_last_resort(transport))
      for (const auto& one : lane.live)
        compat::send(
          self_, one.actor,
          retire{close_reason::normal,
                 std::string(row_of(transport).title) + " is not needed",
                 false});
}

void agent_state::dial_missing() {
  const auto key = context_->key->get();
  if (draining_ || key->empty())
    return;
  const auto now = compat::now(self_);
  for (auto& [transport, lane] : lanes_) {
    if (!is_needed(transport, now))
      continue;
    for (auto count = dials_due(lane.view(), lane.redials, now); count > 0;
         --count)
      dial(transport, lane, now);
  }
  wake_for_dials(now);
}

time_point agent_state::lane::next_dial() const {
  return aps::next_dial(view(), redials);
}

void agent_state::dial(transport_kind transport, lane& lane, time_point now) {
  assert(!draining_ && lane.live.size() < lane.wanted);
  ++lane.dialing;
  metrics_.on_dial(transport);
  auto& net = *context_->net;
  auto& unit = net.unit(next_unit_++ % net.units());
  lane.redials.on_tried(now);
  lane.tried_at = now;
  const auto patient = lane.patient == 0;
  lane.patient += patient;
  dial_options options;
  options.transport = transport;
  options.host = context_->server.host;
  options.port = context_->server.port;
  options.tls = context_->tls;
  options.proxy = context_->server.proxy;
  options.scope = context_->dials;
  options.timeout
    = dial_patience(lane.redials.outage(now), lane.usual, patient);
  unit.post([&net, &unit, options, patient, now, to = agent_actor{self_},
             units = context_->units, use = context_->units->use()] {
    net.dial(unit, options, [=, &unit](dial_result r) {
      compat::enqueue(units->of(unit).get(), to,
                      dial_done{options.transport, std::move(r), patient,
                                now});
      static_cast<void>(use);
    });
  });
}

// The tick is too coarse for the first pauses of an outage.
void agent_state::wake_for_dials(time_point now) {
  std::optional<time_point> next;
  for (const auto& [transport, lane] : lanes_)
    if (lane.live.size() < lane.wanted && lane.next_dial() > now
        && (!next || lane.next_dial() < *next))
      next = lane.next_dial();
  if (!next || *next - now >= tick_interval
      || (wake_at_ > now && wake_at_ <= *next))
    return;
  wake_at_ = *next;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - now);
  compat::run_delayed(self_, wait, [this] { dial_missing(); });
}

void agent_state::on_dialled(dial_done& done) {
  auto& lane = lanes_[done.transport];
  const auto now = compat::now(self_);
  --lane.dialing;
  lane.patient -= done.patient;
  auto& link = done.result.connected;
  if (!link) {
    lane.redials.on_failed(now);
    lane.redials.hold(now + done.result.rest);
    if (!found_.text.empty() && node_.empty())
      lane.redials.hold(now + pause_before(found_));
    metrics_.on_dial_failed(done.transport);
    if (!draining_)
      complain(lane, done.transport,
               foreign_text(done.result.detail)
                 + (node_.empty() && !context_->tls && !context_->server.proxy
                        && done.result.error == link_error::refused
                      ? " (is a node running there?)"
                      : ""));
    return;
  }
  if (draining_)
    return link->close(close_reason::shutdown, "the agent is stopping");
  // One that hung through an outage says little.
  const auto took = now - done.started;
  lane.usual
    = lane.usual == duration::zero() ? took : std::min(took, 2 * lane.usual);
  give_up_greeting(lane, greeting_patience, now);
  if (lane.live.size() + lane.greeting.size() >= lane.wanted)
    return link->close(close_reason::normal, "another one was faster");
  auto actor = self_->spawn<agent_connection_impl>(context_,
                                                   agent_actor{self_}, link);
  compat::monitor(self_, actor);
  lane.greeting.push_back({actor, now});
  auto listener = std::make_shared<link_adapter<agent_connection_actor>>(
    actor, *context_->units, link->unit());
  dispatch(link->unit(), [link, listener] { link->start(listener); });
}

void agent_state::give_up_greeting(lane& lane, duration older_than,
                                   time_point now) {
  std::erase_if(lane.greeting, [&](const member& one) {
    if (now - one.since < older_than)
      return false;
    compat::send(self_, one.actor,
                 retire{close_reason::normal, "another one was faster", false});
    lane.surplus.push_back(one);
    return true;
  });
}

void agent_state::on_up(const agent_connection_up& up) {
  auto& own = lanes_[up.transport];
  const auto other_node = std::exchange(node_, up.node) != up.node;
  // What a former node process asked for is no wish of this one.
  if (other_node)
    for (auto& [transport, lane] : lanes_)
      lane.wanted = std::max(static_cast<uint32_t>(lane.live.size())
                               + (transport == up.transport),
                             1u);
  // The node is back: no transport has to sit out its pause.
  const auto first = !is_connected();
  if (first)
    for (auto& [transport, lane] : lanes_)
      lane.redials.hurry(compat::now(self_));
  const auto same = [&](const member& one) { return one.actor == up.actor; };
  // One that was given up and is welcome at this very moment leaves again.
  if (std::erase_if(own.greeting, same) == 0)
    return;
  own.live.push_back({up.actor, compat::now(self_), up.connection});
  metrics_.set_live(up.transport, own.live.size());
  own.redials.on_up();
  own.refused = false;
  for (auto* all : {&failures_, &found_troubles_})
    first ? all->clear() : all->forget(ending_of(up.transport));
  for (auto* one : {&last_refusal_, &last_failure_})
    if (*one && (first || (*one)->transport == up.transport))
      (*one)->over = true;
  found_ = {};
  resume_time_ = std::chrono::milliseconds(up.resume_time_ms);
  context_->log.info("Connected to {} over {} as {}.{} ({})",
                     context_->server_name(), row_of(up.transport).title,
                     context_->tunnel, context_->endpoint, up.connection);
  if (up.took_over)
    context_->log.info("{} took this for the restart of an agent that was "
                       "still connected; if both are to live, give each its "
                       "own -instance",
                       context_->server_name());
  if (up.agents > 1 && up.agents != agents_)
    context_->log.info("{}", several_agents(context_->tunnel,
                                            context_->endpoint, up.agents));
  agents_ = up.agents;
  if (first)
    report(agent_report::news::connected);
  mind_publications(up, first || other_node);
  dial_missing();
}

// -- publications -------------------------------------------------------------

void agent_state::mind_publications(const agent_connection_up& up, bool fresh) {
  if (publisher_.is_idle() || !fresh)
    return publish_due();
  if (!up.publishes) {
    publisher_.on_lost();
    const auto text = context_->server_name()
                      + " is too old to give names to what agents publish";
    context_->log.warn("{}", text);
    return report(agent_report::news::unpublished, text);
  }
  publisher_.on_connected();
  publish_due();
}

// Over any connection: the node knows the session.
void agent_state::publish_due() {
  if (draining_ || publisher_.is_idle() || !is_connected())
    return;
  auto frame = publisher_.due(compat::now(self_));
  if (!frame)
    return;
  for (const auto& [transport, lane] : lanes_)
    if (!lane.live.empty())
      return compat::send(self_, lane.live.back().actor,
                          publish_names{{}, {}, std::move(*frame)});
}

void agent_state::on_published(const names_published& message) {
  // What has no host is at the node's own.
  for (const auto& each : publisher_.on_answer(
         message.frame, context_->server.host, compat::now(self_))) {
    if (each.granted)
      context_->log.info("{}", each.text);
    else
      context_->log.warn("{}; asking again", each.text);
    report(each.granted ? agent_report::news::published
                        : agent_report::news::unpublished,
           each.text, each.url, each.target);
  }
}

void agent_state::on_down(const agent_connection_down& down) {
  auto& lane = lanes_[down.transport];
  const auto same = [&](const member& one) { return one.actor == down.actor; };
  const auto i = std::find_if(lane.live.begin(), lane.live.end(), same);
  const auto was_live = i != lane.live.end();
  const auto lived = was_live ? compat::now(self_) - i->since : duration{};
  if (was_live)
    lane.live.erase(i);
  metrics_.set_live(down.transport, lane.live.size());
  const auto greeted = std::erase_if(lane.greeting, same) > 0;
  std::erase_if(lane.surplus, same);
  const auto now = compat::now(self_);
  for (const auto id : down.exchanges)
    if (auto one = table_.find(id);
        one != table_.end() && one->second.on == down.actor) {
      one->second.waiting.reset();
      one->second.state.detached = now;
    }
  if (was_live || greeted)
    lose(lane, down, was_live, lived);
  if (was_live && !is_connected())
    publisher_.on_lost();
  if (was_live && !is_connected() && !draining_)
    report(agent_report::news::lost);
  dial_missing();
}

void agent_state::lose(lane& lane, const agent_connection_down& down,
                       bool was_live, duration lived) {
  if (down.refused) {
    slow_down(lane, *down.refused);
    return refuse(lane, down.transport, *down.refused);
  }
  if (down.wanted_by_node) {
    lane.wanted = std::max(lane.wanted - 1, 1u);
    return;
  }
  const auto now = compat::now(self_);
  if (was_live) {
    lane.redials.on_lost(down.worked || is_proven(lived), now);
    metrics_.on_lost(down.transport);
  } else {
    lane.redials.on_failed(now);
    metrics_.on_dial_failed(down.transport);
  }
  auto cause = render(down.error, down.detail);
  const std::string title = was_live ? "connection lost" : "handshake failed";
  if (!cause.starts_with(title))
    cause = title + ": " + cause;
  complain(lane, down.transport, context_->server_name() + ": " + cause,
           was_live);
}

// A connection actor that ended without a word takes only itself along.
void agent_state::on_dead(const caf::actor_addr& address) {
  for (auto& [transport, lane] : lanes_)
    for (const auto* list : {&lane.greeting, &lane.live, &lane.surplus})
      for (const auto& one : *list) {
        if (one.actor.address() != address)
          continue;
        agent_connection_down down;
        down.actor = one.actor;
        down.transport = transport;
        down.detail = "its actor died";
        for (const auto& [id, known] : table_)
          if (known.on == down.actor)
            down.exchanges.push_back(id);
        return on_down(down);
      }
}

// A refusal is no transient error: no storm, and no more than one try at once.
void agent_state::slow_down(lane& lane, const refused_frame& no) {
  const auto pause = std::chrono::milliseconds(
    std::clamp<uint32_t>(no.retry_after_ms, 1000, 60000));
  const auto now = compat::now(self_);
  lane.redials.on_failed(now);
  lane.redials.hold(now + pause);
  if (no.code == refusal::pool_full)
    lane.wanted = std::max(static_cast<uint32_t>(lane.live.size()), 1u);
}

bool agent_state::is_connected() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const auto& item) {
    return !item.second.live.empty();
  });
}

void agent_state::on_open(const open_wanted& open) {
  const auto i = lanes_.find(open.transport);
  if (i == lanes_.end() || draining_)
    return;
  auto& lane = i->second;
  if (is_last_resort(open.transport) && lane.live.empty())
    return;
  // Dials beside one that hung are none of those that are to stay.
  const auto wish = open.total > 0
                      ? open.total
                      : std::min(lane.all(), lane.wanted) + open.count;
  lane.wanted = std::min(std::max(lane.wanted, wish), max_wanted);
  dial_missing();
}

// -- the end ------------------------------------------------------------------

void agent_state::on_drain() {
  draining_ = true;
  // The node may know as live who has not heard it yet.
  for (const auto& [transport, lane] : lanes_)
    for (const auto* all : {&lane.live, &lane.greeting})
      for (const auto& one : *all)
        compat::send(self_, one.actor, retire{close_reason::shutdown,
                                              "the agent is stopping", false});
}

} // namespace aps
