#include "config/sections.hpp"

#include "config/access/web_origins.hpp"
#include "config/answers/answer_sections.hpp"
#include "config/delivery/delivery_section.hpp"
#include "config/host.hpp"
#include "config/log_components.hpp"
#include "config/networks.hpp"
#include "config/routing/match_section.hpp"
#include "config/routing/rewrite_section.hpp"
#include "config/streams/stream_rules.hpp"
#include "config/streams/stream_url.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <array>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr range<uint16_t> any_port{0, 65535};
constexpr size_t max_token = 1024;

void read_host(reader& in, std::string& to) {
  const auto* value = in.member("host");
  if (!value)
    return;
  const auto text = value->is_string() ? value->get<std::string>() : "";
  if (text == "localhost" || is_ipv4(text) || is_ipv6(text))
    to = text;
  else
    in.fail(in.path("host"), describe(*value),
            "an IP address or \"localhost\"");
}

bool read_url(reader& in, const char* key, bool prefix, url& to) {
  const auto* const allowed
    = prefix ? "an absolute URL: http or https://host[:port][/path], "
               "tcp or udp://[address]:port, tls or connect://host:port"
             : "an absolute URL: http, https or h2c://host[:port][/path], "
               "tcp or udp://host:port, or unix:/path";
  const auto* value = in.member(key);
  if (!value)
    return in.require(key, allowed);
  if (!value->is_string())
    return in.fail(in.path(key), describe(*value), allowed);
  const auto text = value->get<std::string>();
  std::string error;
  if (auto parsed = parse_url(text, prefix, error)) {
    to = std::move(*parsed);
    return true;
  }
  // A URL with a user may show a password.
  const bool secret = text.find('@') != text.npos;
  return in.fail(in.path(key), describe(*value, secret) + " (" + error + ")",
                 allowed);
}

} // namespace

void read_http(reader&& in, http& to) {
  read_fields(in, fields::http, to);
  in.finish();
}

bool read_includes(reader& in, std::vector<std::string>& to) {
  constexpr auto allowed = "a list of files, such as [\"conf.d/*.json\"]";
  const auto* value = in.member("include");
  if (!value)
    return true;
  if (!value->is_array())
    return in.fail(in.path("include"), describe(*value), allowed);
  bool ok = true;
  for (size_t i = 0; i < value->size(); ++i) {
    const auto& name = (*value)[i];
    if (name.is_string() && !name.get_ref<const std::string&>().empty())
      to.push_back(name.get<std::string>());
    else
      ok = in.fail(element_path(in.path("include"), i), in.found("include", i),
                   "a file's name or pattern");
  }
  return ok;
}

void read_frame(reader& in) {
  // Editors look for it; the programs do not.
  if (const auto* schema = in.member("$schema");
      schema && !schema->is_string())
    in.fail(in.path("$schema"), describe(*schema), "a string");
  // `read_file` has done it.
  std::vector<std::string> included;
  read_includes(in, included);
}

void read_networks(reader& in, const char* key, std::vector<std::string>& to) {
  const auto* value = in.member(key);
  if (!value)
    return;
  if (!value->is_array()) {
    in.fail(in.path(key), describe(*value), "a list of networks");
    return;
  }
  to.clear();
  for (size_t i = 0; i < value->size(); ++i) {
    const auto& block = (*value)[i];
    auto text = block.is_string() ? block.get<std::string>() : "";
    if (parse_network(text))
      to.push_back(std::move(text));
    else
      in.fail(element_path(in.path(key), i), in.found(key, i),
              "an IP address, or a network such as \"10.0.0.0/8\" or "
              "\"fd00::/8\"");
  }
}

namespace {

// A list of origins under `key`, in its value.
void read_origin_list(reader& in, const char* key, const json& value,
                      std::vector<std::string>& to) {
  to.clear();
  for (size_t i = 0; i < value.size(); ++i) {
    auto text = value[i].is_string() ? value[i].get<std::string>() : "";
    if (is_origin_pattern(text))
      to.push_back(std::move(text));
    else
      in.fail(element_path(in.path(key), i), in.found(key, i),
              "an origin such as \"https://app.test\", or "
              "\"https://*.app.test\" for all below it");
  }
}

void read_agent_origins(reader& in, server& to) {
  const auto* value = in.member("agent_origins");
  if (value && value->is_array())
    read_origin_list(in, "agent_origins", *value, to.agent_origins);
  else if (value)
    in.fail(in.path("agent_origins"), describe(*value), "a list of origins");
}

void read_origins(reader& in, origin_rule& to) {
  using kind = origin_rule::kind;
  const auto* value = in.member("origins");
  if (!value)
    return;
  if (value->is_array() && !value->empty()) {
    to.allowed = kind::listed;
    read_origin_list(in, "origins", *value, to.patterns);
  } else if (*value == "any" || *value == "same") {
    to.allowed = *value == "any" ? kind::any : kind::same;
  } else {
    in.fail(in.path("origins"), describe(*value),
            "any, same, or a list of origins");
  }
}

} // namespace

void read_limits(reader&& in, limits& to) {
  read_fields(in, fields::limits, to);
  read_networks(in, "trusted", to.trusted);
  in.finish();
}

void read_server(const json& value, const std::string& path, server& to,
                 problems& out) {
  if (const auto meant = scalar_of(value); meant.is_number()) {
    const auto port = whole_number(meant);
    if (port && *port <= any_port.high)
      to.port = static_cast<uint16_t>(*port);
    else
      out.push_back({path, describe(value), "a port from 0 to 65535", {}});
    return;
  }
  reader in{&value, path, out, "a port number or an object"};
  in.require("port", "a port from 0 to 65535");
  in.integer("port", to.port, any_port);
  read_host(in, to.host);
  read_fields(in, fields::server, to);
  read_http(in.object("http"), to.http);
  read_networks(in, "trusted_proxies", to.trusted_proxies);
  read_agent_origins(in, to);
  if (to.proxy_protocol && to.trusted_proxies.empty())
    in.fail(in.path("trusted_proxies"), "nothing",
            "the addresses of the proxies, because only they may speak the "
            "PROXY protocol");
  read_tls(in.object("tls"), to.tls);
  read_access(in, to.access);
  read_error_pages(in, to.error_pages);
  read_compression(in, to.compress);
  in.finish();
}

namespace {

constexpr std::array balances{balance::least_loaded, balance::round_robin,
                              balance::latency, balance::random,
                              balance::sticky};

std::optional<stickiness> parse_stickiness(std::string_view text) {
  using kind = stickiness::kind;
  if (text == "address")
    return stickiness{kind::address, ""};
  const auto colon = text.find(':');
  const auto what = text.substr(0, colon);
  const auto name = colon == text.npos ? "" : text.substr(colon + 1);
  if (!is_token(name) || (what != "cookie" && what != "header"))
    return std::nullopt;
  return stickiness{what == "cookie" ? kind::cookie : kind::header,
                    std::string(name)};
}

void read_balance(reader& in, mapping& to) {
  std::vector<std::string> words;
  for (const auto balance : balances)
    words.emplace_back(to_string(balance));
  std::string word{to_string(to.balance)};
  in.word("balance", word, words);
  for (const auto balance : balances)
    if (word == to_string(balance))
      to.balance = balance;
  const auto* value = in.member("sticky_by");
  if (!value)
    return;
  const auto text = value->is_string() ? value->get<std::string>() : "";
  if (const auto parsed = parse_stickiness(text))
    to.sticky_by = *parsed;
  else
    in.fail(in.path("sticky_by"), describe(*value),
            "address, cookie:NAME or header:NAME");
}

constexpr const char* a_status
  = "a status from 200 to 599, \"2xx\" to \"5xx\", or a list of these";

std::optional<health_check::statuses> parse_statuses(const json& value) {
  if (const auto number = whole_number(value)) {
    const auto status = static_cast<uint16_t>(*number);
    if (*number < 200 || *number > 599)
      return std::nullopt;
    return health_check::statuses{status, status};
  }
  const auto word = text_of(value);
  const auto text = word.is_string() ? word.get<std::string>() : "";
  if (text.size() != 3 || text[0] < '2' || text[0] > '5'
      || !text.ends_with("xx"))
    return std::nullopt;
  const auto low = static_cast<uint16_t>((text[0] - '0') * 100);
  return health_check::statuses{low, static_cast<uint16_t>(low + 99)};
}

void read_expected(reader& in, health_check& to) {
  const auto* value = in.scalar("expect");
  if (!value)
    return;
  const auto list = value->is_array() ? *value : json::array({*value});
  if (list.empty()) {
    in.fail(in.path("expect"), "an empty list", a_status);
    return;
  }
  to.expect.clear();
  for (size_t i = 0; i < list.size(); ++i) {
    if (const auto parsed = parse_statuses(list[i]))
      to.expect.push_back(*parsed);
    else if (value->is_array())
      in.fail(element_path(in.path("expect"), i), in.found("expect", i),
              a_status);
    else
      in.fail(in.path("expect"), in.found("expect"), a_status);
  }
}

void read_check_path(reader& in, health_check& to) {
  constexpr size_t longest = 1024;
  const auto* value = in.member("path");
  if (!value)
    return;
  const auto text = value->is_string() ? value->get<std::string>() : "";
  const auto fits = text.size() <= longest && text.starts_with('/')
                    && std::all_of(text.begin(), text.end(), [](char c) {
                         return c > ' ' && c < 0x7f && c != '#';
                       });
  if (fits)
    to.path = text;
  else
    in.fail(in.path("path"), describe(*value),
            "a path such as \"/healthz\": visible ASCII without #");
}

void read_health(reader& mapping_in, mapping& to) {
  auto in = mapping_in.object("health");
  if (!in)
    return;
  health_check check;
  read_check_path(in, check);
  read_fields(in, fields::health, check, [&](std::string_view key) {
    if (key == "timeout")
      read_expected(in, check);
  });
  in.finish();
  if (!mapping_in.member("via"))
    in.fail(in.path(), "an object",
            "nothing, because without `via` no other agent could be asked");
  to.health = std::move(check);
}

} // namespace

// Without a tunnel it would be the node itself, and an endpoint lives inside a
// tunnel.
void read_way(reader& via, const std::vector<std::string>* known,
              std::vector<std::string>& tunnels,
              std::vector<std::string>& endpoints) {
  constexpr auto allowed = "a name or a list of names";
  via.require("tunnels", allowed);
  via.strings("tunnels", tunnels, {true, known, allowed});
  via.strings("endpoints", endpoints, {true, nullptr, allowed});
}

void read_mapping(const json& value, const std::string& path,
                  const std::vector<std::string>* tunnels, mapping& to,
                  problems& out) {
  reader in{&value, path, out};
  read_url(in, "from", true, to.from);
  read_match(in, to);
  const auto* target = in.member("to");
  if (target && target->is_object())
    read_answer(in, to);
  else if (to.from.scheme != "connect" || target)
    read_url(in, "to", false, to.to);
  else
    to.to.scheme = "tcp"; // to whom the visitor names
  read_rewrites(in, to);
  auto via = in.object("via");
  read_way(via, tunnels, to.tunnels, to.endpoints);
  read_balance(via, to);
  via.finish();
  read_fields(in, fields::mapping, to);
  read_target_tls(in, to);
  read_origins(in, to.origins);
  read_word(
    in, "proxy_protocol", to.proxy_protocol,
    std::array{proxy_protocol::off, proxy_protocol::v1, proxy_protocol::v2});
  read_health(in, to);
  read_delivery(in, tunnels, to);
  read_access(in, to.access);
  read_forward_auth(in, to.access);
  read_error_pages(in, to.error_pages);
  read_compression(in, to.compress);
  check_stream(in, to);
  in.finish();
}

namespace {

// Who reaches the port may do everything, and strangers could wear it out:
// beyond this host it takes a token, and TLS to carry that.
void read_grpc(reader& admin_in, admin& to) {
  auto in = admin_in.object("grpc");
  if (!in)
    return;
  auto& settings = to.grpc.emplace();
  read_host(in, settings.host);
  in.integer("port", settings.port, any_port);
  read_operator_tls(in.object("tls"), settings.tls);
  if (!is_loopback(settings.host)) {
    const auto why = ", because " + in.path("host") + " " + settings.host
                     + " is not a loopback address";
    if (to.token.empty())
      admin_in.fail(admin_in.path("token"), "nothing", "a secret" + why);
    if (!settings.tls && in.fits("tls"))
      in.fail(in.path("tls"), "nothing", "cert and key" + why);
  }
  in.finish();
}

} // namespace

namespace {

// An address, or the path of a socket.
void read_admin_host(reader& in, admin& to) {
  const auto* value = in.member("host");
  const auto text
    = value && value->is_string() ? value->get<std::string>() : "";
  if (!text.starts_with("unix:"))
    return read_host(in, to.host);
  std::string error;
  if (parse_stream_url(text, false, error))
    to.host = text;
  else
    in.fail(in.path("host"), quote(text) + " (" + error + ")",
            "an IP address, \"localhost\" or unix:/path");
}

} // namespace

void read_admin(reader&& in, admin& to) {
  read_admin_host(in, to);
  in.integer("port", to.port, any_port);
  if (in.member("token") && in.secret("token", to.token, max_token)
      && !is_bearer_token(to.token))
    in.fail(in.path("token"), "a string that is none", bearer_token_rule);
  read_fields(in, fields::admin, to);
  // Who reaches the port may do everything.
  if (in && to.token.empty() && !is_loopback(to.host)
      && !to.host.starts_with("unix:"))
    in.fail(in.path("token"), "nothing",
            "a secret, because " + to.host + " is not a loopback address");
  read_grpc(in, to);
  in.finish();
}

void read_log(reader&& in, log& to) {
  const std::vector<std::string> levels{"trace",   "debug", "info",
                                        "warning", "error", "off"};
  in.word("level", to.level, levels);
  in.word("format", to.format, {"text", "json"});
  read_fields(in, fields::log, to);
  auto parts = in.object("components");
  for (const auto& component : log_component_names()) {
    std::string level;
    if (parts && parts.word(component.c_str(), level, levels) && !level.empty())
      to.components[component] = level;
  }
  parts.finish();
  in.finish();
}

// ip, ip:port or [v6]:port.
bool is_dns_server(std::string_view text) {
  if (is_ipv4(text) || is_ipv6(text))
    return true;
  const auto colon = text.rfind(':');
  if (colon == text.npos)
    return false;
  const auto port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5
      || port.find_first_not_of("0123456789") != port.npos
      || std::stoul(std::string(port)) - 1 >= 65535)
    return false;
  auto host = text.substr(0, colon);
  if (!host.starts_with('['))
    return is_ipv4(host);
  host.remove_prefix(1);
  return host.ends_with(']') && is_ipv6(host.substr(0, host.size() - 1));
}

void read_dns(reader&& in, dns& to) {
  constexpr auto allowed = "an IP address, with :PORT unless it is 53";
  in.strings("servers", to.servers, {true, nullptr, allowed});
  for (const auto& server : to.servers)
    if (!is_dns_server(server))
      in.fail(in.path("servers"), "\"" + server + "\"", allowed);
  in.finish();
}

void read_io(reader&& in, io& to) {
  read_fields(in, fields::io, to);
  in.finish();
}

void read_streams(reader&& in, streams& to) {
  read_fields(in, fields::streams, to);
  in.finish();
}

void read_targets(reader&& in, targets& to) {
  read_fields(in, fields::targets, to);
  in.finish();
}

} // namespace aps::config
