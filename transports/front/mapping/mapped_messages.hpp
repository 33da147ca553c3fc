#pragma once

#include "config/routing/route_rewrites.hpp"
#include "config/routing/routes.hpp"
#include "transports/seam/exchange/exchange.hpp"

namespace aps {

/// What a mapping's texts say of a request that is on its way.
text_values values_of(const exchange& exchange);

/// Fields as the changes of a mapping have them.
void change_fields(header_list& fields, const route_rewrites::changes& changes,
                   const text_values& values);

/// A request for the target of `via`, all but finished, as its rewrites have
/// it: Host, query and header fields. `authority` is the visitor's Host.
void map_request(request_head& request, const route& via,
                 std::string_view authority, const text_values& values);

/// The target of COPY and MOVE (RFC 4918, 10.3) as the origin knows it, where
/// it is of the same mapping.
void map_destination(request_head& request, const route& via,
                     std::string_view authority);

/// The final answer of an exchange's target for its visitor: addresses of the
/// target become the visitor's, and header fields change, where the mapping
/// says so. The same head where nothing does.
response_head_ptr map_answer(const response_head_ptr& answer,
                             const exchange& exchange);

/// A reference to the target, of whichever kind, as the visitor reaches it; ""
/// = it stays as it is. `origin` is what the visitor asked ("https://a:81").
std::string visitors_reference(std::string_view reference, const route& via,
                               std::string_view origin);

/// A Set-Cookie field's value likewise; `host` is the visitor's, without port.
std::string visitors_cookie(std::string_view cookie, const route& via,
                            std::string_view host);

} // namespace aps
