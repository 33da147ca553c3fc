#pragma once

#include "aps/admin/v1/admin.pb.h"

#include <string>
#include <variant>

/// Calls as requests to the resources of the JSON API (admin/router.hpp), so
/// that both show, do and refuse the same. Pure.
namespace aps::admin {

namespace wire = ::aps::admin::v1;

struct api_request {
  std::string method = "GET";
  std::string path; ///< with query
  std::string body = {};
  bool operator==(const api_request&) const = default;
};

/// A call that no resource would understand, and why not.
struct bad_call {
  std::string why;
  bool operator==(const bad_call&) const = default;
};

using api_call = std::variant<api_request, bad_call>;

/// Endpoints in the snapshot of a watch, and those of GetSnapshot.
inline constexpr uint32_t max_watched_endpoints = 500;
inline constexpr uint32_t max_endpoints = 1000;

/// Exchanges in a list, and mappings among the candidates of an explanation.
inline constexpr uint32_t max_exchanges = 1000;
inline constexpr uint32_t max_candidates = 1000;

/// What 0 stands for: `usual`, and never more than `most`.
uint32_t limited(uint32_t asked, uint32_t most, uint32_t usual = 100);

/// The snapshot that a watch begins with.
api_request to_api(const wire::WatchRequest& call);

api_request to_api(const wire::SnapshotRequest& call);
api_call to_api(const wire::GetExchangeRequest& call);
api_request to_api(const wire::ListExchangesRequest& call);
api_request to_api(const wire::ExplainRequest& call);
api_call to_api(const wire::OperateRequest& call);

} // namespace aps::admin
