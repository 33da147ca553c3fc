#pragma once

#include "actors/admin/access.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aps::admin {

/// A parameter that a resource takes. With `known` only those words are right,
/// and `noun` is what they are names of.
template <class Call>
struct parameter_of {
  std::string_view name;
  std::string_view noun = {};
  std::vector<std::string> (*known)(const Call&) = nullptr;
  bool list = false; ///< several with commas between, or "all"
  bool many = false; ///< may be given more than once
};

/// One resource and method. In the pattern "*" is any one part of the path.
/// `Call` is a `request`. Other parameters than these are refused; one named
/// "*" stands for any.
template <class Call>
struct resource_of {
  std::string_view method;
  std::string_view pattern;
  admin::access access;
  std::function<void(const Call&)> serve;
  std::vector<parameter_of<Call>> parameters = {};
};

/// Whether `path` is what `pattern` describes; the open parts go to `names`.
bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::string>& names);

/// The value, or the first of the words between its commas, that nobody knows.
std::optional<std::string> unknown_word(std::string_view value, bool list,
                                        const std::vector<std::string>& known);

/// Whether the query is one that the resource takes; else answers 400.
template <class Call>
bool takes_query(const Call& call,
                 const std::vector<parameter_of<Call>>& known) {
  std::vector<std::string> names;
  for (const auto& one : known)
    names.emplace_back(one.name);
  std::set<std::string> seen;
  for (const auto& given : call.parameters()) {
    const auto& name = given.first;
    const auto row
      = std::find_if(known.begin(), known.end(), [&](const auto& one) {
          return one.name == name || one.name == "*";
        });
    if (row == known.end())
      return call.unknown(400, "parameter", name, name, names), false;
    if (row->name == "*")
      continue;
    if (!seen.insert(name).second && !row->many)
      return call.problem(400, name + " is given twice", name), false;
    if (!row->known)
      continue;
    const auto words = row->known(call);
    if (const auto word = unknown_word(given.second, row->list, words))
      return call.unknown(400, row->noun, *word, name, words), false;
  }
  return true;
}

/// Finds the resource, checks who asks and for what, and serves. Thread: any.
template <class Call>
void serve_from(const std::vector<resource_of<Call>>& table, Call call,
                const std::function<void(const Call&)>& unknown) {
  const auto method = call.method() == "HEAD" ? "GET" : call.method();
  std::string allowed;
  for (const auto& one : table) {
    if (!matches(one.pattern, call.path(), call.names))
      continue;
    if (one.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(one.method)
                 + (one.method == "GET" ? ", HEAD" : "");
      continue;
    }
    if (may_enter(call, one.access) && takes_query(call, one.parameters))
      one.serve(call);
    return;
  }
  if (allowed.empty())
    return unknown(call);
  call.answer(405, {{"error", call.method() + " is not allowed here"}},
              {{"Allow", allowed}});
}

} // namespace aps::admin
