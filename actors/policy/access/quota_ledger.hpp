#pragma once

#include "config/access/access.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/limits/limit.hpp"
#include "transports/seam/limits/token_bucket.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace aps {

/// How much of one quota one of those whom it is for has used; the ledger's
/// own.
struct quota_count;

/// A request that counts towards a quota. Who asks again with the same one
/// spares the ledger the search.
struct quota_use {
  std::string whose;     ///< count of that rule's; "" = the one of all
  std::string_view rule; ///< the quota's place; lives as long as the rules
  const config::quota* limits = nullptr;
  mutable std::shared_ptr<quota_count> found = {}; ///< the ledger's own
};

/// The quota that has no room for a request, and for how long.
struct quota_refusal {
  limit kind = limit::request_rate;
  std::string rule;
  duration wait{};
};

/// How much of which quota is used. What is under way comes back with the last
/// copy of its hold, on whatever path that goes. Knows a bounded number of
/// counts: those that were asked for least lately are forgotten first, unless
/// requests of theirs are under way. Thread-safe.
class quota_ledger : public std::enable_shared_from_this<quota_ledger> {
 public:
  static constexpr size_t most = 65536;

  /// What of it is held is given back with it; null = nothing is.
  using answer = std::variant<hold, quota_refusal>;

  /// Counts a request towards all of `uses`, or towards none.
  answer take(const std::vector<quota_use>& uses, time_point now);

  /// What `take` would say.
  std::variant<std::monostate, quota_refusal>
  look(const std::vector<quota_use>& uses, time_point now) const;

  size_t size() const;

 private:
  struct places;
  using counts = std::list<std::shared_ptr<quota_count>>;

  /// Views are of a count, or of what is looked for.
  struct key {
    std::string_view whose;
    std::string_view rule;

    bool operator==(const key&) const = default;
  };
  struct key_hash {
    /// May throw, as far as the map knows: it keeps hashes then.
    size_t operator()(const key& of) const;
  };

  quota_count* find(const quota_use& use) const;
  quota_count& add(const quota_use& use);
  void make_room();
  static std::optional<quota_refusal>
  refusal(const quota_count& here, const quota_use& use, time_point now);

  mutable std::mutex mutex_;
  counts by_use_; // by mutex_; the one that was asked for last is the last
  std::unordered_map<key, counts::iterator, key_hash> all_; // dito
};

} // namespace aps
