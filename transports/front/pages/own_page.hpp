#pragma once

#include "transports/front/front_request.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aps {

/// An answer's page as somebody configured it.
struct own_page {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

/// A request that is answered, as far as it is known: most never became an
/// exchange.
struct page_request {
  const http_front_context& context;
  const message_head& head;
  const front_peer& peer;
  const request_facts& facts;
};

/// The page of the mapping, or else of the server, for our own answer to it;
/// nothing = there is none, or the visitor prefers JSON. `detail` is for the
/// visitor.
std::optional<own_page> page_of(const page_request& request, outcome cause,
                                std::string_view detail);

/// The same instead of what its target answered.
std::optional<own_page> page_for_target(const http_front_context& context,
                                        const exchange& asked,
                                        const response_head& answer);

/// The target's head with that page behind it: what it says of its own content
/// goes.
response_head with_page(const response_head& answer, const own_page& page);

/// Whether the server or the mapping has pages at all.
bool has_pages(const http_front_context& context, const route* via);

} // namespace aps
