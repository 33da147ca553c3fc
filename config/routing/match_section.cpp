#include "config/routing/match_section.hpp"

#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <unordered_map>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_value = 1024;
constexpr auto a_pattern = "a regular expression (RE2) of at most 1024 bytes";
constexpr auto a_test = "a value, true (is there), false (is not there), or "
                        "{\"regex\": ...}";

bool check_pattern(reader& in, const std::string& path,
                   const std::string& text) {
  const auto problem = pattern::problem(text);
  return problem.empty()
         || in.fail(path, quote(text) + " (" + problem + ")", a_pattern);
}

// `value` is what is asked of `name`.
std::optional<value_test> test_of(reader& in, const std::string& path,
                                  const json& value, std::string name) {
  using kind = value_test::kind;
  if (value.is_boolean())
    return value_test{std::move(name),
                      value.get<bool>() ? kind::present : kind::absent};
  if (value.is_string()) {
    auto text = value.get<std::string>();
    if (text.size() <= longest_value)
      return value_test{std::move(name), kind::exact, std::move(text)};
  }
  if (value.is_object()) {
    reader test{&value, path, in.wrong()};
    test.require("regex", a_pattern);
    const auto* text = test.member("regex");
    const bool right
      = text && text->is_string()
          ? check_pattern(test, test.path("regex"), text->get<std::string>())
          : text && test.fail(test.path("regex"), describe(*text), a_pattern);
    test.finish();
    if (!right)
      return std::nullopt;
    return value_test{std::move(name), kind::pattern, text->get<std::string>()};
  }
  in.fail(path, describe(value), a_test);
  return std::nullopt;
}

void read_tests(reader& in, const char* key, bool of_headers,
                std::vector<value_test>& to) {
  const auto* value = in.member(key);
  if (!value)
    return;
  if (!value->is_object() || value->empty()) {
    in.fail(in.path(key), describe(*value),
            "an object with names and what is asked of each");
    return;
  }
  for (const auto& [name, asked] : value->items()) {
    const auto path = member_path(in.path(key), name);
    if (of_headers && !is_token(name)) {
      in.fail(path, "the name " + quote(name), "the name of a header field");
      continue;
    }
    if (auto test = test_of(in, path, text_of(asked),
                            of_headers ? lower_case(name) : name))
      to.push_back(std::move(*test));
  }
  std::sort(to.begin(), to.end(),
            [](const auto& x, const auto& y) { return x.name < y.name; });
  for (size_t i = 1; i < to.size(); ++i)
    if (to[i].name == to[i - 1].name)
      in.fail(in.path(key), "the name " + quote(to[i].name) + " twice",
              "each name once, in any case");
}

template <class T>
void sort_once(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

void read_methods(reader& in, std::vector<std::string>& to) {
  constexpr auto allowed = "a method such as GET, or a list of methods";
  in.strings("methods", to, {true, nullptr, allowed});
  for (const auto& method : to)
    if (!is_token(method) || method == "CONNECT")
      in.fail(in.path("methods"), quote(method), allowed);
  sort_once(to);
}

void read_path(reader& in, std::string& to) {
  const auto* value = in.member("path_regex");
  if (!value)
    return;
  if (!value->is_string())
    in.fail(in.path("path_regex"), describe(*value), a_pattern);
  else if (check_pattern(in, in.path("path_regex"), value->get<std::string>()))
    to = value->get<std::string>();
}

json show(const std::vector<value_test>& tests) {
  using kind = value_test::kind;
  auto out = json::object();
  for (const auto& test : tests)
    switch (test.asked) {
      case kind::present: out[test.name] = true; break;
      case kind::absent: out[test.name] = false; break;
      case kind::exact: out[test.name] = test.text; break;
      case kind::pattern: out[test.name] = {{"regex", test.text}}; break;
    }
  return out;
}

// What of a mapping decides whether a request is for it, as one text.
std::string signature_of(const mapping& rule) {
  auto from = rule.from;
  from.host = canonical_host(from.host);
  if (from.path == "/")
    from.path.clear();
  return from.str() + (rule.match ? "\n" + show(*rule.match).dump() : "");
}

} // namespace

void read_match(reader& mapping_in, mapping& to) {
  auto in = mapping_in.object("match");
  if (!in)
    return;
  conditions asked;
  read_path(in, asked.path_regex);
  read_methods(in, asked.methods);
  read_tests(in, "headers", true, asked.headers);
  read_tests(in, "query", false, asked.query);
  read_networks(in, "addresses", asked.addresses);
  sort_once(asked.addresses);
  in.strings("users", asked.users, {true, nullptr, "a user, or a list"});
  in.strings("groups", asked.groups, {true, nullptr, "a group, or a list"});
  sort_once(asked.users);
  sort_once(asked.groups);
  in.finish();
  if (asked != conditions{})
    to.match = std::move(asked);
  else if (mapping_in.member("match")->empty())
    mapping_in.fail(
      in.path(), "nothing that is asked",
      "path_regex, methods, headers, query, addresses, users or groups");
}

json show(const conditions& asked) {
  auto out = json::object();
  if (!asked.path_regex.empty())
    out["path_regex"] = asked.path_regex;
  if (!asked.methods.empty())
    out["methods"] = asked.methods;
  if (!asked.headers.empty())
    out["headers"] = show(asked.headers);
  if (!asked.query.empty())
    out["query"] = show(asked.query);
  if (!asked.addresses.empty())
    out["addresses"] = asked.addresses;
  if (!asked.users.empty())
    out["users"] = asked.users;
  if (!asked.groups.empty())
    out["groups"] = asked.groups;
  return out;
}

void check_mappings(const node& all, problems& out) {
  std::unordered_map<std::string, size_t> seen;
  seen.reserve(all.mappings.size());
  for (size_t i = 0; i < all.mappings.size(); ++i) {
    // One whose address is wrong is told of already.
    if (all.mappings[i].from.host.empty() || all.mappings[i].is_stream())
      continue;
    const auto [at, added] = seen.emplace(signature_of(all.mappings[i]), i);
    if (!added)
      out.push_back({element_path("$.mappings", i) + ".from",
                     "the same as " + element_path("$.mappings", at->second),
                     "an address of its own, or another match",
                     {}});
  }
}

} // namespace aps::config
