#include "actors/admin/router.hpp"
#include "actors/base/transports.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace aps::admin {

using nlohmann::json;

namespace {

// The deadline of a rehearsal that somebody forgot.
constexpr double max_fault_seconds = 3600;

const std::vector<std::string>& level_words() {
  static const std::vector<std::string> words{"trace",   "debug", "info",
                                              "warning", "error", "off"};
  return words;
}

void done(const call& call, const std::string& action,
          const std::string& target, size_t count) {
  call.tell(event_kind::admin_action, action + " " + target);
  call.answer(
    200,
    {{"done", true}, {"action", action}, {"target", target}, {"count", count}});
}

// A body in which every key has to be one of `known`.
std::optional<json> body_with(const call& call,
                              const std::vector<std::string>& known) {
  auto body = call.json_body();
  if (!body)
    return std::nullopt;
  for (const auto& [key, value] : body->items())
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      call.problem(400, "the field \"" + key + "\" is not known", key, known);
      return std::nullopt;
    }
  return body;
}

// A string out of `words`; else answers 400.
std::optional<std::string> word_of(const call& call, const json& body,
                                   const std::string& field,
                                   const std::vector<std::string>& words) {
  const auto i = body.find(field);
  if (i == body.end() || !i->is_string()) {
    call.problem(400, field + " is not one of the allowed words", field, words);
    return std::nullopt;
  }
  auto word = i->get<std::string>();
  if (std::find(words.begin(), words.end(), word) != words.end())
    return word;
  call.unknown(400, field, word, field, words);
  return std::nullopt;
}

/// What an action is about: a connection, session or endpoint.
struct action_target {
  std::string kind; ///< "session", also the field that names it
  std::string name;
  std::string tunnel; ///< of an endpoint
  std::string (*name_of)(const live_actor&);

  bool is_in_tunnel(const live_actor& one) const {
    return tunnel.empty() || one.tunnel == tunnel;
  }
  bool has(const live_actor& one) const {
    return is_in_tunnel(one) && name_of(one) == name;
  }
  std::string title() const {
    return kind + " " + (tunnel.empty() ? "" : tunnel + ".") + name;
  }
};

action_target connection_of(const call& call) {
  return {"connection", call.names.at(0), {}, [](const live_actor& one) {
            return one.name;
          }};
}

action_target session_of(const call& call) {
  return {"session", call.names.at(0), {}, [](const live_actor& one) {
            return one.session;
          }};
}

action_target endpoint_of(const call& call) {
  return {"endpoint", call.names.at(1), call.names.at(0),
          [](const live_actor& one) { return one.endpoint; }};
}

void refuse_tunnel(const call& call, const std::string& name) {
  std::vector<std::string> known;
  const auto config = call.known().node->config();
  for (const auto& [tunnel, settings] : config->tunnels)
    known.push_back(tunnel);
  call.unknown(404, "tunnel", name, "tunnel", known);
}

// Nobody is it; says who there is.
void refuse_unknown(const call& call, const action_target& wanted,
                    const actor_list& all) {
  const auto config = call.known().node->config();
  if (!wanted.tunnel.empty() && !config->tunnels.contains(wanted.tunnel))
    return refuse_tunnel(call, wanted.tunnel);
  std::set<std::string> known;
  for (const auto& one : all.actors)
    if (const auto name = wanted.name_of(one);
        !name.empty() && wanted.is_in_tunnel(one))
      known.insert(name);
  call.unknown(404, wanted.kind, wanted.name, wanted.kind,
               {known.begin(), known.end()});
}

// Has all connections of the target do it.
void operate_on(const call& call, const std::string& action,
                const action_target& wanted, operate order) {
  call.with_actors([=](const actor_list& all) {
    size_t count = 0;
    for (const auto& one : all.actors) {
      if (one.kind != actor_kind::connection || !wanted.has(one))
        continue;
      ++count;
      compat::enqueue(nullptr,
                      caf::actor_cast<connection_actor>(one.handle), order);
    }
    if (count == 0)
      return refuse_unknown(call, wanted, all);
    done(call, action, wanted.title(), count);
  });
}

// Takes a target out of rotation, or puts it back. Who is away for the moment
// stays as it was told to be. `entry` is its place in the register.
void set_drained(const call& call, bool drained, const action_target& wanted,
                 const std::string& entry, event change) {
  if (!body_with(call, {}))
    return;
  change.detail = "an operator";
  call.with_actors([=](const actor_list& all) {
    auto& drains = *call.known().node->drains;
    size_t count = 0;
    const bool before = drains.contains(entry);
    bool known = before;
    auto told = change;
    for (const auto& one : all.actors) {
      if (!wanted.has(one))
        continue;
      known = true;
      told.tunnel = one.tunnel;
      told.endpoint = one.endpoint;
      count += one.kind == actor_kind::connection;
    }
    if (!known)
      return refuse_unknown(call, wanted, all);
    if (!drained)
      drains.remove(entry);
    else if (!drains.add(entry))
      return call.problem(503, "too many are drained; undrain some first");
    if (drained != before)
      call.tell(std::move(told));
    done(call, drained ? "drain" : "undrain", wanted.title(), count);
  });
}

void set_session_drained(const call& call, bool drained) {
  const auto wanted = session_of(call);
  event change{drained ? event_kind::session_drained
                       : event_kind::session_undrained};
  change.session = wanted.name;
  set_drained(call, drained, wanted, drain_register::session(wanted.name),
              change);
}

void set_endpoint_drained(const call& call, bool drained) {
  const auto wanted = endpoint_of(call);
  set_drained(call, drained, wanted,
              drain_register::endpoint(wanted.tunnel, wanted.name),
              event{drained ? event_kind::endpoint_drained
                            : event_kind::endpoint_undrained,
                    wanted.tunnel, wanted.name});
}

// Its connections do it; the body says nothing.
void order(const call& call, const std::string& action,
           const action_target& wanted, operate::action verb) {
  if (body_with(call, {}))
    operate_on(call, action, wanted, {verb, {}});
}

} // namespace

void drain_connection(const call& call) {
  order(call, "drain", connection_of(call), operate::action::drain);
}

void reconnect_connection(const call& call) {
  order(call, "reconnect", connection_of(call), operate::action::drain);
}

void close_connection(const call& call) {
  order(call, "close", connection_of(call), operate::action::close);
}

void inject_fault(const call& call) {
  const auto body = body_with(call, {"kind", "seconds"});
  if (!body)
    return;
  const auto kind = word_of(call, *body, "kind", {"cut", "stall", "delay"});
  if (!kind)
    return;
  operate order{*kind == "cut"     ? operate::action::cut
                : *kind == "stall" ? operate::action::stall
                                   : operate::action::delay,
                {}};
  const auto given = body->find("seconds");
  if (*kind == "cut" && given != body->end())
    return call.problem(400, "seconds belongs to stall and delay", "seconds");
  if (*kind != "cut") {
    const auto seconds
      = given != body->end() && given->is_number() ? given->get<double>() : -1;
    // A delay of 0 ends one.
    const auto least
      = *kind == "stall" ? std::numeric_limits<double>::min() : 0;
    if (!(seconds >= least && seconds <= max_fault_seconds))
      return call.problem(400,
                          "seconds is a number from 0 to 3600, of a stall "
                          "above 0",
                          "seconds");
    order.time = std::chrono::duration_cast<duration>(
      std::chrono::duration<double>(seconds));
  }
  operate_on(call, "fault " + *kind, connection_of(call), order);
}

void drain_session(const call& call) {
  set_session_drained(call, true);
}

void undrain_session(const call& call) {
  set_session_drained(call, false);
}

void reconnect_session(const call& call) {
  order(call, "reconnect", session_of(call), operate::action::drain);
}

void close_session(const call& call) {
  order(call, "close", session_of(call), operate::action::close);
}

void drain_endpoint(const call& call) {
  set_endpoint_drained(call, true);
}

void undrain_endpoint(const call& call) {
  set_endpoint_drained(call, false);
}

void reconnect_endpoint(const call& call) {
  order(call, "reconnect", endpoint_of(call), operate::action::drain);
}

void close_endpoint(const call& call) {
  order(call, "close", endpoint_of(call), operate::action::close);
}

void set_fallback(const call& call) {
  const auto body = body_with(call, {"mode"});
  if (!body)
    return;
  std::vector<std::string> modes{std::string(automatic_mode)};
  for (const auto& row : transport_table)
    if (row.steered)
      modes.emplace_back(row.name);
  const auto mode = word_of(call, *body, "mode", modes);
  if (!mode)
    return;
  const auto& name = call.names.at(0);
  const auto tunnels = call.known().node->tunnels->get();
  const auto found = tunnels->find(name);
  if (found == tunnels->end())
    return refuse_tunnel(call, name);
  compat::enqueue(nullptr, found->second, set_fallback_mode{mode_named(*mode)});
  done(call, "fallback " + *mode, "tunnel " + name, 1);
}

namespace {

// A credential that counts no more, or again, until the node ends.
void set_revoked(const call& call, bool revoked) {
  if (!body_with(call, {}))
    return;
  const auto& tunnel = call.names.at(0);
  const auto& name = call.names.at(1);
  const auto config = call.known().node->config();
  const auto of = config->tunnels.find(tunnel);
  const auto tunnels = call.known().node->tunnels->get();
  const auto found = tunnels->find(tunnel);
  if (of == config->tunnels.end() || found == tunnels->end())
    return refuse_tunnel(call, tunnel);
  std::vector<std::string> known;
  for (const auto& each : of->second.credentials)
    known.push_back(each.name);
  if (std::find(known.begin(), known.end(), name) == known.end())
    return call.unknown(404, "credential", name, "credential", known);
  auto& register_ = *call.known().node->drains;
  const auto entry = drain_register::credential(tunnel, name);
  if (!revoked)
    register_.remove(entry);
  else if (!register_.add(entry))
    return call.problem(503, "too many are revoked; restore some first");
  else
    compat::enqueue(nullptr, found->second, credential_revoked{name});
  done(call, revoked ? "revoke" : "restore",
       "credential " + name + " of tunnel " + tunnel, 1);
}

} // namespace

void revoke_credential(const call& call) {
  set_revoked(call, true);
}

void restore_credential(const call& call) {
  set_revoked(call, false);
}

void get_log(const call& call) {
  const auto& logs = call.known().logs;
  call.answer(200, {{"level", logs.level()},
                    {"components", logs.levels()},
                    {"known", log_component_names()}});
}

void set_log(const call& call) {
  const auto body = body_with(call, {"level", "component"});
  if (!body)
    return;
  const auto level = word_of(call, *body, "level", level_words());
  if (!level)
    return;
  auto logs = call.known().logs;
  const auto number = spdlog::level::from_str(*level);
  if (body->contains("component")) {
    const auto component
      = word_of(call, *body, "component", log_component_names());
    if (!component)
      return;
    logs.set_level(*component, number);
    call.tell(event_kind::log_changed,
              "Log level of " + *component + " is " + *level);
  } else {
    logs.set_level(number);
    call.tell(event_kind::log_changed, "Log level is " + *level);
  }
  get_log(call);
}

} // namespace aps::admin
