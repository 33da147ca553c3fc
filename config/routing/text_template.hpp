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
  capture,    ///< a group of `match.path_regex`, by number or name
};

/// A text with variables in braces ("{address}", "{1}"); "{{" is a brace.
/// Immutable, thread-safe.
class text_template {
 public:
  /// What is wrong with a text, in words that may follow "found"; "" =
  /// nothing. `path_regex` says which groups there are.
  static std::string problem(std::string_view text,
                             const std::string& path_regex);

  /// Precondition: `problem` has none.
  explicit text_template(std::string_view text);

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
  const route_conditions* conditions = nullptr; ///< for groups; null = none

  /// A text with them. Control characters are left out, so that nobody puts an
  /// end to a header field.
  std::string expand(const text_template& text) const;
};

/// The group that a text names; empty = there is none, or it took no part.
std::string_view group_of(const captures& from, std::string_view name);

} // namespace aps
