#include "actors/admin/router.hpp"

#include <algorithm>

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
  if (i != body.end() && i->is_string()
      && std::find(words.begin(), words.end(), i->get<std::string>())
           != words.end())
    return i->get<std::string>();
  call.problem(400, field + " is not one of the allowed words", field, words);
  return std::nullopt;
}

using choice = std::function<bool(const live_actor&)>;

// Has all connections that are chosen do it.
void operate_on(const call& call, const std::string& action,
                const std::string& target, operate order, choice chosen) {
  call.with_actors([=](const actor_list& all) {
    size_t count = 0;
    for (const auto& one : all.actors) {
      if (one.kind != actor_kind::connection || !chosen(one))
        continue;
      ++count;
      compat::enqueue(nullptr,
                      caf::actor_cast<connection_actor>(one.handle), order);
    }
    if (count == 0)
      return call.problem(404, "there is no " + target);
    done(call, action, target, count);
  });
}

struct drain_target {
  std::string name;
  std::string entry; ///< in the register
  choice chosen;
  event change; ///< what tells of it
};

// Takes what `chosen` finds out of rotation, or puts it back. Who is away for
// the moment stays as it was told to be.
void set_drained(const call& call, bool drained, drain_target target) {
  call.with_actors([=](const actor_list& all) {
    auto& drains = *call.where().node->drains;
    size_t count = 0;
    const bool before = drains.contains(target.entry);
    bool known = before;
    auto change = target.change;
    for (const auto& one : all.actors) {
      if (!target.chosen(one))
        continue;
      known = true;
      change.tunnel = one.tunnel;
      change.endpoint = one.endpoint;
      count += one.kind == actor_kind::connection;
    }
    if (!known)
      return call.problem(404, "there is no " + target.name);
    if (!drained)
      drains.remove(target.entry);
    else if (!drains.add(target.entry))
      return call.problem(503, "too many are drained; undrain some first");
    if (drained != before)
      call.tell(std::move(change));
    done(call, drained ? "drain" : "undrain", target.name, count);
  });
}

void set_session_drained(const call& call, bool drained) {
  if (!body_with(call, {}))
    return;
  const auto& id = call.names.at(0);
  event change{drained ? event_kind::session_drained
                       : event_kind::session_undrained};
  change.session = id;
  change.detail = "an operator";
  set_drained(call, drained,
              {"session " + id, drain_register::session(id),
               [id](const live_actor& one) { return one.session == id; },
               change});
}

void set_endpoint_drained(const call& call, bool drained) {
  if (!body_with(call, {}))
    return;
  const auto& tunnel = call.names.at(0);
  const auto& endpoint = call.names.at(1);
  event change{drained ? event_kind::endpoint_drained
                       : event_kind::endpoint_undrained,
               tunnel, endpoint};
  change.detail = "an operator";
  set_drained(call, drained,
              {"endpoint " + tunnel + "." + endpoint,
               drain_register::endpoint(tunnel, endpoint),
               [tunnel, endpoint](const live_actor& one) {
                 return one.tunnel == tunnel && one.endpoint == endpoint;
               },
               change});
}

void operate_on_connection(const call& call, const std::string& action,
                           operate order) {
  const auto& name = call.names.at(0);
  operate_on(call, action, "connection " + name, order,
             [name](const live_actor& one) { return one.name == name; });
}

void operate_on_session(const call& call, const std::string& action,
                        operate order) {
  const auto& id = call.names.at(0);
  operate_on(call, action, "session " + id, order,
             [id](const live_actor& one) { return one.session == id; });
}

void operate_on_endpoint(const call& call, const std::string& action,
                         operate order) {
  const auto& tunnel = call.names.at(0);
  const auto& endpoint = call.names.at(1);
  operate_on(call, action, "endpoint " + tunnel + "." + endpoint, order,
             [tunnel, endpoint](const live_actor& one) {
               return one.tunnel == tunnel && one.endpoint == endpoint;
             });
}

} // namespace

void drain_connection(const call& call) {
  if (body_with(call, {}))
    operate_on_connection(call, "drain", {operate::action::drain, {}});
}

void reconnect_connection(const call& call) {
  if (body_with(call, {}))
    operate_on_connection(call, "reconnect", {operate::action::drain, {}});
}

void close_connection(const call& call) {
  if (body_with(call, {}))
    operate_on_connection(call, "close", {operate::action::close, {}});
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
  if (*kind != "cut") {
    const auto i = body->find("seconds");
    const auto seconds = i != body->end() && i->is_number() ? i->get<double>()
                                                            : -1;
    if (!(seconds >= 0 && seconds <= max_fault_seconds))
      return call.problem(400, "seconds is a number from 0 to 3600", "seconds");
    order.time = std::chrono::duration_cast<duration>(
      std::chrono::duration<double>(seconds));
  }
  operate_on_connection(call, "fault " + *kind, order);
}

void drain_session(const call& call) {
  set_session_drained(call, true);
}

void undrain_session(const call& call) {
  set_session_drained(call, false);
}

void reconnect_session(const call& call) {
  if (body_with(call, {}))
    operate_on_session(call, "reconnect", {operate::action::drain, {}});
}

void close_session(const call& call) {
  if (body_with(call, {}))
    operate_on_session(call, "close", {operate::action::close, {}});
}

void drain_endpoint(const call& call) {
  set_endpoint_drained(call, true);
}

void undrain_endpoint(const call& call) {
  set_endpoint_drained(call, false);
}

void reconnect_endpoint(const call& call) {
  if (body_with(call, {}))
    operate_on_endpoint(call, "reconnect", {operate::action::drain, {}});
}

void close_endpoint(const call& call) {
  if (body_with(call, {}))
    operate_on_endpoint(call, "close", {operate::action::close, {}});
}

void set_fallback(const call& call) {
  const auto body = body_with(call, {"mode"});
  if (!body)
    return;
  const auto mode = word_of(call, *body, "mode", {"auto", "grpc", "websocket"});
  if (!mode)
    return;
  const auto& name = call.names.at(0);
  const auto tunnels = call.where().node->tunnels->get();
  const auto found = tunnels->find(name);
  if (found == tunnels->end())
    return call.problem(404, "there is no tunnel \"" + name + "\"");
  compat::enqueue(nullptr, found->second,
                  set_fallback_mode{*mode == "grpc" ? fallback_mode::grpc
                                    : *mode == "websocket"
                                      ? fallback_mode::websocket
                                      : fallback_mode::automatic});
  done(call, "fallback " + *mode, "tunnel " + name, 1);
}

void get_log(const call& call) {
  const auto& logs = call.where().logs;
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
  auto logs = call.where().logs;
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
