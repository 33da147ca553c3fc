#include "actors/path/supervisor.hpp"

#include "actors/base/endpoint_choice.hpp"
#include "actors/base/gather.hpp"
#include "actors/base/transports.hpp"
#include "actors/path/tunnel.hpp"

#include <algorithm>
#include <utility>

namespace aps {

supervisor_state::supervisor_state(supervisor_actor::pointer self,
                                   node_context_ptr context)
    : self_(self), context_(std::move(context)) {
  const auto now = context_->config();
  const std::shared_ptr<const config::node> kept = now;
  mappings_ = {kept, &kept->mappings};
  for (const auto& [tunnel_name, settings] : now->tunnels)
    if (settings.enabled) {
      set_keys(tunnel_name, settings);
      children_.emplace(
        tunnel_name,
        child{{}, settings, restart_intensity{}});
    }
}

supervisor_state::~supervisor_state() {
  for (const auto& [tunnel_name, which] : children_)
    compat::stop_anonymously(which.actor);
}

supervisor_actor::behavior_type supervisor_state::make_behavior() {
  compat::on_down(self_, [this](const caf::down_msg& down) { on_down(down); });
  for (auto& [tunnel_name, which] : children_)
    start(tunnel_name, which);
  publish();
  return {
    [this](drain) {
      for (auto& [tunnel_name, which] : children_)
        compat::send(self_, which.actor, drain{});
    },
    [this](const reconfigure_node& message) { on_reconfigure(message); },
    [this](get_snapshot) {
      return snapshot(std::make_shared<const endpoint_choice>());
    },
    [this](const look& wish) { return snapshot(wish.choice); },
  };
}

void supervisor_state::start(const std::string& tunnel_name, child& which) {
  which.actor = self_->spawn<tunnel_impl>(context_, tunnel_name,
                                         which.settings);
  compat::monitor(self_, which.actor);
}

void supervisor_state::on_reconfigure(const reconfigure_node& message) {
  const bool moved = message.mappings && *message.mappings != *mappings_;
  if (message.mappings)
    mappings_ = message.mappings; // also lets go of the former ones
  for (const auto& [tunnel_name, settings] : message.tunnels) {
    const auto i = children_.find(tunnel_name);
    if (i == children_.end())
      continue;
    auto& which = i->second;
    // What a running tunnel is stays as it is.
    const auto before = std::exchange(which.settings, settings);
    which.settings.enabled = before.enabled;
    which.settings.servers = before.servers;
    which.settings.access = before.access; // the front's
    if (which.settings == before && !moved)
      continue;
    set_keys(tunnel_name, which.settings);
    compat::send(self_, which.actor,
                 reconfigure_tunnel{which.settings, mappings_});
    if (which.settings == before)
      continue;
    compat::send(self_, context_->monitor,
                 event{event_kind::tunnel_changed, tunnel_name, "", "", "",
                       "other settings of its pools or fallback"});
  }
}

void supervisor_state::set_keys(const std::string& tunnel_name,
                                const config::tunnel& settings) {
  if (!settings.password.empty())
    context_->keys->set({tunnel_name}, settings.password);
  for (const auto& each : settings.credentials)
    if (each.key.empty())
      context_->keys->set({tunnel_name, each.name}, each.password);
    else
      context_->keys->set_key({tunnel_name, each.name}, each.key);
}

void supervisor_state::publish() {
  tunnel_table table;
  for (const auto& [tunnel_name, which] : children_)
    if (which.actor)
      table.emplace(tunnel_name, which.actor);
  context_->tunnels->set(std::move(table));
}

void supervisor_state::on_down(const caf::down_msg& down) {
  for (auto& [tunnel_name, which] : children_) {
    if (!which.actor || which.actor.address() != down.source)
      continue;
    const auto now = compat::now(self_);
    which.actor = nullptr;
    const auto give_up = which.deaths.add(now);
    if (!give_up)
      start(tunnel_name, which);
    compat::send(self_, context_->monitor,
                 event{event_kind::actor_restarted, tunnel_name, "", "", "",
                       "tunnel " + tunnel_name + ": " + to_string(down.reason)
                         + (give_up ? "; it died too often and stays away"
                                    : "")});
    if (give_up)
      compat::send(self_, context_->monitor,
                   event{event_kind::tunnel_removed, tunnel_name, "", "", "",
                         "it died too often"});
  }
  publish();
}

caf::result<node_snapshot>
supervisor_state::snapshot(const choice_ptr& choice) {
  auto promise = self_->make_response_promise<node_snapshot>();
  if (choice->limit != endpoint_choice::all) {
    look_at_worst(choice, promise);
    return promise;
  }
  ask_tunnels([choice](const std::string&) { return look{choice}; },
              [promise](node_snapshot all) mutable {
                promise.deliver(std::move(all));
              });
  return promise;
}

// First how many each tunnel has of what is wanted, then its share of them.
void supervisor_state::look_at_worst(const choice_ptr& choice,
                                     answer_promise promise) {
  const auto share = [choice](size_t each) {
    auto out = std::make_shared<endpoint_choice>(*choice);
    out->limit = endpoint_choice::all;
    out->each = each;
    return look{std::move(out)};
  };
  const auto none = share(0);
  ask_tunnels(
    [none](const std::string&) { return none; },
    [this, choice, share, promise](node_snapshot all) mutable {
      std::vector<concern_counts> counts;
      for (const auto& tunnel : all.tunnels)
        counts.push_back(tunnel.sums.matching);
      const auto parts = shares_of_worst(counts, choice->each, choice->limit);
      std::map<std::string, size_t> shares;
      for (size_t i = 0; i < parts.size(); ++i)
        shares.emplace(all.tunnels[i].name, parts[i]);
      if (std::all_of(parts.begin(), parts.end(),
                      [](size_t part) { return part == 0; }))
        return promise.deliver(std::move(all));
      ask_tunnels(
        [share, shares](const std::string& tunnel_name) {
          const auto found = shares.find(tunnel_name);
          return share(found == shares.end() ? 0 : found->second);
        },
        [promise](node_snapshot chosen) mutable {
          promise.deliver(std::move(chosen));
        });
    });
}

// `question` makes the message for a tunnel by its name.
template <class Question, class Done>
void supervisor_state::ask_tunnels(Question question, Done done) {
  std::vector<tunnel_actor> tunnels;
  std::vector<std::string> names;
  for (const auto& [tunnel_name, which] : children_)
    if (which.actor) {
      tunnels.push_back(which.actor);
      names.push_back(tunnel_name);
    }
  gather_by<tunnel_snapshot>(
    self_, std::move(tunnels),
    [question, names = std::move(names)](size_t i) {
      return question(names[i]);
    },
    [this, done](auto parts) mutable { done(complete(std::move(parts))); },
    std::chrono::seconds(2));
}

// Who looks must not take a tunnel that is silent for one that is not there.
node_snapshot
supervisor_state::complete(std::vector<tunnel_snapshot> answers) const {
  node_snapshot out;
  auto next = answers.begin(); // in the order of the children, too
  for (const auto& [tunnel_name, which] : children_) {
    if (next != answers.end() && next->name == tunnel_name) {
      out.tunnels.push_back(std::move(*next++));
      continue;
    }
    auto& silent = out.tunnels.emplace_back();
    silent.name = tunnel_name;
    silent.fallback_enabled = which.settings.fallback.enabled;
    silent.enabled = enabled_pools(which.settings.pools);
    silent.problem = which.actor ? "no answer" : "died too often";
  }
  return out;
}

} // namespace aps
