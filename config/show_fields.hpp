#pragma once

#include "config/fields.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <variant>

namespace aps::config {

/// The plain keys of a section as the file would say them, beside what `to`
/// has.
template <class Section, size_t Count>
nlohmann::json show_fields(const field<Section> (&fields)[Count],
                           const Section& section,
                           nlohmann::json to = nlohmann::json::object()) {
  for (const auto& field : fields)
    std::visit([&](auto member) { to[field.key] = plain(section.*member); },
               field.member);
  return to;
}

} // namespace aps::config
