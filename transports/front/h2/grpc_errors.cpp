#include "transports/front/h2/grpc_errors.hpp"

#include "transports/http2/h2_fields.hpp"

namespace aps {

bool is_grpc_call(const header_list& fields) noexcept {
  const auto type = value_of(fields, "content-type");
  constexpr std::string_view grpc = "application/grpc";
  return type.starts_with(grpc)
         && (type.size() == grpc.size() || type[grpc.size()] == '+'
             || type[grpc.size()] == ';');
}

grpc_status grpc_status_of(outcome outcome) noexcept {
  switch (status_of(outcome)) {
    case 401: return grpc_status::unauthenticated;
    case 403: return grpc_status::permission_denied;
    case 404:
    case 501: return grpc_status::unimplemented;
    case 408:
    case 504: return grpc_status::deadline_exceeded;
    case 413:
    case 429:
    case 431: return grpc_status::resource_exhausted;
    case 502:
    case 503: return grpc_status::unavailable;
    default: return grpc_status::internal;
  }
}

header_list grpc_error_fields(outcome outcome, std::string_view detail,
                              const std::string& request) {
  std::string text{render(outcome)};
  if (!detail.empty())
    text.append(": ").append(detail);
  return {
    {"content-type", "application/grpc"},
    {"grpc-status", std::to_string(static_cast<int>(grpc_status_of(outcome)))},
    {"grpc-message", encode_grpc_message(text)},
    {"aps-outcome", std::string{to_string(outcome)}},
    {"aps-request-id", request}};
}

} // namespace aps
