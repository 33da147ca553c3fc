#pragma once

#include "actors/admin/document.hpp"
#include "actors/admin/grpc/api_request.hpp"

#include <grpcpp/support/status.h>

/// Answers of the JSON API as those of calls. Pure.
namespace aps::admin {

/// What a status of HTTP is called here; `why` is for humans.
grpc::Status status_of(uint16_t http, std::string why);

/// Fills the message from what was answered, or says why there is none. A field
/// of JSON goes to the field of its name; the others stay out.
grpc::Status read_answer(const document& from, wire::Snapshot& to);
grpc::Status read_answer(const document& from, wire::Exchange& to);
grpc::Status read_answer(const document& from, wire::ExchangeList& to);
grpc::Status read_answer(const document& from, wire::Explanation& to);
grpc::Status read_answer(const document& from, wire::OperateResult& to);

} // namespace aps::admin
