#pragma once

#include "actors/base/node_context.hpp"
#include "actors/path/front/login_check.hpp"
#include "actors/policy/timetable.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// The questions to login services that are under way on one unit, with their
/// deadlines. Everything on the unit's thread.
class login_checks : public std::enable_shared_from_this<login_checks> {
 public:
  /// Carries a question as any other exchange.
  using carrier_of_questions = std::function<void(const exchange_ptr&)>;

  login_checks(caf::actor_system& system, node_context_ptr context,
               executor& unit);

  login_checks(const login_checks&) = delete;
  login_checks& operator=(const login_checks&) = delete;

  /// Asks `service` about `about`, unless it said so a moment ago; `done` is
  /// called once, at once or later.
  void ask(const exchange_ptr& about, const login_service_ptr& service,
           const carrier_of_questions& carry,
           login_check::verdict_handler done);

  /// Gives up all that runs: visitors are gone already.
  void close();

  size_t size() const noexcept { return running_.size(); }

 private:
  /// How questions end, for the counters.
  enum class result : uint8_t { in, answered, failed, remembered };

  void count(const login_service& service, result what);
  void begin(const exchange_ptr& about, const login_service_ptr& service,
             request_head_ptr question, std::string mark,
             const carrier_of_questions& carry,
             login_check::verdict_handler done);
  void wake();
  void look_after();

  caf::actor_system& system_;
  node_context_ptr context_;
  executor& unit_;
  std::map<exchange_id, std::shared_ptr<login_check>> running_;
  timetable<exchange_id> times_;
  const std::shared_ptr<unit_alarm> alarm_;
};

} // namespace aps
