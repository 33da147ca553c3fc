#include "transports/http2/h2_fields.hpp"

namespace aps {

std::vector<nghttp2_nv> to_nghttp2(const header_list& fields) {
  // nghttp2 copies both and writes to neither; C has no other way to say so.
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  std::vector<nghttp2_nv> out;
  out.reserve(fields.size());
  for (const auto& field : fields)
    out.push_back({bytes(field.name), bytes(field.value), field.name.size(),
                   field.value.size(), NGHTTP2_NV_FLAG_NONE});
  return out;
}

std::string_view value_of(const header_list& fields,
                          std::string_view name) noexcept {
  for (const auto& field : fields)
    if (field.name == name)
      return field.value;
  return {};
}

} // namespace aps
