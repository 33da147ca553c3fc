#pragma once

#include "transports/seam/frame.hpp"
#include "transports/seam/limits/hold.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// A password that nobody looked at yet; the front's own.
struct login_claim;

/// Who is asked about each request; the front's own.
class login_service;

/// Who came over a connection with its latest request; the front's own.
struct known_visitor;
using known_visitor_ptr = std::shared_ptr<const known_visitor>;

/// With which right a visitor's request is here, and what goes with that.
/// Constant.
struct visitor_pass {
  std::string user = {};   ///< empty = nobody in particular
  std::string reason = {}; ///< the rules that let it in, for records
  /// Field that names the user to the target; what visitors write there, in
  /// any spelling, goes no further. Letters, digits and "-".
  std::string user_field = {};
  std::string user_variable = {};  ///< the same in lower case
  /// Fields, in lower case, that only a login service writes: no visitor's
  /// copy goes further, in any spelling, whoever passes it on.
  std::vector<std::string> login_variables = {};
  bool drop_authorization = false; ///< it was for us
  uint64_t max_body_bytes = 0;     ///< 0 = as everywhere
  /// What is given back when the exchange is over: places under limits.
  hold places = {};
  /// Not null: `front::start` has to look at the password first.
  std::shared_ptr<const login_claim> claim = {};
  bool refused
    = false; ///< it is, only later: whoever came with it proves nothing
  /// Not empty: `front::start` has to ask these, one after the other.
  std::vector<std::shared_ptr<login_service>> logins = {};
  std::string visitor_path = {}; ///< path and query as sent, for `logins`
  header_list cookies = {}; ///< fields that the visitor gets with its answer

  /// Whether nothing has to be looked at any more.
  bool settled() const noexcept { return !claim && logins.empty(); }
};
using visitor_pass_ptr = std::shared_ptr<const visitor_pass>;

} // namespace aps
