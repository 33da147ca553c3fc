#include "actors/base/access/known_visitor.hpp"

#include "actors/policy/access/credentials.hpp"
#include "transports/seam/auth.hpp"

#include <cassert>

namespace aps {

// Another one's request may come over the same connection, from a proxy: how
// much of a secret is right must not show in time either.
bool known_visitor::is_same(const visitor_request& request,
                            const route& via) const {
  if (mapping != via.index || proxied != request.proxied
      || address != request.visitor_address || server != request.server
      || tls != request.tls)
    return false;
  assert(pass);
  const auto most = pass->max_body_bytes;
  if (most > 0 && request.body_bytes.value_or(0) > most)
    return false;
  if (!request.headers)
    return !with_field;
  const auto shown = credential_field_of(*request.headers, proxied);
  if (shown.doubled || with_field != (shown.only != nullptr))
    return false;
  return !with_field || equal_secrets(field, shown.only->value);
}

} // namespace aps
