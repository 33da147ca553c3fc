#include "actors/admin/grpc/answer.hpp"

#include "actors/admin/event_id.hpp"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace aps::admin {

namespace {

grpc::StatusCode grpc_code_of(uint16_t http) {
  switch (http) {
    case 200: return grpc::StatusCode::OK;
    case 400:
    case 413:
    case 415: return grpc::StatusCode::INVALID_ARGUMENT;
    case 401: return grpc::StatusCode::UNAUTHENTICATED;
    case 403: return grpc::StatusCode::PERMISSION_DENIED;
    case 404: return grpc::StatusCode::NOT_FOUND;
    case 429: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 503: return grpc::StatusCode::UNAVAILABLE;
    default: return grpc::StatusCode::INTERNAL;
  }
}

// "no such thing; there are: a, b" of {"error": ..., "allowed": [...]}.
std::string reason_in(std::string_view body) {
  constexpr size_t max_words = 20;
  const auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object())
    return "the node gave no reason";
  auto out = answer.value("error", std::string{});
  const auto allowed = answer.value("allowed", std::vector<std::string>{});
  for (size_t i = 0; i < std::min(allowed.size(), max_words); ++i)
    out += (i == 0 ? "; there are: " : ", ") + allowed[i];
  return allowed.size() > max_words ? out + ", ..." : out;
}

grpc::Status fill(const document& from, google::protobuf::Message& to) {
  const auto body = from.plain.view();
  if (from.status != 200)
    return status_of(from.status, reason_in(body));
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto read = google::protobuf::util::JsonStringToMessage(
    {body.data(), body.size()}, &to, options);
  return read.ok()
           ? grpc::Status::OK
           : status_of(500, "an answer could not be read: " + read.ToString());
}

} // namespace

grpc::Status status_of(uint16_t http, std::string why) {
  return {grpc_code_of(http), std::move(why)};
}

grpc::Status read_answer(const document& from, wire::Snapshot& to) {
  auto status = fill(from, to);
  to.set_serial(to.events().serial());
  to.set_id(event_id(to.node().id(), to.serial()));
  return status;
}

// Of several that an id of visitors names, the newest.
grpc::Status read_answer(const document& from, wire::Exchange& to) {
  wire::ExchangeList found;
  if (auto status = fill(from, found); !status.ok())
    return status;
  auto& all
    = found.live().empty() ? *found.mutable_finished() : *found.mutable_live();
  if (all.empty())
    return status_of(404, "no exchange has this id");
  to.Swap(all.Mutable(0));
  return grpc::Status::OK;
}

grpc::Status read_answer(const document& from, wire::ExchangeList& to) {
  return fill(from, to);
}

grpc::Status read_answer(const document& from, wire::Explanation& to) {
  auto status = fill(from, to);
  to.set_candidates_total(static_cast<uint32_t>(to.candidates_size()));
  return status;
}

grpc::Status read_answer(const document& from, wire::OperateResult& to) {
  return fill(from, to);
}

} // namespace aps::admin
