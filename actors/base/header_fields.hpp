#pragma once

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

/// A visitor's request as mappings see it; lives no longer than the two.
inline route_request to_route_request(const visitor_request& request,
                                      const header_fields& fields) {
  return {.scheme = request.scheme,
          .host = request.host,
          .port = request.port,
          .path = request.path,
          .method = request.method,
          .address = request.visitor_address,
          .fields = &fields};
}

} // namespace aps
