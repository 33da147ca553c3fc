#pragma once

#include "actors/base/access/visitor_access.hpp"
#include "config/routing/conditions.hpp"
#include "transports/seam/front.hpp"

namespace aps {

/// The header fields of a request for the conditions of mappings. Lives no
/// longer than the list.
class header_fields final : public request_fields {
 public:
  /// Null = there are none.
  explicit header_fields(const header_list* of) : list_(of) {}

  bool any(std::string_view name,
           const std::function<bool(std::string_view)>& passes) const override {
    if (list_)
      for (const auto& field : *list_)
        if (iequals(field.name, name) && passes(field.value))
          return true;
    return false;
  }

 private:
  const header_list* list_;
};

/// Who asks, for the conditions of mappings: of a request, or of a question
/// about one (`visitor_access::question`). Lives no longer than the two.
template <class Request>
class asking_user final : public request_user {
 public:
  asking_user(const visitor_access::rules_ptr& rules, const Request& request)
      : rules_(rules), request_(request) {}

  bool is_among(const std::vector<std::string>& users,
                const std::vector<std::string>& groups) const override {
    return visitor_access::is_among(rules_, request_, users, groups);
  }

 private:
  const visitor_access::rules_ptr& rules_;
  const Request& request_;
};

/// A visitor's request as mappings see it; lives no longer than the two.
inline route_request to_route_request(const visitor_request& request,
                                      const header_fields& fields,
                                      const request_user* user = nullptr) {
  return {.scheme = request.scheme,
          .host = request.host,
          .port = request.port,
          .path = request.path,
          .method = request.method,
          .address = request.visitor_address,
          .fields = &fields,
          .user = user};
}

} // namespace aps
