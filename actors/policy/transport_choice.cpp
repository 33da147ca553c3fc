#include "actors/policy/transport_choice.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

size_t choose_among(std::span<const transport_view> transports,
                    const transport_terms& terms,
                    bool transport_view::*can) noexcept {
  constexpr size_t primary = 0;
  assert(!transports.empty());
  if (terms.by_hand)
    for (size_t i = 0; i < transports.size(); ++i)
      if (transports[i].transport == *terms.by_hand && transports[i].*can)
        return i;
  const auto hybrid = is_hybrid(transports);
  const auto only_primary = hybrid && !terms.fallback_enabled;
  const auto primary_last = hybrid && !terms.use_primary && !only_primary;
  for (size_t i = primary_last ? primary + 1 : primary;
       i < (only_primary ? primary + 1 : transports.size()); ++i)
    if (transports[i].*can)
      return i;
  return primary_last && transports[primary].*can ? primary : no_transport;
}

} // namespace

bool is_hybrid(std::span<const transport_view> transports) noexcept {
  return !transports.empty() && transports.front().seen
         && std::any_of(transports.begin() + 1, transports.end(),
                        [](const transport_view& one) { return one.seen; });
}

size_t choose_transport(std::span<const transport_view> transports,
                        const transport_terms& terms) noexcept {
  if (transports.empty())
    return no_transport;
  if (terms.mind_targets)
    if (const auto i = choose_among(transports, terms,
                                    &transport_view::healthy);
        i != no_transport)
      return i;
  return choose_among(transports, terms, &transport_view::carries);
}

} // namespace aps
