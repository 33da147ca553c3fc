#pragma once

#include "actors/base/node_context.hpp"
#include "actors/policy/retry.hpp"
#include "transports/seam/exchange/exchange.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace caf {
class actor_system;
} // namespace caf

namespace aps {

/// The budgets of all mappings with `retry`, and how answers were judged, for
/// metrics. Thread: any.
class retry_desk {
 public:
  explicit retry_desk(caf::actor_system& system) : system_(system) {}

  /// A visitor's request of such a mapping.
  void note_request(const route& via, time_point now);

  /// Whether another endpoint is asked, after all that was judged.
  bool decide(const route& via, retry_verdict verdict, time_point now);

  /// Mappings whose budgets are kept.
  size_t size();

 private:
  retry_budget& budget_of(uint64_t identity, time_point now);
  void count(std::string_view result);

  caf::actor_system& system_;
  std::mutex mutex_;
  std::map<uint64_t, retry_budget> budgets_; ///< by identity; by mutex_
  time_point swept_; ///< when idle ones were forgotten; by mutex_
};

/// Holds one exchange's answers against its mapping's `retry`, and remembers
/// which endpoints were asked. On the exchange's unit.
class retrier final : public exchange_retrier {
 public:
  /// Brings the exchange to an endpoint that is none of these.
  using carrier_of_requests = std::function<void(
    const exchange_ptr&, std::shared_ptr<const std::vector<endpoint_place>>)>;

  retrier(node_context_ptr context, std::shared_ptr<retry_desk> desk,
          carrier_of_requests carry)
      : context_(std::move(context)), desk_(std::move(desk)),
        carry_(std::move(carry)) {}

  bool wants_again(const exchange& of, const carrier& by, outcome result,
                   uint16_t status) override;
  void ask_again(const exchange_ptr& of) override;

 private:
  bool has_others(const config::mapping& rule) const;

  const node_context_ptr context_;
  const std::shared_ptr<retry_desk> desk_;
  const carrier_of_requests carry_;
  std::vector<endpoint_place> asked_;
};

} // namespace aps
