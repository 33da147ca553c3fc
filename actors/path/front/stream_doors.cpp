#include "actors/path/front/stream_doors.hpp"

#include "config/syntax/text.hpp"

#include <algorithm>
#include <system_error>

namespace aps {

namespace {

// All names of a port share it.
std::string door_of(const config::mapping& rule) {
  auto from = rule.from;
  if (rule.is_named())
    from.host = "*";
  return from.str();
}

// Ports of TCP and of UDP are others.
bool same_port(const config::url& x, const config::url& y) {
  return x.port == y.port && (x.scheme == "udp") == (y.scheme == "udp");
}

} // namespace

void stream_doors::leave(std::vector<uint16_t> served) {
  const std::lock_guard guard{mutex_};
  served_ = std::move(served);
}

bool stream_doors::has_own(const config::mapping& rule) const {
  return rule.is_raw()
         && !(rule.is_named()
              && std::find(served_.begin(), served_.end(), rule.from.port)
                   != served_.end());
}

bool stream_doors::is_for(const door& door, const config::mapping& rule) const {
  return has_own(rule) && rule.accept_proxy == door.rule.accept_proxy
         && door_of(rule) == door_of(door.rule);
}

bool stream_doors::is_wanted(
  const door& door, const std::vector<config::mapping>& mappings) const {
  return std::any_of(mappings.begin(), mappings.end(),
                     [&](const auto& rule) { return is_for(door, rule); });
}

void stream_doors::retire(door& door) {
  door.port->stop_accepting();
  closing_.push_back(std::move(door));
}

void stream_doors::forget_closed() {
  std::erase_if(closing_,
                [](const door& door) { return door.port->sessions() == 0; });
}

// Why not, or "".
std::string stream_doors::add(const config::mapping& rule,
                              const std::string& key) {
  try {
    doors_.push_back({rule, open_(rule, key)});
    return {};
  } catch (const std::system_error& error) {
    return error.what();
  }
}

// Those without a door, with their places in the configuration.
stream_doors::wanted
stream_doors::missing_of(const std::vector<config::mapping>& mappings) const {
  wanted out;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const auto& rule = mappings[i];
    const auto has_door = [&](const door& each) { return is_for(each, rule); };
    const auto has_turn = [&](const auto& each) {
      return rule.is_named() && door_of(*each.first) == door_of(rule);
    };
    if (has_own(rule) && std::none_of(doors_.begin(), doors_.end(), has_door)
        && std::none_of(out.begin(), out.end(), has_turn))
      out.emplace_back(&rule, config::element_path("$.mappings", i) + ".from");
  }
  return out;
}

// A port is open once: a door that has it, and is not wanted, goes before.
void stream_doors::make_room(const config::mapping& rule,
                             const std::vector<config::mapping>& mappings,
                             std::vector<door>& moved) {
  const auto i = std::find_if(
    doors_.begin(), doors_.end(), [&](const door& door) {
      return same_port(door.rule.from, rule.from) && !is_wanted(door, mappings);
    });
  if (i == doors_.end())
    return;
  i->port->stop_accepting();
  moved.push_back(std::move(*i));
  doors_.erase(i);
}

std::string stream_doors::apply(const std::vector<config::mapping>& mappings) {
  const std::lock_guard guard{mutex_};
  if (stopped_)
    return {};
  forget_closed();
  const auto missing = missing_of(mappings);
  std::vector<door> moved;
  std::string why;
  size_t opened = 0;
  for (const auto& [rule, key] : missing) {
    make_room(*rule, mappings, moved);
    if (why = add(*rule, key); !why.empty())
      break;
    ++opened;
  }
  if (!why.empty())
    for (; opened > 0; --opened) {
      retire(doors_.back());
      doors_.pop_back();
    }
  for (auto& each : moved) {
    const auto rule = each.rule;
    closing_.push_back(std::move(each));
    if (!why.empty())
      add(rule, {}); // it was open a moment ago
  }
  if (!why.empty())
    return why;
  std::erase_if(doors_, [&](door& door) {
    if (is_wanted(door, mappings))
      return false;
    retire(door);
    return true;
  });
  return {};
}

std::string stream_doors::open(const config::mapping& rule) {
  const std::lock_guard guard{mutex_};
  if (stopped_)
    return "the node is shutting down";
  forget_closed();
  return add(rule, {});
}

void stream_doors::close(const config::mapping& rule) {
  const std::lock_guard guard{mutex_};
  const auto i
    = std::find_if(doors_.begin(), doors_.end(),
                   [&](const door& door) { return is_for(door, rule); });
  if (i == doors_.end())
    return;
  retire(*i);
  doors_.erase(i);
}

std::vector<config::mapping>
stream_doors::make_way_for(const std::vector<config::mapping>& mappings) {
  std::vector<config::mapping> out;
  const std::lock_guard guard{mutex_};
  std::erase_if(doors_, [&](door& door) {
    const auto& from = door.rule.from;
    const auto taken
      = std::any_of(mappings.begin(), mappings.end(), [&](const auto& rule) {
          return has_own(rule) && same_port(rule.from, from);
        });
    if (!taken)
      return false;
    out.push_back(door.rule);
    retire(door);
    return true;
  });
  return out;
}

uint16_t stream_doors::port(const std::string& from) const {
  const std::lock_guard guard{mutex_};
  for (const auto& door : doors_)
    if (door_of(door.rule) == from)
      return door.port->port();
  return 0;
}

void stream_doors::stop_accepting() {
  const std::lock_guard guard{mutex_};
  stopped_ = true;
  for (auto& door : doors_)
    door.port->stop_accepting();
}

size_t stream_doors::sessions() const {
  const std::lock_guard guard{mutex_};
  size_t sum = 0;
  for (const auto* all : {&doors_, &closing_})
    for (const auto& door : *all)
      sum += door.port->sessions();
  return sum;
}

void stream_doors::close() {
  std::vector<door> all;
  const std::lock_guard guard{mutex_};
  stopped_ = true;
  all.swap(doors_);
  closing_.clear();
}

} // namespace aps
