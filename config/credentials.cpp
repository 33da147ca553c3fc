// Who may dial in as an agent of a tunnel, beside those that have its password.
#include "config/access/password_hash.hpp"
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t most_hash = 1024;
constexpr size_t most_credentials = 10000;
constexpr auto list_rule_text = "a list of objects with name and password";

void read_secrets(reader& in, std::string_view tunnel, credential& to) {
  std::string hash;
  const bool plain = in.member("password") != nullptr;
  const bool hashed = in.member("password_hash") != nullptr;
  if (plain)
    in.secret("password", to.password, max_password);
  if (hashed && in.secret("password_hash", hash, most_hash)) {
    const auto read = password_hash::parse(hash);
    const auto key = read ? read->key_of(tunnel) : std::nullopt;
    if (key)
      to.key = *key;
    else
      in.fail(
        in.path("password_hash"),
        read ? "a hash that is not this tunnel's" : "a string that is none",
        "a hash as `aps hash-password -tunnel` prints it for " + quote(tunnel));
  }
  if (plain == hashed)
    in.fail(in.path("password"), plain ? "both" : "nothing",
            "either password or password_hash");
}

void read_credential(reader&& in, std::string_view tunnel, credential& to) {
  in.require("name", name_rule);
  if (in.member("name") && in.text("name", to.name, 128) && !is_name(to.name))
    in.fail(in.path("name"), in.found("name"), name_rule);
  read_secrets(in, tunnel, to);
  in.strings("endpoints", to.endpoints,
             {true, nullptr, "a name or a list of names, with * for any text"});
  read_expiry(in, to.expires_text, to.expires);
  read_publishing(in.object("publish"), to.publish);
  in.finish();
}

/// Whether `name` is what `pattern` says, whose stars stand for any text.
bool matches(std::string_view pattern, std::string_view name) {
  size_t at = 0, star = pattern.npos, resume = 0;
  for (size_t i = 0; i < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && pattern[at] == name[i]) {
      ++at;
      ++i;
    } else if (star != pattern.npos) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

} // namespace

bool credential::is_for(std::string_view endpoint) const {
  for (const auto& pattern : endpoints)
    if (matches(pattern, endpoint))
      return true;
  return endpoints.empty();
}

namespace {

// Refuses what `fits` does not take, each in its place.
template <class Test>
void check_each(reader& in, const char* key,
                const std::vector<std::string>& all, const char* allowed,
                Test fits) {
  const auto* value = in.member(key);
  for (size_t i = 0; i < all.size(); ++i)
    if (!fits(all[i]))
      in.fail(value && value->is_array() ? element_path(in.path(key), i)
                                         : in.path(key),
              quote(all[i]), allowed);
}

void read_ports(reader& in, std::vector<port_range>& to) {
  constexpr auto allowed = "ports such as \"20000-20100\", or a list of these";
  std::vector<std::string> texts;
  const auto* value = in.member("tcp_ports");
  if (const auto number = value ? whole_number(*value) : std::nullopt)
    texts.push_back(std::to_string(*number));
  else
    in.strings("tcp_ports", texts, {true, nullptr, allowed});
  check_each(in, "tcp_ports", texts, allowed, [&](const std::string& text) {
    return parse_port_range(text, to.emplace_back());
  });
}

} // namespace

void read_publishing(reader&& in, publishing& to) {
  if (!in)
    return;
  constexpr auto hosts_rule
    = "a host, \"*.\" and a host for all below it, or \"*\"";
  in.strings("hosts", to.hosts, {true, nullptr, "a host or a list of hosts"});
  for (auto& host : to.hosts)
    host = lower_case(host);
  check_each(in, "hosts", to.hosts, hosts_rule, is_host_pattern);
  in.strings("paths", to.paths, {true, nullptr, "a path or a list of paths"});
  check_each(in, "paths", to.paths,
             "a path, with /* at its end for all below it", is_path_pattern);
  read_ports(in, to.tcp_ports);
  read_fields(in, fields::publishing, to);
  if (!to.allows_any() && in.fits("hosts") && in.fits("tcp_ports"))
    in.fail(in.path(), "neither hosts nor tcp_ports",
            "at least one of them; without `publish` nothing is published");
  in.finish();
}

void read_credentials(reader& tunnel_in, std::string_view tunnel,
                      std::vector<credential>& to) {
  const auto* list = tunnel_in.member("credentials");
  if (!list)
    return;
  const auto path = tunnel_in.path("credentials");
  if (!list->is_array() || list->empty() || list->size() > most_credentials) {
    tunnel_in.fail(path, describe(*list), list_rule_text);
    return;
  }
  std::map<std::string, std::string> places; // of names
  for (size_t i = 0; i < list->size(); ++i) {
    const auto place = element_path(path, i);
    auto& added = to.emplace_back();
    read_credential({&(*list)[i], place, tunnel_in.wrong()}, tunnel, added);
    const auto [known, fresh] = places.emplace(added.name, place);
    if (!fresh && !added.name.empty())
      tunnel_in.fail(place + ".name",
                     quote(added.name) + ", which is that of " + known->second,
                     "each name once");
  }
}

} // namespace aps::config
