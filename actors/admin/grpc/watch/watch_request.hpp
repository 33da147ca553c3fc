#pragma once

#include "actors/admin/grpc/api_request.hpp"
#include "actors/admin/grpc/watch/watcher.hpp"
#include "config/config.hpp"

#include <string>
#include <variant>

namespace aps::admin {

/// What a call of Watch wants of the node of this name; a word that nobody
/// knows is refused as by the JSON API. Pure.
std::variant<watch_wish, bad_call> read_watch(const wire::WatchRequest& call,
                                              const std::string& node_id,
                                              const config::node& config);

} // namespace aps::admin
