#pragma once

#include "actors/policy/access/login_cache.hpp"
#include "config/access/access.hpp"
#include "config/routing/routes.hpp"
#include "transports/seam/frame.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// A login service that is asked about each request, by the convention that
/// nginx (`auth_request`), Traefik, Caddy, oauth2-proxy and Authelia share: a
/// GET with the visitor's fields, and the request in `X-Forwarded-Method`,
/// `-Proto`, `-Host`, `-Uri` and `-For`, and `X-Original-Method` and `-URL`. A
/// 2xx lets it in. Pure but for what it remembers; thread-safe.
class login_service {
 public:
  /// `place` of its key: "mappings[0].forward_auth". Precondition: the address
  /// was parsed before.
  login_service(std::string place, const config::forward_auth& asked);

  const std::string& place() const noexcept { return place_; }
  const config::forward_auth& settings() const noexcept { return asked_; }

  /// The way of its questions. Its index is that of no mapping.
  const route_ptr& via() const noexcept { return via_; }

  /// What it is asked about a request: `head` as the target would get it,
  /// `path` as the visitor sent it.
  request_head_ptr question(const request_head& head,
                            std::string_view path) const;

  /// All of a question that its answer may depend on.
  static std::string text_of(const request_head& question);

  static bool lets_in(unsigned status) noexcept {
    return status >= 200 && status < 300;
  }

  /// Of an answer's fields those that go to the target.
  header_list copied(const header_list& answer) const;

  /// `head` with these instead of whatever it has of their names.
  request_head_ptr amended(const request_head& head,
                           const header_list& fields) const;

  /// Who it is by such fields; empty = they do not say. For records.
  static std::string user_of(const header_list& fields);

  /// Of an answer's fields those that the visitor gets.
  static header_list cookies_of(const header_list& answer);

  /// Answers of this service; only of use with a `cache_time`.
  login_cache& answers() noexcept { return answers_; }

 private:
  bool is_copied(std::string_view name) const noexcept;

  const std::string place_;
  const config::forward_auth asked_;
  route_ptr via_;
  std::string target_;
  login_cache answers_;
};

using login_service_ptr = std::shared_ptr<login_service>;

} // namespace aps
