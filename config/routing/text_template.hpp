#pragma once

#include "config/routing/conditions.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// What a variable of a mapping's texts stands for.
enum class variable : uint8_t {
  address,    ///< the visitor's
  user,       ///< that access rules found; empty = nobody in particular
  request_id, ///< X-Request-Id
  scheme,     ///< that the visitor used
  host,       ///< that it asked for, with the port if it named one
  method,
  path,        ///< as it was sent, without the query
  rest,        ///< what of it follows the mapping's prefix
  query,       ///< without the "?"
  tls_version, ///< empty = it came without TLS
  tls_cipher,
  tls_server_name,
  tls_client, ///< the subject of its certificate
  tunnel,     ///< that carried the request; of answers alone
  endpoint,   ///< dito
  status,     ///< of the node's own answer; of its pages alone, as what follows
  reason,     ///< the status in words
  outcome,    ///< its word, as in Aps-Outcome
  message,    ///< its sentence
  detail,     ///< what else the visitor may know
  capture,    ///< a group of `match.path_regex`, by number or name
};

/// What a text is a part of, and so what it may say.
enum class text_scope : uint8_t {
  request, ///< what is known before somebody carries it
  answer,  ///< and who did
};

/// How the values of a text become harmless.
enum class text_form : uint8_t {
  field, ///< no controls, in values and text
  plain, ///< no controls in values
  html,  ///< and what is markup is written as references
  json,  ///< and what would end a string is escaped
};

/// A text with variables in braces ("{address}", "{1}"); "{{" is a brace.
/// Immutable, thread-safe.
class text_template {
 public:
  /// What is wrong with a text, in words that may follow "found"; "" =
  /// nothing. `path_regex` says which groups there are.
  static std::string problem(std::string_view text,
                             const std::string& path_regex,
                             text_scope scope = text_scope::request);

  /// Precondition: `problem` has none.
  explicit text_template(std::string_view text);

  /// A page: braces around anything but a variable's name are its own, and
  /// there are no groups.
  static text_template of_page(std::string_view text);

  /// Adds a value to the text; the name is that of a group.
  using lookup
    = std::function<void(variable, std::string_view name, std::string& to)>;
  std::string expand(const lookup& values) const;

  /// Whether it has another variable than these.
  bool uses_others(const std::vector<variable>& than) const;

 private:
  struct piece {
    std::string text; ///< or the group's name
    std::optional<variable> of = {};
  };
  static std::vector<piece> pieces_of(std::string_view text,
                                      std::string& problem);

  text_template() = default;

  std::vector<piece> pieces_;
};

/// What the variables of one request stand for; views.
struct text_values {
  std::string_view address = {};
  std::string_view user = {};
  std::string_view request_id = {};
  std::string_view scheme = {};
  std::string_view host = {};
  std::string_view method = {};
  std::string_view target = {}; ///< path and query
  std::string_view prefix = {}; ///< the mapping's
  std::string_view tls_version = {};
  std::string_view tls_cipher = {};
  std::string_view tls_server_name = {};
  std::string_view tls_client = {};
  std::string_view tunnel = {};
  std::string_view endpoint = {};
  std::string_view status = {};
  std::string_view reason = {};
  std::string_view outcome = {};
  std::string_view message = {};
  std::string_view detail = {};
  const route_conditions* conditions = nullptr; ///< for groups; null = none

  /// A text with them. Control characters are left out, so that nobody puts an
  /// end to a header field.
  std::string expand(const text_template& text) const;

  /// A page with them, each cut to 1 KiB.
  std::string expand(const text_template& page, text_form form) const;
};

/// What texts say of a request. `facts` are those of an exchange, which no part
/// of this one knows; views of them.
template <class Facts>
text_values text_values_of(const Facts& facts, std::string_view method,
                           std::string_view user) {
  text_values out{.address = facts.visitor_address,
                  .user = user,
                  .request_id = facts.request_id,
                  .scheme = facts.scheme,
                  .host = facts.host,
                  .method = method,
                  .target = facts.path};
  if (const auto& via = facts.via) {
    out.prefix = via->rule.from.path;
    out.conditions = via->conditions.get();
    if (via->rule.tunnels.size() == 1)
      out.tunnel = via->rule.tunnels.front();
  }
  if (const auto& tls = facts.tls) {
    out.tls_version = tls->version;
    out.tls_cipher = tls->cipher;
    out.tls_server_name = tls->server_name;
    out.tls_client = tls->subject;
  }
  return out;
}

/// The group that a text names; empty = there is none, or it took no part.
std::string_view group_of(const captures& from, std::string_view name);

} // namespace aps
