// Commands that change something, and those about configurations.
#include "config/advice.hpp"
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

/// Values by their path, e.g. "tunnels.tunnel1.enabled".
void flatten(const json& value, const std::string& path,
             std::map<std::string, json>& out) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      flatten(member, path.empty() ? key : path + '.' + key, out);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i)
      flatten(value[i], path + '[' + std::to_string(i) + ']', out);
  } else {
    out[path] = value;
  }
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
  std::map<std::string, json> there;
  std::map<std::string, json> here;
  flatten(running, "", there);
  flatten(file, "", here);
  const auto has = [](const auto& side, const std::string& item) {
    const auto i = side.lower_bound(item);
    return i != side.end() && i->first.starts_with(item);
  };
  std::map<std::string, json> result;
  const auto compare = [&](const std::string& path) {
    auto item = item_of(path);
    const auto running = has(there, item);
    if (running != has(here, item)) {
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
    if (left != right)
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
  const auto found = differences(running, config::show(file));
  if (options.json) {
    print({{"differences", found}});
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
