#pragma once

#include "config/networks.hpp"
#include "config/routing/pattern.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What a mapping asks of a request beside its address (key
/// `mappings[].match`).
namespace aps::config {

/// What is asked of a header field or of a parameter in the query. Where there
/// are several of the name, one that is right is enough.
struct value_test {
  enum class kind : uint8_t { present, absent, exact, pattern };

  std::string name; ///< of a header field in lower case
  kind asked = kind::present;
  std::string text = {}; ///< the value, or the pattern that all of it fits
  bool operator==(const value_test&) const = default;
};

/// All of it has to be so. Lists are sorted, so equal conditions are the same.
struct conditions {
  std::string path_regex = {}; ///< that all of the path fits; empty = any
  std::vector<std::string> methods = {};
  std::vector<value_test> headers = {};
  std::vector<value_test> query = {};
  std::vector<std::string> addresses = {}; ///< networks of visitors
  std::vector<std::string> users = {};     ///< users and tokens; or
  std::vector<std::string> groups = {};    ///< members of these
  bool operator==(const conditions&) const = default;

  /// How many there are: the methods are one, the addresses are one, users and
  /// groups are one, each field and each parameter is one; `path_regex` does
  /// not count.
  size_t count() const noexcept;

  /// Whether somebody has to be known.
  bool by_user() const noexcept { return !users.empty() || !groups.empty(); }
};

} // namespace aps::config

namespace aps {

/// The header fields of a request, wherever they are kept.
class request_fields {
 public:
  virtual ~request_fields() = default;

  /// Whether a field of that name, in lower case, has a value that passes.
  virtual bool
  any(std::string_view name,
      const std::function<bool(std::string_view)>& passes) const = 0;
};

/// Who asks, as far as credentials say so: no password was looked at.
class request_user {
 public:
  virtual ~request_user() = default;

  /// Whether that is one of these users, or a member of one of the groups.
  virtual bool is_among(const std::vector<std::string>& users,
                        const std::vector<std::string>& groups) const = 0;
};

/// A request as mappings see it.
struct route_request {
  std::string_view scheme;
  std::string_view host; ///< in any case, without port, brackets or not
  uint16_t port = 0;     ///< 0 = the scheme's default
  std::string_view path; ///< and query
  std::string_view method = "GET";
  std::string_view address = {};          ///< the visitor's, an IP address
  const request_fields* fields = nullptr; ///< null = there are none
  const request_user* user = nullptr;     ///< null = nobody in particular
};

/// The name or value of a parameter as forms write it (WHATWG URL,
/// application/x-www-form-urlencoded).
std::string form_decoded(std::string_view text);

/// Conditions ready for use. Immutable, thread-safe.
class route_conditions {
 public:
  /// Precondition: the patterns are right (`pattern::problem`).
  explicit route_conditions(const config::conditions& rules);

  /// Whether all of them hold but that of the path.
  bool admit(const route_request& request) const;

  /// The first of them that does not hold, for humans; "" = all do.
  std::string why_not(const route_request& request) const;

  bool has_path() const noexcept { return path_.has_value(); }

  /// Whether a path, without query, is the one that is asked for.
  bool takes(std::string_view path) const {
    return !path_ || path_->fits(path);
  }

  /// What the groups of the path's pattern hold; empty = there are none.
  captures captures_of(std::string_view path) const {
    return path_ ? path_->captures_of(path) : captures{};
  }

 private:
  struct test {
    config::value_test rule;
    std::optional<pattern> fitting;
    bool passes(std::string_view value) const;
  };
  static std::vector<test> tests_of(const std::vector<config::value_test>& of);
  bool is_for_user(const route_request& request) const;
  static bool is_met(const test& test, const route_request& request,
                     bool query);

  std::optional<pattern> path_;
  std::vector<std::string> methods_;
  std::vector<test> headers_;
  std::vector<test> query_;
  config::network_set addresses_;
  std::vector<std::string> users_;
  std::vector<std::string> groups_;
  bool by_address_ = false;
};

} // namespace aps
