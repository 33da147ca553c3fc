#pragma once

#include "actors/admin/call.hpp"
#include "actors/admin/operator_front.hpp"

namespace aps {

namespace admin {

/// The desk of one of the node's listeners for operators; they share the count
/// of guesses at the token.
desk_ptr make_desk(const context_ptr& context, std::string listener);

} // namespace admin

/// The node's admin listener; admin/router.cpp says what there is.
class admin_front final : public operator_front {
 public:
  explicit admin_front(const admin::context_ptr& context);
};

} // namespace aps
