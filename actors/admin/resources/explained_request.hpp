#pragma once

#include "actors/admin/request.hpp"
#include "actors/base/access/visitor_access.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The request that `explain` is asked about, which nobody sent.
namespace aps::admin {

/// An address split as `route_table` wants it.
struct visitor_target {
  std::string scheme;
  std::string host;
  uint16_t port = 0; ///< 0 = none was given
  std::string path = "/"; ///< empty of a stream

  /// Of bytes, and not of requests; dito, and who asks is no user.
  bool is_stream() const { return is_raw() || scheme == "connect"; }
  bool is_raw() const {
    return scheme == "tcp" || scheme == "udp" || scheme == "tls";
  }
};

/// Takes what the node takes from a visitor. Returns why not, or "".
std::string_view read_target(std::string_view url, visitor_target& to);

/// `port`, or the scheme's own where none was given.
uint16_t port_of(std::string_view scheme, uint16_t port);

struct explained_request {
  visitor_target target; ///< its host is canonical
  std::string method;
  std::string origin; ///< of the page that asks; empty = no page
  header_list headers; ///< beside these

  /// Its server is empty where several could be meant, which would all do the
  /// same to it.
  visitor_access::question access;

  /// What the server does before a mapping is looked for, and without one.
  bool too_large = false;      ///< over `http.max_body_bytes`
  uint16_t redirect_https = 0; ///< 0 = it sends nobody there

  /// Of tls://: the server that a name goes to which no mapping is for; empty =
  /// the port is for names alone.
  std::string https_server;
};

/// Reads it from the parameters; answers 400 by itself when they make no
/// sense, or promise what no visitor can get.
std::optional<explained_request>
read_explained_request(const request& from, const config::node& config,
                       const visitor_access& access);

} // namespace aps::admin
