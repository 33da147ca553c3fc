#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace aps {

/// A password that nobody looked at yet; the front's own.
struct login_claim;

/// With which right a visitor's request is here, and what goes with that.
/// Constant.
struct visitor_pass {
  std::string user = {};   ///< empty = nobody in particular
  std::string reason = {}; ///< the rules that let it in, for records
  /// Field that names the user to the target; what visitors write there, in
  /// any spelling, goes no further. Letters, digits and "-".
  std::string user_field = {};
  std::string user_variable = {};  ///< the same in lower case
  bool drop_authorization = false; ///< it was for us
  uint64_t max_body_bytes = 0;     ///< 0 = as everywhere
  /// What is given back when the exchange is over: places under limits.
  std::shared_ptr<void> places = {};
  /// Not null: `front::start` has to look at the password first.
  std::shared_ptr<const login_claim> claim = {};
};
using visitor_pass_ptr = std::shared_ptr<const visitor_pass>;

} // namespace aps
