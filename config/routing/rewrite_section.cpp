#include "config/routing/rewrite_section.hpp"

#include "config/host.hpp"
#include "config/routing/path.hpp"
#include "config/routing/text_template.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <array>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_text = 4096;
constexpr size_t longest_body = 64 * 1024;

// A frame takes 1000 fields and 256 KiB, and the visitor has fields of its own.
constexpr size_t most_texts = 100;
constexpr size_t most_text_bytes = 64 * 1024;

// The message's framing, its connection, and what we write ourselves.
constexpr std::array<std::string_view, 20> protected_fields{
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-request-id",
  "proxy-authenticate",
  "proxy-authorization",
  "date",
  "proxy",
};

// As programs see it that take fields for variables.
std::string variable_form(std::string_view name) {
  auto out = lower_case(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

bool is_protected(std::string_view name) {
  const auto form = variable_form(name);
  return form.starts_with("aps-") || form.starts_with("sec-websocket-")
         || std::find(protected_fields.begin(), protected_fields.end(), form)
              != protected_fields.end();
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Reads the texts of one mapping.
class rewrite_reader {
 public:
  rewrite_reader(reader& in, const std::string& path_regex)
      : in_(in), regex_(path_regex) {}

  bool check_name(const std::string& path, const std::string& name,
                  bool field) {
    if (field && (!is_token(name) || is_protected(name)))
      return in_.fail(path, "the field " + quote(name),
                      "a header field that is not of the connection, the "
                      "framing or ours to write");
    return !name.empty() || in_.fail(path, "no name", "a name");
  }

  std::optional<std::string> text(const std::string& path, const json& value,
                                  text_scope scope = text_scope::request) {
    const auto found = value.is_string() ? value.get<std::string>() : "";
    if (!value.is_string() || found.size() > longest_text
        || has_control(found)) {
      in_.fail(path, describe(value),
               "a text of at most 4096 bytes without control characters");
      return std::nullopt;
    }
    if (const auto wrong = text_template::problem(found, regex_, scope);
        !wrong.empty()) {
      in_.fail(path, wrong, "variables such as {address}; {{ is a brace");
      return std::nullopt;
    }
    return found;
  }

  void texts(const json* value, const std::string& path, bool fields,
             named_texts& to, text_scope scope = text_scope::request) {
    if (!value)
      return;
    if (!value->is_object()) {
      in_.fail(path, describe(*value), "an object with names and texts");
      return;
    }
    size_t bytes = 0;
    for (const auto& [name, each] : value->items()) {
      const auto place = member_path(path, name);
      bytes
        += name.size()
           + (each.is_string() ? each.get_ref<const std::string&>().size() : 0);
      if (!check_name(place, name, fields))
        continue;
      if (auto found = text(place, text_of(each), scope))
        to.emplace_back(name, std::move(*found));
    }
    if (value->size() > most_texts || bytes > most_text_bytes)
      in_.fail(path,
               std::to_string(value->size()) + " texts of "
                 + std::to_string(bytes) + " bytes",
               "at most 100 of 65536 bytes, because a request has room for no "
               "more");
  }

  field_changes changes(const char* key, bool fields,
                        text_scope scope = text_scope::request) {
    field_changes out;
    auto in = in_.object(key);
    if (!in)
      return out;
    in.strings("remove", out.remove, {true, nullptr, "a list of names"});
    for (const auto& name : out.remove)
      check_name(in.path("remove"), name, fields);
    texts(in.member("set"), in.path("set"), fields, out.set, scope);
    texts(in.member("add"), in.path("add"), fields, out.add, scope);
    in.finish();
    return out;
  }

  void path(std::string& to) {
    const auto* value = in_.member("path");
    if (!value)
      return;
    auto found = text(in_.path("path"), *value);
    if (!found)
      return;
    const text_template parsed{*found};
    const bool others
      = parsed.uses_others({variable::path, variable::rest, variable::capture});
    // A path of captures alone begins as they do.
    if (others || found->find_first_of("?# ") != found->npos
        || !(found->starts_with('/') || found->starts_with('{')))
      in_.fail(in_.path("path"), quote(*found),
               "a path such as \"/v2{rest}\" with {path}, {rest} and groups "
               "of match.path_regex");
    else if (const auto risk = risk_of(*found);
             risk != path_risk::none && risk != path_risk::encoded_slash)
      in_.fail(in_.path("path"), quote(*found),
               "a path without \"..\" in any spelling, because no request "
               "would be taken");
    else
      to = std::move(*found);
  }

  void host(rewrites& to) {
    const auto* value = in_.member("host");
    if (!value)
      return;
    const auto found = value->is_string() ? value->get<std::string>() : "";
    std::string_view name;
    uint16_t port = 0;
    if (found == "keep")
      to.host_from = rewrites::host_kind::kept;
    else if (found != "target" && read_authority(found, name, port).empty()) {
      to.host_from = rewrites::host_kind::given;
      to.host = found;
    } else if (found != "target")
      in_.fail(in_.path("host"), describe(*value),
               "target, keep, or a host with or without port");
  }

 private:
  reader& in_;
  const std::string& regex_;
};

std::string regex_of(const mapping& rule) {
  return rule.match ? rule.match->path_regex : std::string{};
}

json show(const named_texts& texts) {
  auto out = json::object();
  for (const auto& [name, text] : texts)
    out[name] = text;
  return out;
}

json show(const field_changes& changes) {
  auto out = json::object();
  if (!changes.remove.empty())
    out["remove"] = changes.remove;
  if (!changes.set.empty())
    out["set"] = show(changes.set);
  if (!changes.add.empty())
    out["add"] = show(changes.add);
  return out;
}

constexpr std::pair<rewrites::translation, const char*> translations[] = {
  {rewrites::translation::target, "target"},
  {rewrites::translation::all, "all"},
  {rewrites::translation::off, "off"},
};

// Whether visitors choose no part of the host: what they may is behind a slash.
bool has_own_host(std::string_view text) {
  const auto begin = text.find("://") + 3;
  const auto host
    = text.substr(begin, text.find_first_of("/?#", begin) - begin);
  for (auto at = host.find('{'); at != host.npos; at = host.find('{', at + 1)) {
    const auto name = host.substr(at + 1, host.find('}', at) - at - 1);
    if (name != "host" && name != "path" && name != "rest")
      return false;
  }
  return true;
}

bool is_location(std::string_view text) {
  if (text.find("://") != text.npos && !text.starts_with('/')
      && !has_own_host(text))
    return false;
  return (text.starts_with('/') && !text.starts_with("//"))
         || text.starts_with("http://") || text.starts_with("https://")
         || text.starts_with("{scheme}://");
}

} // namespace

void read_rewrites(reader& mapping_in, mapping& to) {
  rewrites out;
  const auto regex = regex_of(to);
  rewrite_reader in{mapping_in, regex};
  in.host(out);
  std::string word = "target";
  mapping_in.word("translate", word, {"target", "all", "off"});
  for (const auto& [meant, name] : translations)
    if (word == name)
      out.translate = meant;
  in.path(out.path);
  out.query = in.changes("query", false);
  out.request_headers = in.changes("request_headers", true);
  out.response_headers
    = in.changes("response_headers", true, text_scope::answer);
  if (out != rewrites{})
    to.rewrite = std::move(out);
}

void read_answer(reader& mapping_in, mapping& to) {
  auto in = mapping_in.object("to");
  const auto regex = regex_of(to);
  rewrite_reader texts{in, regex};
  fixed_answer out;
  if (const auto* value = in.member("redirect")) {
    out.status = 302;
    if (auto found = texts.text(in.path("redirect"), *value)) {
      if (!is_location(*found))
        in.fail(in.path("redirect"), quote(*found),
                "an http or https URL, or a path, with variables; those of "
                "visitors behind the host and a slash");
      out.location = std::move(*found);
    }
    in.integer("status", out.status, range<uint16_t>{300, 308});
    if (out.status == 304 || out.status == 305 || out.status == 306)
      in.fail(in.path("status"), std::to_string(out.status),
              "300, 301, 302, 303, 307 or 308");
  } else if (in.require("status", "a status, or `redirect` with a URL")) {
    in.integer("status", out.status, range<uint16_t>{200, 599});
  }
  if (const auto* value = in.member("body")) {
    if (value->is_string()
        && value->get_ref<const std::string&>().size() <= longest_body)
      out.body = value->get<std::string>();
    else
      in.fail(in.path("body"), describe(*value),
              "a text of at most 65536 bytes");
    // RFC 9110, 15.3.5, 15.3.6 and 15.4.5.
    if (out.status == 204 || out.status == 205 || out.status == 304)
      in.fail(in.path("body"), describe(*value),
              "nothing, because answers with status "
                + std::to_string(out.status) + " have no body");
  }
  texts.texts(in.member("headers"), in.path("headers"), true, out.headers);
  in.finish();
  if (mapping_in.member("via"))
    mapping_in.fail(mapping_in.path("via"), "an object",
                    "nothing, because the node answers by itself");
  to.answer = std::move(out);
}

void show_rewrites(json& to, const mapping& rule) {
  if (const auto& answer = rule.answer) {
    auto shown = json::object({{"status", answer->status}});
    if (!answer->location.empty())
      shown["redirect"] = answer->location;
    if (!answer->body.empty())
      shown["body"] = answer->body;
    if (!answer->headers.empty())
      shown["headers"] = show(answer->headers);
    to["to"] = std::move(shown);
  }
  if (!rule.rewrite)
    return;
  const auto& rules = *rule.rewrite;
  if (rules.host_from != rewrites::host_kind::target)
    to["host"]
      = rules.host_from == rewrites::host_kind::kept ? "keep" : rules.host;
  for (const auto& [meant, name] : translations)
    if (rules.translate == meant && meant != rewrites::translation::target)
      to["translate"] = name;
  if (!rules.path.empty())
    to["path"] = rules.path;
  const std::pair<const char*, const field_changes&> rows[]
    = {{"query", rules.query},
       {"request_headers", rules.request_headers},
       {"response_headers", rules.response_headers}};
  for (const auto& [key, changes] : rows)
    if (!changes.empty())
      to[key] = show(changes);
}

namespace {

void replace_all(std::string& text, std::string_view word,
                 const std::string& by) {
  for (auto at = text.find(word); at != text.npos;
       at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
}

bool is_under(std::string_view path, std::string_view prefix) {
  if (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  return path.starts_with(prefix)
         && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// Where a mapping sends visitors as far as the file says it; "" = it depends on
// them.
std::optional<url> destination_of(const mapping& rule) {
  auto text = rule.answer->location;
  if (text.starts_with('/'))
    text.insert(0, "{scheme}://{host}");
  replace_all(text, "{scheme}", rule.from.scheme);
  replace_all(text, "{host}", rule.from.authority());
  replace_all(text, "{path}", rule.from.path + "{");
  text.erase(std::min(text.find_first_of("?#{"), text.size()));
  std::string error;
  return parse_url(text, true, error);
}

// Whoever follows a redirect comes to the same mapping again, unless another
// one of the host is more special.
bool leads_to_itself(const node& all, const mapping& rule) {
  if (!rule.answer || rule.answer->location.empty() || rule.match)
    return false;
  const auto to = destination_of(rule);
  const auto& from = rule.from;
  if (!to || to->scheme != from.scheme || to->host != from.host
      || to->port != from.port || !is_under(to->path, from.path))
    return false;
  return std::none_of(
    all.mappings.begin(), all.mappings.end(), [&](const mapping& other) {
      return &other != &rule && other.from.host == from.host
             && (other.match || is_under(to->path, other.from.path))
             && (other.match || other.from.path.size() > from.path.size());
    });
}

} // namespace

void check_rewrites(const node& all, problems& out) {
  for (size_t i = 0; i < all.mappings.size(); ++i)
    if (leads_to_itself(all, all.mappings[i]))
      out.push_back({element_path("$.mappings", i) + ".to.redirect",
                     quote(all.mappings[i].answer->location),
                     "an address that is not of this mapping again",
                     {}});
  const auto user = variable_form(all.auth.user_header);
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    if (!all.mappings[i].rewrite || user.empty())
      continue;
    const auto& changes = all.mappings[i].rewrite->request_headers;
    const auto writes_it
      = [&](const auto& field) { return variable_form(field.first) == user; };
    if (std::any_of(changes.set.begin(), changes.set.end(), writes_it)
        || std::any_of(changes.add.begin(), changes.add.end(), writes_it))
      out.push_back({element_path("$.mappings", i) + ".request_headers",
                     "the field " + quote(all.auth.user_header),
                     "others, because it names the user (auth.user_header)",
                     {}});
  }
}

} // namespace aps::config
