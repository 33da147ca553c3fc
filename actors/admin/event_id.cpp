#include "actors/admin/event_id.hpp"

#include <charconv>

namespace aps::admin {

std::string event_id(const std::string& node, uint64_t serial) {
  return node + "-" + std::to_string(serial);
}

std::optional<uint64_t> read_event_id(std::string_view text,
                                      const std::string& node) {
  if (text.empty())
    return std::nullopt;
  uint64_t out = 0;
  if (text.size() > node.size() + 1 && text.starts_with(node)
      && text[node.size()] == '-')
    std::from_chars(text.data() + node.size() + 1, text.data() + text.size(),
                    out);
  return out;
}

} // namespace aps::admin
