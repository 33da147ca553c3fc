#pragma once

#include "actors/admin/call.hpp"

#include <atomic>
#include <memory>

namespace aps {

/// The admin listener's side. Requests are exchanges like any other, served in
/// this process; admin/router.cpp says what there is.
class admin_front final : public front {
 public:
  explicit admin_front(admin::context_ptr context);

  std::shared_ptr<const route> find(const visitor_request& what) override;
  void start(exchange_ptr what) override;
  void on_link(link_ptr what) override;
  void on_limit(limit kind, std::string_view peer,
                std::string_view detail) override;
  void on_own_answer(executor& unit, const own_answer& answer) override;
  exchange_id next_id() override { return ++next_id_; }

 private:
  admin::context_ptr context_;
  std::shared_ptr<const route> everything_;
  std::atomic<exchange_id> next_id_{0};
};

} // namespace aps
