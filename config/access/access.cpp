// Who may come in: users, tokens and groups, and what servers, tunnels and
// mappings ask of visitors.
#include "config/access/access.hpp"

#include "config/access/field_names.hpp"
#include "config/access/password_hash.hpp"
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t most_password = 1024;
constexpr size_t least_token = 16;
constexpr size_t most_token = 1024;
constexpr auto names_rule = "a name or a list of names";

bool is_numeral(char c) {
  return c >= '0' && c <= '9';
}

// Two digits at `at`, or -1.
int two_digits(const std::string& text, size_t at) {
  if (!is_numeral(text[at]) || !is_numeral(text[at + 1]))
    return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

void read_quota(reader& in, quota& to) {
  read_fields(in, fields::quota, to);
}

void read_quotas(reader&& in, quotas& to) {
  read_quota(in, to.all);
  auto user = in.object("per_user");
  read_quota(user, to.per_user);
  user.finish();
  auto address = in.object("per_address");
  read_quota(address, to.per_address);
  address.finish();
  in.finish();
}

// An empty list of those who may would be nobody, or everybody: it is neither.
void read_allowed(reader& in, access& to) {
  const auto* value = in.member("allow");
  if (value && value->is_array() && value->empty())
    in.fail(in.path("allow"), "an empty list",
            "a list of networks; everybody is [\"0.0.0.0/0\", \"::/0\"]");
  else
    read_networks(in, "allow", to.allow);
  read_networks(in, "deny", to.deny);
}

void read_requirement(reader& outer, access& to) {
  auto in = outer.object("require");
  if (!in)
    return;
  auto& asked = to.require.emplace();
  in.strings("users", asked.users, {true, nullptr, names_rule});
  in.strings("groups", asked.groups, {true, nullptr, names_rule});
  in.finish();
}

void read_user(reader&& in, user& to) {
  if (in.member("password") && in.secret("password", to.password, most_password)
      && has_control_characters(to.password))
    in.fail(in.path("password"), "one with a control character",
            user_password_rule);
  if (in.member("password_hash")
      && in.secret("password_hash", to.password_hash, most_password)
      && !password_hash::parse(to.password_hash))
    in.fail(in.path("password_hash"), "a string that is none",
            password_hash_rule);
  if (in.member("password") && in.member("password_hash"))
    in.fail(in.path("password"), "both", "either password or password_hash");
  in.strings("groups", to.groups, {true, nullptr, names_rule});
  in.strings("certificates", to.certificates, {true, nullptr, names_rule});
  in.finish();
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_numeral(c) || (c >= 'a' && c <= 'f');
         });
}

void read_token_itself(reader& in, token& to) {
  const bool plain = in.member("token");
  const bool hashed = in.member("token_hash");
  if (plain && in.secret("token", to.secret, most_token)
      && (to.secret.size() < least_token || !is_bearer_token(to.secret)))
    in.fail(in.path("token"), "a string that is none",
            std::string(bearer_token_rule) + ", of 16 to 1024 bytes");
  if (hashed && in.secret("token_hash", to.secret_hash, most_token)
      && !is_sha256(to.secret_hash))
    in.fail(in.path("token_hash"), "a string that is none",
            "the token's SHA-256, 64 hexadecimal digits in lower case");
  if (plain == hashed)
    in.fail(in.path("token"), plain ? "both" : "nothing",
            "either token or token_hash");
}

void read_token(reader&& in, token& to) {
  read_token_itself(in, to);
  in.strings("groups", to.groups, {true, nullptr, names_rule});
  read_expiry(in, to.expires, to.expires_at);
  in.finish();
}

/// Reads an object of named things.
template <class Read>
void read_named(reader& in, const char* key, bool (*fits)(const std::string&),
                const char* rule, Read read) {
  const auto* value = in.member(key);
  if (!value)
    return;
  const auto path = in.path(key);
  if (!value->is_object()) {
    in.fail(path, describe(*value), "an object");
    return;
  }
  for (const auto& [name, member] : value->items()) {
    const auto good = fits(name);
    const auto shown = name_in(name);
    if (!good)
      in.fail(member_path(path, shown), "the name " + quote(shown), rule);
    read(name, member, member_path(path, shown));
  }
}

void read_groups(reader& in, auth& to) {
  read_named(
    in, "groups", [](const std::string& name) { return is_name(name); },
    name_rule,
    [&](const std::string& name, const json& value, const std::string& path) {
      auto& members = to.groups[name];
      if (!value.is_array()) {
        in.fail(path, describe(value), "a list of names of users and tokens");
        return;
      }
      for (size_t i = 0; i < value.size(); ++i)
        if (value[i].is_string())
          members.push_back(value[i].get<std::string>());
        else
          in.fail(element_path(path, i), describe(value[i]),
                  "the name of a user or token");
    });
}

void read_texts(reader& in, auth& to) {
  if (in.text("realm", to.realm, 128)
      && !std::all_of(to.realm.begin(), to.realm.end(), [](char c) {
           return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
         }))
    in.fail(in.path("realm"), in.found("realm"),
            "printable ASCII without \\ and quotation marks");
  if (in.text("user_header", to.user_header, 64)
      && (!is_field_name(to.user_header) || is_taken_field(to.user_header)))
    in.fail(in.path("user_header"), in.found("user_header"),
            std::string(field_name_rule) + " that is nobody else's");
}

/// All that may be required, and what of it somebody may have meant.
struct known_names {
  std::vector<std::string> accounts;
  std::vector<std::string> groups;
};

known_names names_of(const auth& all) {
  known_names out;
  std::set<std::string> groups;
  for (const auto& [name, user] : all.users) {
    out.accounts.push_back(name);
    groups.insert(user.groups.begin(), user.groups.end());
  }
  for (const auto& [name, token] : all.tokens) {
    out.accounts.push_back(name);
    groups.insert(token.groups.begin(), token.groups.end());
  }
  for (const auto& [name, members] : all.groups)
    groups.insert(name);
  out.groups.assign(groups.begin(), groups.end());
  return out;
}

void check_names(const std::vector<std::string>& named,
                 const std::vector<std::string>& known, const std::string& path,
                 const std::string& noun, problems& out) {
  std::vector<std::string> shown; // only for problems: there may be thousands
  for (const auto& name : named) {
    if (std::find(known.begin(), known.end(), name) != known.end())
      continue;
    if (shown.empty())
      std::transform(known.begin(), known.end(), std::back_inserter(shown),
                     [](const auto& each) { return name_in(each); });
    out.push_back({path, quote(name_in(name)),
                   known.empty() ? "a " + noun + ", but none is defined"
                                 : "one of " + joined(shown),
                   nearest(name, shown)});
  }
}

void check_requirement(const access& asked, const known_names& known,
                       const std::string& path, problems& out) {
  if (!asked.require)
    return;
  check_names(asked.require->users, known.accounts, path + ".require.users",
              "user", out);
  check_names(asked.require->groups, known.groups, path + ".require.groups",
              "group", out);
  if (known.accounts.empty())
    out.push_back({path + ".require",
                   "an object",
                   "nothing, because `auth` has neither users nor tokens",
                   {}});
}

std::string sha256_hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  unsigned char hash[SHA256_DIGEST_LENGTH] = {};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         hash);
  std::string out;
  for (const auto byte : hash)
    out.append({digits[byte >> 4], digits[byte & 15]});
  return out;
}

// One text is one token: which of two it was nobody could tell, and one that
// is over would hide the other.
void check_tokens(const auth& all, problems& out) {
  std::map<std::string, std::string> places; // of hashes
  for (const auto& [name, token] : all.tokens) {
    const bool plain = !token.secret.empty();
    if (!plain && token.secret_hash.empty())
      continue; // told as it was read
    const auto place = member_path("$.auth.tokens", name_in(name))
                       + (plain ? ".token" : ".token_hash");
    const auto [known, fresh] = places.emplace(
      plain ? sha256_hex(token.secret) : token.secret_hash, place);
    if (!fresh)
      out.push_back(
        {place, "the same token as " + known->second, "each token once", {}});
  }
}

void check_accounts(const auth& all, const known_names& known, problems& out) {
  for (const auto& [name, token] : all.tokens)
    if (all.users.contains(name))
      out.push_back({member_path("$.auth.tokens", name_in(name)),
                     "the name of a user, too",
                     "a name of its own",
                     {}});
  for (const auto& [name, members] : all.groups)
    check_names(members, known.accounts,
                member_path("$.auth.groups", name_in(name)), "user", out);
  std::map<std::string, std::string> owners; // of certificates
  for (const auto& [name, user] : all.users)
    for (const auto& each : user.certificates)
      if (const auto [at, fresh] = owners.emplace(each, name); !fresh)
        out.push_back(
          {member_path("$.auth.users", name_in(name)) + ".certificates",
           quote(each) + ", which is of " + quote(name_in(at->second)),
           "each certificate's name once",
           {}});
}

} // namespace

void read_expiry(reader& in, std::string& text, int64_t& at) {
  if (!in.text("expires", text, 64) || text.empty())
    return;
  if (const auto time = parse_time(text))
    at = *time;
  else
    in.fail(in.path("expires"), in.found("expires"), time_rule);
}

std::optional<int64_t> parse_time(const std::string& text) {
  const bool day = text.size() == 10;
  if ((!day && text.size() != 20) || text[4] != '-' || text[7] != '-'
      || (!day
          && (text[10] != 'T' || text[13] != ':' || text[16] != ':'
              || text[19] != 'Z')))
    return std::nullopt;
  const int parts[] = {two_digits(text, 0),
                       two_digits(text, 2),
                       two_digits(text, 5),
                       two_digits(text, 8),
                       day ? 0 : two_digits(text, 11),
                       day ? 0 : two_digits(text, 14),
                       day ? 0 : two_digits(text, 17)};
  if (std::any_of(std::begin(parts), std::end(parts),
                  [](int part) { return part < 0; })
      || parts[4] > 23 || parts[5] > 59 || parts[6] > 59)
    return std::nullopt;
  const std::chrono::year_month_day date{
    std::chrono::year{parts[0] * 100 + parts[1]},
    std::chrono::month{static_cast<unsigned>(parts[2])},
    std::chrono::day{static_cast<unsigned>(parts[3])}};
  if (!date.ok() || int{date.year()} < 1970)
    return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return int64_t{days} * 86400 + parts[4] * 3600 + parts[5] * 60 + parts[6];
}

bool has_control_characters(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](unsigned char byte) {
    return byte < 0x20 || byte == 0x7f;
  });
}

bool is_user_name(const std::string& text) {
  return !text.empty() && text.size() <= 128
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
}

void read_access(reader& in, access& to) {
  read_allowed(in, to);
  read_requirement(in, to);
  read_quotas(in.object("quota"), to.quota);
}

void read_auth(reader&& in, auth& to) {
  if (!in)
    return;
  read_texts(in, to);
  read_fields(in, fields::auth, to);
  read_named(
    in, "users", is_user_name, user_name_rule,
    [&](const std::string& name, const json& value, const std::string& path) {
      read_user({&value, path, in.wrong()}, to.users[name]);
    });
  read_named(
    in, "tokens", is_user_name, user_name_rule,
    [&](const std::string& name, const json& value, const std::string& path) {
      read_token({&value, path, in.wrong()}, to.tokens[name]);
    });
  read_groups(in, to);
  in.finish();
}

void check_access(const node& all, problems& out) {
  const auto known = names_of(all.auth);
  check_accounts(all.auth, known, out);
  check_tokens(all.auth, out);
  for (const auto& [name, server] : all.servers)
    check_requirement(server.access, known, member_path("$.servers", name),
                      out);
  for (const auto& [name, tunnel] : all.tunnels)
    check_requirement(tunnel.access, known, member_path("$.tunnels", name),
                      out);
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    const auto place = element_path("$.mappings", i);
    check_requirement(all.mappings[i].access, known, place, out);
    if (const auto& match = all.mappings[i].match) {
      check_names(match->users, known.accounts, place + ".match.users", "user",
                  out);
      check_names(match->groups, known.groups, place + ".match.groups", "group",
                  out);
    }
  }
}

} // namespace aps::config
