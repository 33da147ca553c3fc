#include "tools/agent/publications.hpp"

#include "config/access/publishing.hpp"
#include "config/config.hpp"
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/expand.hpp"
#include "config/syntax/text.hpp"
#include "tools/cli/values.hpp"
#include "transports/seam/foreign_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace aps {

namespace {

using nlohmann::json;

constexpr size_t max_published = 1000;
constexpr size_t max_name_text = 1024;

bool is_number(std::string_view text) {
  return !text.empty()
         && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string suffix_of(const std::string& target) {
  std::string error;
  const auto url = config::parse_url(target, false, error);
  return url ? "-" + std::to_string(url->port) : std::string{};
}

void read_entry(config::reader& in, std::vector<std::string>& targets,
                std::vector<std::string>& names) {
  std::string error;
  std::string target, name;
  in.require("publish", "a port or URL");
  if (in.text("publish", target, max_name_text)) {
    if (auto url = parse_published_target(target, error))
      target = std::move(*url);
    else
      in.fail(in.path("publish"), in.found("publish"),
              "a target, but it " + error);
  }
  if (in.text("as", name, max_name_text))
    if (auto why = why_no_public_name(name); !why.empty())
      in.fail(in.path("as"), in.found("as"), "a name, but it " + why);
  in.finish();
  targets.push_back(std::move(target));
  names.push_back(std::move(name));
}

void read_list(config::reader& in, std::vector<std::string>& targets,
               std::vector<std::string>& names) {
  constexpr auto allowed
    = "a list of 1 to 1000 targets, or objects with publish and as";
  const auto* list = in.member("publish");
  if (!list || !list->is_array() || list->empty()
      || list->size() > max_published) {
    in.fail(in.path("publish"), list ? config::describe(*list) : "nothing",
            allowed);
    return;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    auto entry = (*list)[i];
    if (const auto port = config::whole_number(entry))
      entry = std::to_string(*port);
    if (entry.is_string())
      entry = json{{"publish", entry}};
    config::reader element{&entry, config::element_path(in.path("publish"), i),
                           in.wrong(), "a target, or an object"};
    if (element)
      read_entry(element, targets, names);
  }
}

} // namespace

std::optional<std::string> parse_published_target(std::string_view text,
                                                  std::string& error) {
  auto full = std::string{text};
  if (is_number(text))
    full = "http://localhost:" + full;
  else if (text.find("://") == text.npos && !text.starts_with("unix:"))
    full = "http://" + full;
  if (const auto url = config::parse_url(full, false, error);
      url && url->scheme != "udp" && url->scheme != "connect")
    return url->str();
  else if (url)
    error = "another scheme";
  error = cli::quoted(std::string{text})
          + " is no target such as 3000, localhost:3000, "
            "https://localhost:3000/path, tcp://localhost:22 or "
            "unix:/run/app.sock: "
          + error;
  return std::nullopt;
}

std::string why_no_public_name(const std::string& text) {
  if (text.size() > max_name_text)
    return "is longer than " + std::to_string(max_name_text) + " bytes";
  if (text.find("://") != text.npos)
    return cli::quoted(text)
           + " is a URL; a name is a label, a host, or host "
             "and path";
  const auto bare = text.starts_with('/') ? "a" + text : text;
  std::string error;
  if (text.empty() || config::parse_url("http://" + bare, false, error)
      || text.starts_with(':'))
    return {};
  return cli::quoted(text)
         + " is no name such as app1, app1.example.com or "
           "app1.example.com/path: "
         + error;
}

std::vector<agent_publication>
publications_of(const std::vector<std::string>& targets,
                const std::vector<std::string>& names,
                std::string_view endpoint) {
  std::vector<agent_publication> out;
  std::set<std::string> taken;
  bool nameless = false;
  for (size_t i = 0; i < targets.size(); ++i) {
    auto name = i < names.size() ? names[i] : std::string{};
    if (name.empty() && std::exchange(nameless, true))
      name = config::label_of(endpoint) + suffix_of(targets[i]);
    if (!taken.insert(config::lower_case(name)).second)
      throw std::runtime_error("two targets have the name "
                               + foreign_text(name));
    out.push_back({std::move(name), targets[i]});
  }
  return out;
}

void read_publications(const std::string& file,
                       std::vector<std::string>& targets,
                       std::vector<std::string>& names) {
  names.resize(targets.size());
  const auto wrong
    = config::read_file(file, config::system_source(),
                        [&](const json& root, config::problems& out) {
                          config::reader in{&root, "$", out};
                          config::read_frame(in);
                          read_list(in, targets, names);
                          in.finish();
                        });
  if (!wrong.empty())
    throw std::runtime_error(wrong.front().str());
}

std::vector<std::string>
targets_of(const std::vector<agent_publication>& publications) {
  std::set<std::string> out;
  std::string error;
  for (const auto& each : publications)
    if (const auto url = config::parse_url(each.target, false, error))
      out.insert(url->socket.empty() ? config::authority(url->host, url->port)
                                     : url->str());
  return {out.begin(), out.end()};
}

} // namespace aps
