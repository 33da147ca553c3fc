#include "config/show.hpp"

#include "config/answers/answer_sections.hpp"
#include "config/delivery/delivery_section.hpp"
#include "config/routing/match_section.hpp"
#include "config/routing/rewrite_section.hpp"
#include "config/show_fields.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

json show(const quotas& quotas) {
  auto out = json::object();
  for (const auto& row : quota_table) {
    if (quotas.*row.settings == quota{})
      continue;
    auto shown = show_fields(fields::quota, quotas.*row.settings);
    if (*row.key)
      out[row.key] = std::move(shown);
    else
      out.update(shown);
  }
  return out;
}

json show(const requirement& asked) {
  auto out = json::object();
  if (!asked.users.empty())
    out["users"] = asked.users;
  if (!asked.groups.empty())
    out["groups"] = asked.groups;
  return out;
}

json show(const forward_auth& asked) {
  auto out
    = show_fields(fields::forward_auth, asked,
                  {{"url", asked.url}, {"copy_headers", asked.copy_headers}});
  if (!asked.tunnels.empty())
    out["via"]["tunnels"] = asked.tunnels;
  if (!asked.endpoints.empty())
    out["via"]["endpoints"] = asked.endpoints;
  if (!asked.request_headers.empty())
    out["request_headers"] = asked.request_headers;
  return out;
}

/// Adds what of access is there.
void show_access(json& to, const access& access) {
  if (!access.allow.empty())
    to["allow"] = access.allow;
  if (!access.deny.empty())
    to["deny"] = access.deny;
  if (access.require)
    to["require"] = show(*access.require);
  if (access.forward_auth)
    to["forward_auth"] = show(*access.forward_auth);
  if (access.quota != quotas{})
    to["quota"] = show(access.quota);
}

/// Adds what of it is there.
void show_publishing(json& to, const publishing& allowed) {
  if (!allowed.allows_any())
    return;
  auto out = show_fields(fields::publishing, allowed);
  if (!allowed.hosts.empty())
    out["hosts"] = allowed.hosts;
  if (!allowed.paths.empty())
    out["paths"] = allowed.paths;
  for (const auto& range : allowed.tcp_ports)
    out["tcp_ports"].push_back(range.str());
  to["publish"] = std::move(out);
}

json show(const user& user) {
  auto out = json::object();
  if (!user.password.empty())
    out["password"] = masked;
  if (!user.password_hash.empty())
    out["password_hash"] = masked;
  if (!user.groups.empty())
    out["groups"] = user.groups;
  if (!user.certificates.empty())
    out["certificates"] = user.certificates;
  return out;
}

json show(const token& token) {
  auto out = json::object();
  out[token.secret.empty() ? "token_hash" : "token"] = masked;
  if (!token.groups.empty())
    out["groups"] = token.groups;
  if (!token.expires.empty())
    out["expires"] = token.expires;
  return out;
}

json show(const credential& credential) {
  json out{{"name", credential.name}};
  out[credential.key.empty() ? "password" : "password_hash"] = masked;
  if (!credential.endpoints.empty())
    out["endpoints"] = credential.endpoints;
  if (!credential.expires_text.empty())
    out["expires"] = credential.expires_text;
  show_publishing(out, credential.publish);
  return out;
}

json show(const auth& auth) {
  auto out
    = show_fields(fields::auth, auth,
                  {{"realm", auth.realm}, {"user_header", auth.user_header}});
  for (const auto& [name, user] : auth.users)
    out["users"][name] = show(user);
  for (const auto& [name, token] : auth.tokens)
    out["tokens"][name] = show(token);
  if (!auth.groups.empty())
    out["groups"] = auth.groups;
  return out;
}

} // namespace

json show(const tunnel& tunnel) {
  auto out = show_fields(
    fields::tunnel, tunnel,
    {{"servers", tunnel.servers},
     {"client_certificate", to_string(tunnel.client_certificate)},
     {"fallback", show_fields(fields::breaker, tunnel.fallback)}});
  for (size_t i = 0; i < tunnel.pools.size(); ++i) {
    const auto& row = pool_table[i];
    auto pool = show_fields(fields::pool, tunnel.pools[i]);
    if (row.has_fallback)
      pool = show_fields(fields::fallback_switch, tunnel.fallback,
                         std::move(pool));
    out[row.key] = std::move(pool);
  }
  if (!tunnel.password.empty())
    out["password"] = masked;
  for (const auto& each : tunnel.credentials)
    out["credentials"].push_back(show(each));
  show_publishing(out, tunnel.publish);
  show_access(out, tunnel.access);
  return out;
}

namespace {

json show(const target_tls& tls) {
  auto out = json::object();
  const std::pair<const char*, const std::string&> rows[]
    = {{"ca", tls.ca},
       {"cert", tls.cert},
       {"key", tls.key},
       {"server_name", tls.server_name}};
  for (const auto& [key, text] : rows)
    if (!text.empty())
      out[key] = text;
  return out;
}

json show(const health_check& check) {
  auto expected = json::array();
  for (const auto& each : check.expect)
    if (each.low == each.high)
      expected.push_back(each.low);
    else
      expected.push_back(each.str());
  return show_fields(fields::health, check,
                     {{"path", check.path}, {"expect", std::move(expected)}});
}

json show(const origin_rule& rule) {
  using kind = origin_rule::kind;
  if (rule.allowed == kind::listed)
    return rule.patterns;
  return rule.allowed == kind::any ? "any" : "same";
}

} // namespace

json show(const mapping& rule) {
  auto out = show_fields(fields::mapping, rule,
                         {{"from", rule.from.str()},
                          {"to", rule.goes_anywhere() ? "" : rule.to.str()},
                          {"origins", show(rule.origins)},
                          {"proxy_protocol", to_string(rule.proxy_protocol)}});
  if (rule.goes_anywhere())
    out.erase("to");
  if (rule.is_stream())
    for (const auto* key : {"allow_encoded_slash", "hsts", "http2", "origins"})
      out.erase(key);
  if (rule.is_named())
    out["alpn"] = rule.alpn;
  else
    out.erase("terminate");
  if (rule.match)
    out["match"] = show(*rule.match);
  show_rewrites(out, rule);
  show_answers(out, rule.error_pages, rule.compress);
  if (rule.tls)
    out["tls"] = show(*rule.tls);
  show_access(out, rule.access);
  show_delivery(rule, out);
  if (rule.tunnels.empty())
    return out;
  using kind = stickiness::kind;
  const auto& by = rule.sticky_by;
  out["via"] = {{"tunnels", rule.tunnels},
                {"balance", to_string(rule.balance)},
                {"sticky_by", by.by == kind::address  ? "address"
                              : by.by == kind::cookie ? "cookie:" + by.name
                                                      : "header:" + by.name}};
  if (!rule.endpoints.empty())
    out["via"]["endpoints"] = rule.endpoints;
  if (rule.health)
    out["health"] = show(*rule.health);
  return out;
}

json show(const node& config) {
  auto out = show_frame(config);
  out["tunnels"] = json::object();
  out["mappings"] = json::array();
  for (const auto& [name, tunnel] : config.tunnels)
    out["tunnels"][name] = show(tunnel);
  for (const auto& rule : config.mappings)
    out["mappings"].push_back(show(rule));
  return out;
}

namespace {

json show(const tls& tls) {
  json out{{"min_version", tls.min_version}};
  if (!tls.client_ca.empty())
    out["client_ca"] = tls.client_ca;
  // The first stands by itself, as it is read.
  for (const auto& each : tls.certificates) {
    json pair{{"cert", each.cert}, {"key", each.key}};
    if (!each.ocsp.empty())
      pair["ocsp"] = each.ocsp;
    if (&each == &tls.certificates.front())
      out.update(pair);
    else
      out["certificates"].push_back(pair);
  }
  return out;
}

json show(const admin_grpc& grpc) {
  json out{{"host", grpc.host}, {"port", grpc.port}};
  if (grpc.tls) {
    out["tls"] = show(*grpc.tls);
    out["tls"].erase("min_version"); // not to be chosen here
  }
  return out;
}

} // namespace

json show_frame(const node& config) {
  json out{{"servers", json::object()},
           {"trusted_proxies", config.trusted_proxies},
           {"http", show_fields(fields::http, config.http)}};
  for (const auto& [name, server] : config.servers) {
    auto& shown = out["servers"][name]
      = show_fields(fields::server, server,
                    {{"host", server.host},
                     {"port", server.port},
                     {"trusted_proxies", server.trusted_proxies},
                     {"agent_origins", server.agent_origins},
                     {"http", show_fields(fields::http, server.http)}});
    if (server.tls)
      shown["tls"] = show(*server.tls);
    show_access(shown, server.access);
    show_answers(shown, server.error_pages, server.compress);
  }
  if (const auto& admin = config.admin) {
    out["admin"] = show_fields(fields::admin, *admin,
                               {{"host", admin->host}, {"port", admin->port}});
    if (!admin->token.empty())
      out["admin"]["token"] = masked;
    if (admin->grpc)
      out["admin"]["grpc"] = show(*admin->grpc);
  }
  out["log"] = show_fields(fields::log, config.log,
                           {{"level", config.log.level},
                            {"format", config.log.format},
                            {"components", config.log.components}});
  out["limits"] = show_fields(fields::limits, config.limits,
                              {{"trusted", config.limits.trusted}});
  out["io"] = show_fields(fields::io, config.io);
  if (!config.dns.servers.empty())
    out["dns"] = {{"servers", config.dns.servers}};
  out["targets"] = show_fields(fields::targets, config.targets);
  out["streams"] = show_fields(fields::streams, config.streams);
  if (config.auth != auth{})
    out["auth"] = show(config.auth);
  return out;
}

} // namespace aps::config
