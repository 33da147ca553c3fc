#define CAF_SUITE access_rules

#include "actors/policy/access/access_rules.hpp"

#include "config/syntax/base64.hpp"
#include "tests/support/test.hpp"

#include <map>

using namespace aps;

namespace {

constexpr int64_t now = 1'800'000'000; // January 2027

const std::map<std::string, std::string> tokens{
  {"ci", "token-of-the-builds"},
  {"later", "token-until-the-end"},
  {"old", "token-of-the-past-year"},
  {"unknown", "token-that-nobody-has"},
  {"alice", "secret-of-alice"}}; // a password is none

const config::node& configuration() {
  static const auto parsed = config::parse(R"({
    "auth": {
      "users": {
        "alice": {"password": "secret-of-alice", "groups": "dev"},
        "bob": {"password": "secret-of-bob", "groups": ["ops"],
                "certificates": ["bob@example.com", "bob"]},
        "carol": {"groups": "dev", "certificates": "carol"},
        "dora": {"password": "secret-of-dora"}},
      "tokens": {
        "ci": {"token": "token-of-the-builds", "groups": "ops"},
        "later": {"token": "token-until-the-end", "groups": "dev",
                  "expires": "2030-01-01"},
        "old": {"token": "token-of-the-past-year", "groups": ["dev", "ops"],
                "expires": "2026-12-31T23:59:59Z"}},
      "groups": {"ops": ["dora"]}},
    "servers": {
      "open": 1,
      "office": {"port": 2, "allow": ["10.0.0.0/8", "fd00::/8"],
                 "deny": ["10.9.0.0/16"]},
      "inner": {"port": 3, "require": {}}},
    "tunnels": {
      "free": {"password": "p"},
      "dev": {"password": "p", "require": {"groups": "dev"}},
      "narrow": {"password": "p", "deny": ["10.1.0.0/16"],
                 "quota": {"max_body_bytes": 1000}}},
    "mappings": [
      {"from": "http://m0", "to": "http://t", "via": {"tunnels": "free"}},
      {"from": "http://m1", "to": "http://t", "via": {"tunnels": "free"},
       "require": {"users": "alice"}},
      {"from": "http://m2", "to": "http://t",
       "require": {"users": "ci", "groups": ["ops"]}},
      {"from": "http://m3", "to": "http://t", "via": {"tunnels": "dev"},
       "require": {"users": ["alice", "bob"]}},
      {"from": "http://m4", "to": "http://t",
       "via": {"tunnels": ["dev", "narrow"]}},
      {"from": "http://m5", "to": "http://t", "allow": ["192.0.2.0/24"],
       "deny": ["192.0.2.66"], "require": {}},
      {"from": "http://m6", "to": "http://t",
       "quota": {"max_body_bytes": 100, "per_user": {"max_body_bytes": 50},
                 "per_address": {"max_body_bytes": 80, "requests": 7}}},
      {"from": "http://m7", "to": "http://t", "require": {}},
      {"from": "http://m8", "to": "http://t",
       "match": {"users": "alice", "groups": "ops"}}]})");
  return std::get<config::node>(parsed);
}

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + config::to_base64(user + ":" + password);
}

/// What a request shows of itself: a user with its password ("alice"), a wrong
/// one ("alice!") or none ("alice?"); a token ("~ci"); a certificate ("#bob"),
/// alone or before a user; "@" and a field as it is; "=" the field of the other
/// form; "%" in front: asked as a proxy.
struct shown {
  explicit shown(std::string text) {
    proxied = text.starts_with('%');
    text.erase(0, proxied);
    if (text.starts_with('#')) {
      const auto blank = text.find(' ');
      tls = std::make_shared<tls_facts>();
      tls->client_names = {"other.example.com", text.substr(1, blank - 1)};
      text = blank == text.npos ? "" : text.substr(blank + 1);
    }
    const bool other = text.starts_with('=');
    text.erase(0, other);
    if (text.empty())
      return;
    headers.push_back(
      {proxied != other ? "proxy-authorization" : "Authorization",
       value_of(text)});
  }

  static std::string value_of(const std::string& text) {
    if (text.front() == '@')
      return text.substr(1);
    if (text.front() == '~')
      return "bearer " + tokens.at(text.substr(1));
    const auto name = text.substr(0, text.find_first_of("!?"));
    if (text.ends_with('?'))
      return basic(name, "");
    return basic(name, text.ends_with('!') ? "wrong" : "secret-of-" + name);
  }

  header_list headers;
  std::shared_ptr<tls_facts> tls;
  bool proxied = false;
};

struct fixture {
  access_rules rules{configuration()};
  route_table routes{configuration().mappings, configuration().tunnels};

  access_verdict decide(const std::string& credentials,
                        const std::string& server, const std::string& address,
                        int mapping, int bytes = -1) {
    const shown from{credentials};
    access_request request{.server = server,
                           .address = address,
                           .headers = &from.headers,
                           .proxied = from.proxied,
                           .tls = from.tls.get(),
                           .now = now};
    if (bytes >= 0)
      request.body_bytes = bytes;
    auto out = rules.decide(request, route_of(mapping).get());
    if (out.unproven && !rules.proves(out.login))
      out.result
        = from.proxied ? outcome::proxy_auth_required : outcome::unauthorized;
    return out;
  }

  std::shared_ptr<const route> route_of(int mapping) {
    const auto name = "m" + std::to_string(mapping);
    const struct : request_user {
      bool is_among(const std::vector<std::string>&,
                    const std::vector<std::string>&) const override {
        return true;
      }
    } anybody;
    return mapping < 0
             ? nullptr
             : routes.find(
               {.scheme = "http", .host = name, .path = "/", .user = &anybody});
  }
};

struct row {
  const char* credentials;
  const char* server;
  const char* address;
  int mapping; ///< -1 = none takes it
  int bytes;   ///< of the body; -1 = not announced
  outcome result;
};

constexpr row table[] = {
  {"", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"alice", "open", "10.2.3.4", 1, -1, outcome::ok},
  {"alice", "open", "10.2.3.4", 2, -1, outcome::forbidden},
  {"alice", "open", "10.2.3.4", 3, -1, outcome::ok},
  {"alice", "open", "10.2.3.4", 4, -1, outcome::ok},
  {"alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"alice", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"alice!", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"alice!", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"alice!", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"alice!", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"alice!", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"alice!", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"alice!", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"alice!", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"alice?", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"alice?", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"alice?", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"alice?", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"alice?", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"alice?", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"alice?", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"alice?", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"Alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"Alice", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"Alice", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"Alice", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"Alice", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"Alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"Alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"Alice", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"bob", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"bob", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"bob", "open", "10.2.3.4", 2, -1, outcome::ok},
  {"bob", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"bob", "open", "10.2.3.4", 4, -1, outcome::forbidden},
  {"bob", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"bob", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"bob", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"dora", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"dora", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"dora", "open", "10.2.3.4", 2, -1, outcome::ok},
  {"dora", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"dora", "open", "10.2.3.4", 4, -1, outcome::forbidden},
  {"dora", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"dora", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"dora", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"carol", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"carol", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"carol", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"carol", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"carol", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"carol", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"carol", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"carol", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"nobody", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"nobody", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"nobody", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"nobody", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"nobody", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"nobody", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"nobody", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"nobody", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"ci", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"ci", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"ci", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"ci", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"ci", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"ci", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"ci", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"ci", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"~ci", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"~ci", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"~ci", "open", "10.2.3.4", 2, -1, outcome::ok},
  {"~ci", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"~ci", "open", "10.2.3.4", 4, -1, outcome::forbidden},
  {"~ci", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"~ci", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"~ci", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"~later", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"~later", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"~later", "open", "10.2.3.4", 2, -1, outcome::forbidden},
  {"~later", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"~later", "open", "10.2.3.4", 4, -1, outcome::ok},
  {"~later", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"~later", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"~later", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"~old", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"~old", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"~old", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"~old", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"~old", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"~old", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"~old", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"~old", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"~unknown", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"~unknown", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"~unknown", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"~unknown", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"~unknown", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"~unknown", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"~unknown", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"~unknown", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"~alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"~alice", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"~alice", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"~alice", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"~alice", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"~alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"~alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"~alice", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"#bob", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"#bob", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"#bob", "open", "10.2.3.4", 2, -1, outcome::ok},
  {"#bob", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"#bob", "open", "10.2.3.4", 4, -1, outcome::forbidden},
  {"#bob", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"#bob", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"#bob", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"#carol", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"#carol", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"#carol", "open", "10.2.3.4", 2, -1, outcome::forbidden},
  {"#carol", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"#carol", "open", "10.2.3.4", 4, -1, outcome::ok},
  {"#carol", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"#carol", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"#carol", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"#carol alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"#carol alice", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"#carol alice", "open", "10.2.3.4", 2, -1, outcome::forbidden},
  {"#carol alice", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"#carol alice", "open", "10.2.3.4", 4, -1, outcome::ok},
  {"#carol alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"#carol alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"#carol alice", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"#stranger", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"#stranger", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"#stranger", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"#stranger", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"#stranger", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"#stranger", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"#stranger", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"#stranger", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"#stranger alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"#stranger alice", "open", "10.2.3.4", 1, -1, outcome::ok},
  {"#stranger alice", "open", "10.2.3.4", 2, -1, outcome::forbidden},
  {"#stranger alice", "open", "10.2.3.4", 3, -1, outcome::ok},
  {"#stranger alice", "open", "10.2.3.4", 4, -1, outcome::ok},
  {"#stranger alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"#stranger alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"#stranger alice", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"@Digest x", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"@Digest x", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"@Digest x", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"@Digest x", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"@Digest x", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"@Digest x", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"@Digest x", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"@Digest x", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"@Basic !!", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"@Basic !!", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"@Basic !!", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"@Basic !!", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"@Basic !!", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"@Basic !!", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"@Basic !!", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"@Basic !!", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"@Basic YWxpY2U=", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"=alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"=alice", "open", "10.2.3.4", 1, -1, outcome::unauthorized},
  {"=alice", "open", "10.2.3.4", 2, -1, outcome::unauthorized},
  {"=alice", "open", "10.2.3.4", 3, -1, outcome::unauthorized},
  {"=alice", "open", "10.2.3.4", 4, -1, outcome::unauthorized},
  {"=alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"=alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"=alice", "open", "10.2.3.4", 7, -1, outcome::unauthorized},
  {"%", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"%", "open", "10.2.3.4", 1, -1, outcome::proxy_auth_required},
  {"%", "open", "10.2.3.4", 2, -1, outcome::proxy_auth_required},
  {"%", "open", "10.2.3.4", 3, -1, outcome::proxy_auth_required},
  {"%", "open", "10.2.3.4", 4, -1, outcome::proxy_auth_required},
  {"%", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"%", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"%", "open", "10.2.3.4", 7, -1, outcome::proxy_auth_required},
  {"%alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"%alice", "open", "10.2.3.4", 1, -1, outcome::ok},
  {"%alice", "open", "10.2.3.4", 2, -1, outcome::forbidden},
  {"%alice", "open", "10.2.3.4", 3, -1, outcome::ok},
  {"%alice", "open", "10.2.3.4", 4, -1, outcome::ok},
  {"%alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"%alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"%alice", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"%alice!", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"%alice!", "open", "10.2.3.4", 1, -1, outcome::proxy_auth_required},
  {"%alice!", "open", "10.2.3.4", 2, -1, outcome::proxy_auth_required},
  {"%alice!", "open", "10.2.3.4", 3, -1, outcome::proxy_auth_required},
  {"%alice!", "open", "10.2.3.4", 4, -1, outcome::proxy_auth_required},
  {"%alice!", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"%alice!", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"%alice!", "open", "10.2.3.4", 7, -1, outcome::proxy_auth_required},
  {"%=alice", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"%=alice", "open", "10.2.3.4", 1, -1, outcome::proxy_auth_required},
  {"%=alice", "open", "10.2.3.4", 2, -1, outcome::proxy_auth_required},
  {"%=alice", "open", "10.2.3.4", 3, -1, outcome::proxy_auth_required},
  {"%=alice", "open", "10.2.3.4", 4, -1, outcome::proxy_auth_required},
  {"%=alice", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"%=alice", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"%=alice", "open", "10.2.3.4", 7, -1, outcome::proxy_auth_required},
  {"%~ci", "open", "10.2.3.4", 0, -1, outcome::ok},
  {"%~ci", "open", "10.2.3.4", 1, -1, outcome::forbidden},
  {"%~ci", "open", "10.2.3.4", 2, -1, outcome::ok},
  {"%~ci", "open", "10.2.3.4", 3, -1, outcome::forbidden},
  {"%~ci", "open", "10.2.3.4", 4, -1, outcome::forbidden},
  {"%~ci", "open", "10.2.3.4", 5, -1, outcome::forbidden},
  {"%~ci", "open", "10.2.3.4", 6, -1, outcome::ok},
  {"%~ci", "open", "10.2.3.4", 7, -1, outcome::ok},
  {"", "office", "10.2.3.4", 0, -1, outcome::ok},
  {"", "office", "10.9.1.1", 0, -1, outcome::forbidden},
  {"", "office", "10.8.255.255", 0, -1, outcome::ok},
  {"", "office", "192.0.2.1", 0, -1, outcome::forbidden},
  {"", "office", "::ffff:10.2.3.4", 0, -1, outcome::ok},
  {"", "office", "::ffff:10.9.2.3", 0, -1, outcome::forbidden},
  {"", "office", "fd00::1", 0, -1, outcome::ok},
  {"", "office", "fe80::1", 0, -1, outcome::forbidden},
  {"", "office", "", 0, -1, outcome::ok},
  {"alice", "office", "10.9.1.1", 1, -1, outcome::forbidden},
  {"alice", "office", "10.2.3.4", 1, -1, outcome::ok},
  {"bob", "office", "10.2.3.4", 1, -1, outcome::forbidden},
  {"", "office", "192.0.2.1", -1, -1, outcome::forbidden},
  {"", "office", "10.2.3.4", -1, -1, outcome::ok},
  {"", "inner", "10.2.3.4", -1, -1, outcome::ok},
  {"", "inner", "10.2.3.4", 0, -1, outcome::unauthorized},
  {"alice", "inner", "10.2.3.4", 0, -1, outcome::ok},
  {"~ci", "inner", "10.2.3.4", 0, -1, outcome::ok},
  {"~old", "inner", "10.2.3.4", 0, -1, outcome::unauthorized},
  {"#bob", "inner", "10.2.3.4", 0, -1, outcome::ok},
  {"bob", "inner", "10.2.3.4", 1, -1, outcome::forbidden},
  {"alice", "inner", "10.2.3.4", 3, -1, outcome::ok},
  {"bob", "inner", "10.2.3.4", 3, -1, outcome::forbidden},
  {"", "unknown", "10.2.3.4", 0, -1, outcome::ok},
  {"", "", "10.2.3.4", 0, -1, outcome::ok},
  {"alice", "open", "192.0.2.7", 5, -1, outcome::ok},
  {"", "open", "192.0.2.7", 5, -1, outcome::unauthorized},
  {"alice", "open", "192.0.2.66", 5, -1, outcome::forbidden},
  {"", "open", "192.0.2.66", 5, -1, outcome::forbidden},
  {"alice", "open", "192.0.3.7", 5, -1, outcome::forbidden},
  {"~ci", "open", "192.0.2.7", 5, -1, outcome::ok},
  {"alice", "open", "", 5, -1, outcome::ok},
  {"alice", "open", "10.1.2.3", 4, -1, outcome::forbidden},
  {"alice", "open", "10.1.2.3", 3, -1, outcome::ok},
  {"", "open", "10.1.2.3", 4, -1, outcome::forbidden},
  {"", "open", "10.2.3.4", 6, 80, outcome::ok},
  {"", "open", "10.2.3.4", 6, 81, outcome::body_too_large},
  {"", "open", "", 6, 100, outcome::ok},
  {"", "open", "", 6, 101, outcome::body_too_large},
  {"#bob", "open", "10.2.3.4", 6, 50, outcome::ok},
  {"#bob", "open", "10.2.3.4", 6, 51, outcome::body_too_large},
  {"alice", "open", "10.2.3.4", 6, 80, outcome::ok},
  {"alice", "open", "10.2.3.4", 4, 1000, outcome::ok},
  {"alice", "open", "10.2.3.4", 4, 1001, outcome::body_too_large},
  {"bob", "open", "10.2.3.4", 4, 1001, outcome::forbidden},
  {"", "open", "10.2.3.4", 4, 1001, outcome::unauthorized},
  {"", "open", "10.2.3.4", 6, 0, outcome::ok},
  {"", "open", "10.2.3.4", 0, 1000000000, outcome::ok},
};

static_assert(std::size(table) >= 120);

struct reason_row {
  const char* credentials;
  const char* server;
  const char* address;
  int mapping;
  const char* reason;
};

constexpr reason_row reasons[] = {
  {"", "open", "10.2.3.4", 0, ""},
  {"", "office", "10.2.3.4", 0, "servers.office.allow"},
  {"", "office", "10.9.0.1", 0, "servers.office.deny"},
  {"", "office", "11.0.0.1", 0, "not in servers.office.allow"},
  {"", "open", "10.2.3.4", 1, "no credentials"},
  {"@Digest x", "open", "10.2.3.4", 1, "credentials of another kind"},
  {"nobody", "open", "10.2.3.4", 1, "no such user"},
  {"ci", "open", "10.2.3.4", 2, "no such user"},
  {"carol", "open", "10.2.3.4", 1, "carol has no password"},
  {"~unknown", "open", "10.2.3.4", 1, "unknown token"},
  {"~old", "open", "10.2.3.4", 1, "token old expired"},
  {"alice", "open", "10.2.3.4", 1, "alice by password, mappings[1].require"},
  {"bob", "open", "10.2.3.4", 1,
   "bob is not among those of mappings[1].require"},
  {"~ci", "open", "10.2.3.4", 2, "ci by token, mappings[2].require"},
  {"#bob", "open", "10.2.3.4", 2, "bob by certificate, mappings[2].require"},
  {"alice", "inner", "10.2.3.4", 3,
   "alice by password, servers.inner.require, tunnels.dev.require, "
   "mappings[3].require"},
  {"bob", "open", "10.2.3.4", 3,
   "bob is not among those of tunnels.dev.require"},
  {"alice", "open", "10.1.2.3", 4, "tunnels.narrow.deny"},
  {"alice", "open", "192.0.2.7", 5,
   "mappings[5].allow, alice by password, mappings[5].require"},
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(access_rules_tests, fixture)

CAF_TEST(who may come in stands in the table) {
  for (const auto& each : table) {
    CAF_MESSAGE("\"" << each.credentials << "\" at " << each.server << " from "
                     << each.address << " to " << each.mapping << ", "
                     << each.bytes);
    const auto found = decide(each.credentials, each.server, each.address,
                              each.mapping, each.bytes);
    CAF_CHECK_EQUAL(to_string(found.result), to_string(each.result));
  }
}

CAF_TEST(the rule that decided is named) {
  for (const auto& each : reasons) {
    const auto found
      = decide(each.credentials, each.server, each.address, each.mapping);
    CAF_CHECK_EQUAL(found.reason, each.reason);
  }
}

CAF_TEST(a password is looked at only where somebody has to be known) {
  CAF_CHECK(!decide("alice", "open", "10.2.3.4", 0).unproven);
  CAF_CHECK(!decide("alice", "open", "10.2.3.4", 0).by_field);
  CAF_CHECK(decide("alice", "open", "10.2.3.4", 1).unproven);
  // Not if the network decides, or a certificate.
  CAF_CHECK(!decide("alice", "open", "192.0.2.66", 5).unproven);
  CAF_CHECK(!decide("#carol alice", "open", "10.2.3.4", 1).unproven);
  CAF_CHECK(!decide("~ci", "open", "10.2.3.4", 1).unproven);
  CAF_CHECK(decide("~unknown", "open", "10.2.3.4", 1).wrong_token);
  CAF_CHECK(!decide("~old", "open", "10.2.3.4", 1).wrong_token);
}

CAF_TEST(a mapping that is chosen by who asks is for those alone) {
  const auto claims = [&](const std::string& text) {
    const shown of{text};
    const auto* user = rules.claimed({.headers = &of.headers,
                                      .proxied = of.proxied,
                                      .tls = of.tls.get(),
                                      .now = now});
    return user ? user->name : std::string{"nobody"};
  };
  const std::tuple<const char*, const char*, outcome> rows[]
    = {{"", "nobody", outcome::unauthorized},
       {"alice", "alice", outcome::ok},
       {"alice!", "alice", outcome::unauthorized}, // once somebody looked
       {"dora", "dora", outcome::ok},
       {"bob", "bob", outcome::ok},
       {"~ci", "ci", outcome::ok},
       {"~later", "later", outcome::forbidden},
       {"~old", "nobody", outcome::unauthorized},
       {"~unknown", "nobody", outcome::unauthorized},
       {"#bob", "bob", outcome::ok},
       {"#carol alice", "carol", outcome::forbidden},
       {"@Digest x", "nobody", outcome::unauthorized}};
  for (const auto& [text, name, result] : rows) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(claims(text), name);
    CAF_CHECK_EQUAL(decide(text, "open", "10.2.3.4", 8).result, result);
  }
  CAF_CHECK(decide("alice!", "open", "10.2.3.4", 8).unproven);
}

CAF_TEST(quotas count by rule user and address) {
  const auto found = decide("#bob", "open", "10.2.3.4", 6);
  CAF_REQUIRE_EQUAL(found.quotas.size(), 1u);
  CAF_CHECK_EQUAL(found.quotas.front().rule, "mappings[6].quota.per_address");
  CAF_CHECK_EQUAL(found.quotas.front().limits->requests, 7u);
  CAF_CHECK_EQUAL(found.max_body_bytes, 50u);
  const auto other = decide("", "open", "10.2.3.5", 6);
  CAF_CHECK_NOT_EQUAL(other.quotas.front().whose, found.quotas.front().whose);
  CAF_CHECK(decide("", "open", "", 6).quotas.empty());
  CAF_CHECK(decide("", "open", "10.2.3.4", 0).quotas.empty());
}

CAF_TEST(two fields with credentials are none) {
  const header_list twice{{"Authorization", basic("alice", "secret-of-alice")},
                          {"authorization", basic("alice", "secret-of-alice")}};
  const auto found = rules.decide(
    {.server = "open", .address = "10.2.3.4", .headers = &twice, .now = now},
    route_of(1).get());
  CAF_CHECK_EQUAL(found.result, outcome::unauthorized);
  CAF_CHECK_EQUAL(found.reason, "credentials of another kind");
}

CAF_TEST(whoever is named beyond doubt needs no credentials) {
  const auto ask = [&](std::string_view name, int mapping) {
    return rules.decide({.server = "open", .now = now, .proven = name},
                        route_of(mapping).get());
  };
  CAF_CHECK_EQUAL(ask("alice", 1).result, outcome::ok);
  CAF_CHECK_EQUAL(ask("alice", 1).reason, "alice, mappings[1].require");
  CAF_CHECK_EQUAL(ask("bob", 1).result, outcome::forbidden);
  CAF_CHECK_EQUAL(ask("old", 7).result, outcome::unauthorized);
  // Where nobody has to be known, nobody is.
  CAF_CHECK_EQUAL(ask("old", 0).result, outcome::ok);
  CAF_CHECK(!ask("alice", 0).user);
  CAF_CHECK_EQUAL(ask("nobody", 7).result, outcome::unauthorized);
}

CAF_TEST(who has to say who it is hears how) {
  const auto asked = rules.challenges(false);
  CAF_REQUIRE_EQUAL(asked.size(), 2u);
  CAF_CHECK_EQUAL(asked[0].name, "WWW-Authenticate");
  CAF_CHECK_EQUAL(asked[0].value, "Basic realm=\"APS\", charset=\"UTF-8\"");
  CAF_CHECK_EQUAL(asked[1].value, "Bearer realm=\"APS\"");
  CAF_CHECK_EQUAL(rules.challenges(true)[0].name, "Proxy-Authenticate");
}

CAF_TEST(without passwords and tokens there is nothing to be asked for) {
  const auto parsed = config::parse(R"({"servers": {"s": 1},
    "auth": {"users": {"u": {"certificates": "u"}}},
    "mappings": [{"from": "http://m1", "to": "http://t", "require": {}}]})");
  const auto& config = std::get<config::node>(parsed);
  const access_rules some{config};
  const route_table table{config.mappings};
  const shown password{"u"};
  const auto found
    = some.decide({.server = "s", .headers = &password.headers, .now = now},
                  table.find({"http", "m1", 0, "/"}).get());
  CAF_CHECK_EQUAL(found.result, outcome::forbidden);
  CAF_CHECK(some.challenges(false).empty());
}

CAF_TEST(rules that ask nothing are empty) {
  CAF_CHECK(access_rules{}.empty());
  CAF_CHECK(!rules.empty());
  const auto parsed = config::parse(R"({"servers": {"s": 1},
    "auth": {"users": {"u": {"password": "p"}}}})");
  CAF_CHECK(access_rules{std::get<config::node>(parsed)}.empty());
}

CAF_TEST(a slow password is looked at for names that nobody has too) {
  const auto parsed = config::parse(R"({"servers": {"s": 1}, "auth": {"users": {
    "u": {"password_hash":
      "$scrypt$ln=10,r=1,p=1$c2FsdHNhbHQ$4OwqG/A7/UZH5nW8Xn9i4w"},
    "v": {"password": "p"}}}})");
  const auto* config = std::get_if<config::node>(&parsed);
  CAF_REQUIRE(config);
  const access_rules some{*config};
  CAF_CHECK(!some.proves({"u", "p"}));
  CAF_CHECK(!some.proves({"nobody", "p"}));
  CAF_CHECK(!some.proves({"v", "q"}));
  CAF_CHECK(some.proves({"v", "p"}));
}

CAF_TEST_FIXTURE_SCOPE_END()
