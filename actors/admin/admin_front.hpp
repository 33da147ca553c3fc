#pragma once

#include "actors/admin/call.hpp"
#include "actors/admin/operator_front.hpp"

namespace aps {

/// The node's admin listener; admin/router.cpp says what there is.
class admin_front final : public operator_front {
 public:
  explicit admin_front(const admin::context_ptr& context);
};

} // namespace aps
