#pragma once

#include "actors/admin/access.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aps::admin {

/// One resource and method. In the pattern "*" is any one part of the path.
/// `Call` is a `request`.
template <class Call>
struct resource_of {
  std::string_view method;
  std::string_view pattern;
  admin::access access;
  std::function<void(const Call&)> serve;
};

/// Whether `path` is what `pattern` describes; the open parts go to `names`.
bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::string>& names);

/// Finds the resource, checks who asks, and serves. Thread: any.
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
    if (may_enter(call, one.access))
      one.serve(call);
    return;
  }
  if (allowed.empty())
    return unknown(call);
  call.answer(405, {{"error", call.method() + " is not allowed here"}},
              {{"Allow", allowed}});
}

} // namespace aps::admin
