#include "transports/seam/exchange/head_excess.hpp"

#include "transports/seam/wire_bounds.hpp"

namespace aps {

namespace {

std::string over(const char* part, size_t has, size_t most) {
  return std::string{part} + ": " + std::to_string(has)
         + ", the tunnel takes " + std::to_string(most);
}

} // namespace

size_t bytes_of(const header_list& fields) noexcept {
  size_t sum = 0;
  for (const auto& field : fields)
    sum += field.name.size() + field.value.size();
  return sum;
}

std::string head_excess(const header_list& fields) {
  if (fields.size() > max_head_fields)
    return over("number of header fields", fields.size(), max_head_fields);
  if (const auto bytes = bytes_of(fields); bytes > max_head_bytes)
    return over("bytes of header fields", bytes, max_head_bytes);
  return {};
}

std::string head_excess(const request_head& head) {
  struct part {
    const char* name;
    const std::string& text;
    size_t most;
  };
  for (const auto& [name, text, most] :
       {part{"bytes of the method", head.method, max_method_bytes},
        part{"bytes of the scheme", head.scheme, max_scheme_bytes},
        part{"bytes of the target's name", head.authority, max_authority_bytes},
        part{"bytes of the path", head.path, max_head_bytes},
        part{"bytes of the protocol", head.upgrade, max_upgrade_bytes},
        part{"bytes of the server's name", head.server_name,
             max_server_name_bytes}})
    if (text.size() > most)
      return over(name, text.size(), most);
  return head_excess(head.headers);
}

std::string head_excess(const response_head& head) {
  return head_excess(head.headers);
}

} // namespace aps
