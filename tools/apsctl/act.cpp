// Commands that change something, and those about configurations.
#include "config/config.hpp"
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/render.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

namespace aps::ctl {

using nlohmann::json;

namespace {

int say_done(const json& answer, const options& what) {
  if (what.json)
    print(answer);
  else
    std::cout << text(answer, "action") << ' ' << text(answer, "target")
              << ": done (" << count(answer, "count") << ")" << std::endl;
  return cli::exit_ok;
}

/// The API's path of a connection, session or endpoint.
std::string target(const options& what) {
  const auto endpoint = !what.tunnel.empty() && !what.endpoint.empty();
  const auto given = !what.first.empty() + !what.session.empty() + endpoint;
  if (given != 1 || what.tunnel.empty() != what.endpoint.empty())
    throw usage("give one of: NAME of a connection, -session ID, or -tunnel T "
                "-endpoint E");
  if (endpoint)
    return "endpoints/" + encoded(what.tunnel) + '/' + encoded(what.endpoint);
  return what.session.empty() ? "connections/" + encoded(what.first)
                              : "sessions/" + encoded(what.session);
}

/// Values by their path, e.g. "tunnels.tunnel1.enabled", in a form in which
/// shorthands do not count.
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

void expand(json& config) {
  if (config.contains("servers"))
    for (auto& server : config["servers"])
      if (server.is_number())
        server = {{"port", server}};
  if (config.contains("mappings"))
    for (auto& mapping : config["mappings"])
      if (mapping.contains("via"))
        for (const auto* key : {"tunnels", "endpoints"})
          if (auto& via = mapping["via"];
              via.contains(key) && via[key].is_string())
            via[key] = json::array({via[key]});
  config.erase("$schema");
}

std::map<std::string, json> flat(json config) {
  expand(config);
  std::map<std::string, json> result;
  flatten(config, "", result);
  return result;
}

bool same(const json& one, const json& other) {
  if (one.is_number() && other.is_number())
    return one.get<double>() == other.get<double>();
  return one == other;
}

/// The name of a tunnel or server, or the place of a mapping, at the front of
/// a path; empty for other sections.
std::string item_of(const std::string& path) {
  for (const std::string section : {"servers.", "tunnels.", "mappings["})
    if (path.starts_with(section))
      return path.substr(0, path.find_first_of(".]", section.size()));
  return {};
}

bool is_secret(const std::string& path) {
  return path.ends_with(".password") || path.ends_with(".token");
}

json differences(const std::map<std::string, json>& file,
                 const std::map<std::string, json>& running) {
  auto result = json::array();
  const auto add
    = [&](const std::string& path, const json& there, const json& here) {
        const json secret = "***";
        result.push_back({{"path", path},
                          {"running", there},
                          {"file", is_secret(path) ? secret : here}});
      };
  std::map<std::string, bool> known;
  for (const auto& [path, value] : file) {
    known[item_of(path)] = true;
    const auto found = running.find(path);
    if (found == running.end())
      add(path, nullptr, value);
    else if (found->second != "***" && !same(found->second, value))
      add(path, found->second, value);
  }
  for (const auto& [path, value] : running)
    if (const auto item = item_of(path); !item.empty() && !known[item]) {
      known[item] = true;
      add(item, "present", nullptr);
    }
  return result;
}

bool report(const std::string& file, const config::result& loaded) {
  const auto* problems = std::get_if<config::problems>(&loaded);
  if (!problems)
    return true;
  for (const auto& problem : *problems)
    std::cerr << file << ": " << printable(problem.str()) << '\n';
  return false;
}

json read(const std::string& file) {
  std::ifstream in(file);
  return json::parse(std::string{std::istreambuf_iterator<char>(in), {}},
                     nullptr, false, true);
}

int diff(const client& node, const options& what) {
  const auto running = node.get("config").at("config");
  const auto found = differences(flat(read(what.second)), flat(running));
  if (what.json) {
    print({{"differences", found}});
  } else if (found.empty()) {
    std::cout << what.second << ": as running" << std::endl;
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

int drain(const client& node, const options& what) {
  return say_done(node.post(target(what) + "/drain", json::object()), what);
}

int close(const client& node, const options& what) {
  return say_done(node.post(target(what) + "/close", json::object()), what);
}

int inject_fault(const client& node, const options& what) {
  json body{{"kind", what.second}};
  if (what.second != "cut")
    body["seconds"] = what.seconds;
  return say_done(
    node.post("connections/" + encoded(what.first) + "/fault", body), what);
}

int set_fallback(const client& node, const options& what) {
  return say_done(node.post("tunnels/" + encoded(what.first) + "/fallback",
                            {{"mode", what.second}}),
                  what);
}

int set_log(const client& node, const options& what) {
  if (what.first.empty() && !what.component.empty())
    throw usage("-component needs a LEVEL");
  json body{{"level", what.first}};
  if (!what.component.empty())
    body["component"] = what.component;
  const auto answer
    = what.first.empty() ? node.get("log") : node.post("log", body);
  if (what.json) {
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

int check_config(const client& node, const options& what) {
  if (what.first != "check" && what.first != "diff")
    throw usage("config knows check and diff, not " + printable(what.first));
  if (!report(what.second, config::load(what.second)))
    return cli::exit_failure;
  if (what.first == "diff")
    return diff(node, what);
  if (what.json)
    print({{"file", what.second}, {"ok", true}});
  else
    std::cout << what.second << ": ok" << std::endl;
  return cli::exit_ok;
}

} // namespace aps::ctl
