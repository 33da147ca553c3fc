// Commands that change something, and those about configurations.
#include "config/check/advice.hpp"
#include "config/show.hpp"
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/render.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <map>

namespace aps::ctl {

using nlohmann::json;

namespace {

constexpr double default_fault = 5; // seconds

int say_done(const json& answer, const options& options) {
  if (options.json)
    print(answer);
  else
    std::cout << text(answer, "action") << ' ' << text(answer, "target")
              << ": done (" << count(answer, "count") << ")" << std::endl;
  return cli::exit_ok;
}

/// The API's path of a connection, session or endpoint.
std::string target(const options& options) {
  const auto endpoint = !options.tunnel.empty() && !options.endpoint.empty();
  const auto given
    = !options.first.empty() + !options.session.empty() + endpoint;
  if (given != 1 || options.tunnel.empty() != options.endpoint.empty())
    throw usage("give one of: NAME of a connection, -session ID, or -tunnel T "
                "-endpoint E");
  if (endpoint)
    return "endpoints/" + encoded(options.tunnel) + '/'
           + encoded(options.endpoint);
  return options.session.empty() ? "connections/" + encoded(options.first)
                                 : "sessions/" + encoded(options.session);
}

using values_by_path = std::map<std::string, json>;

/// Values by their path, e.g. "tunnels.tunnel1.enabled". What is empty is a
/// value, too: `"require": {}` asks who comes, and its absence asks nobody.
void flatten(const json& value, const std::string& path, values_by_path& out) {
  if (!value.is_structured() || value.empty()) {
    out[path] = value;
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      flatten(member, path.empty() ? key : path + '.' + key, out);
  } else {
    for (size_t i = 0; i < value.size(); ++i)
      flatten(value[i], path + '[' + std::to_string(i) + ']', out);
  }
}

bool has_below(const values_by_path& side, const std::string& path) {
  const auto i = side.lower_bound(path);
  return i != side.end() && i->first.starts_with(path);
}

/// An empty list or object of one side whose members, which the other side
/// has, tell the difference themselves.
bool is_told_by_members(const json& value, const values_by_path& other,
                        const std::string& path) {
  return value.is_structured()
         && has_below(other, path + (value.is_array() ? '[' : '.'));
}

bool has_secrets(const json& shown) {
  values_by_path all;
  flatten(shown, "", all);
  return std::any_of(all.begin(), all.end(), [](const auto& each) {
    return each.second == config::masked;
  });
}

/// The tunnel, server or mapping at the front of a path, e.g.
/// "tunnels.tunnel1." or "mappings[0]"; empty for other paths.
std::string item_of(const std::string& path) {
  for (const std::string section : {"servers.", "tunnels.", "mappings["})
    if (path.starts_with(section))
      return path.substr(0, path.find_first_of(".]", section.size()) + 1);
  return {};
}

/// What differs; an item that only one side has counts once. Both sides mask
/// their secrets.
json differences(const json& running, const json& file) {
  values_by_path there;
  values_by_path here;
  flatten(running, "", there);
  flatten(file, "", here);
  values_by_path result;
  const auto compare = [&](const std::string& path) {
    auto item = item_of(path);
    const auto running = has_below(there, item);
    if (running != has_below(here, item)) {
      if (item.ends_with('.'))
        item.pop_back();
      result[item] = {{"path", item},
                      {"running", running ? json("present") : json()},
                      {"file", running ? json() : json("present")}};
      return;
    }
    const auto one = there.find(path);
    const auto other = here.find(path);
    const auto left = one == there.end() ? json() : one->second;
    const auto right = other == here.end() ? json() : other->second;
    if (left != right && !is_told_by_members(left, here, path)
        && !is_told_by_members(right, there, path))
      result[path] = {{"path", path}, {"running", left}, {"file", right}};
  };
  for (const auto& [path, value] : there)
    compare(path);
  for (const auto& [path, value] : here)
    compare(path);
  auto list = json::array();
  for (auto& [path, one] : result)
    list.push_back(std::move(one));
  return list;
}

bool report(const config::result& loaded) {
  const auto* problems = std::get_if<config::problems>(&loaded);
  if (!problems)
    return true;
  for (const auto& problem : *problems)
    std::cerr << printable(problem.str()) << '\n';
  return false;
}

int diff(const client& node, const options& options, const config::node& file) {
  const auto running = node.get("config").at("config");
  const auto here = config::show(file);
  const auto found = differences(running, here);
  const auto secrets = has_secrets(here);
  if (options.json) {
    print({{"differences", found}, {"secrets_left_out", secrets}});
  } else if (found.empty()) {
    std::cout << options.second << ": as running" << std::endl;
  } else {
    table result({"KEY", "RUNNING", "FILE"});
    const auto shown = [](const json& value) {
      return value.is_null() ? "-" : printable(value.dump());
    };
    for (const auto& one : found)
      result.add(
        {text(one, "path"), shown(one["running"]), shown(one["file"])});
    std::cout << result.str() << std::flush;
  }
  if (secrets && !options.json)
    std::cout << "secrets are not compared" << std::endl;
  return found.empty() ? cli::exit_ok : cli::exit_failure;
}

} // namespace

int drain(const client& node, const options& options) {
  return say_done(node.post(target(options) + "/drain", json::object()),
                  options);
}

int undrain(const client& node, const options& options) {
  if (!options.first.empty())
    throw usage("a connection is drained once and gone; give -session ID, or "
                "-tunnel T -endpoint E");
  return say_done(node.post(target(options) + "/undrain", json::object()),
                  options);
}

int reconnect(const client& node, const options& options) {
  return say_done(node.post(target(options) + "/reconnect", json::object()),
                  options);
}

int close(const client& node, const options& options) {
  return say_done(node.post(target(options) + "/close", json::object()),
                  options);
}

int inject_fault(const client& node, const options& options) {
  json body{{"kind", options.second}};
  if (options.second != "cut")
    body["seconds"] = options.seconds.value_or(default_fault);
  else if (options.seconds)
    throw usage("-seconds belongs to stall and delay");
  return say_done(
    node.post("connections/" + encoded(options.first) + "/fault", body),
    options);
}

int set_fallback(const client& node, const options& options) {
  return say_done(node.post("tunnels/" + encoded(options.first) + "/fallback",
                            {{"mode", options.second}}),
                  options);
}

namespace {

int act_on_credential(const client& node, const options& options,
                      const std::string& action) {
  return say_done(node.post("credentials/" + encoded(options.first) + "/"
                              + encoded(options.second) + "/" + action,
                            json::object()),
                  options);
}

} // namespace

int revoke(const client& node, const options& options) {
  return act_on_credential(node, options, "revoke");
}

int restore(const client& node, const options& options) {
  return act_on_credential(node, options, "restore");
}

int set_log(const client& node, const options& options) {
  if (options.first.empty() && !options.component.empty())
    throw usage("-component needs a LEVEL");
  json body{{"level", options.first}};
  if (!options.component.empty())
    body["component"] = options.component;
  const auto answer
    = options.first.empty() ? node.get("log") : node.post("log", body);
  if (options.json) {
    print(answer);
    return cli::exit_ok;
  }
  std::cout << "level " << text(answer, "level") << '\n';
  const auto components = answer.value("components", json::object());
  for (const auto& [name, level] : components.items())
    std::cout << printable(name) << ' ' << level.get<std::string>() << '\n';
  std::cout << std::flush;
  return cli::exit_ok;
}

int check_config(const client& node, const options& options) {
  std::vector<std::string> warnings;
  const auto loaded = config::load(options.second, warnings);
  if (!report(loaded))
    return cli::exit_failure;
  if (options.first == "diff")
    return diff(node, options, std::get<config::node>(loaded));
  if (options.json) {
    print({{"file", options.second}, {"ok", true}, {"warnings", warnings}});
  } else {
    for (const auto& warning : warnings)
      std::cerr << printable(warning) << '\n';
    std::cout << options.second << ": ok" << std::endl;
  }
  return cli::exit_ok;
}

} // namespace aps::ctl
