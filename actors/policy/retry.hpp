#pragma once

#include "config/delivery/delivery.hpp"
#include "transports/seam/executor.hpp"
#include "transports/seam/outcome.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aps {

/// How an endpoint answered a request, and what could be done about it.
struct retry_view {
  outcome result = outcome::ok; ///< ok = with `status`
  uint16_t status = 0;
  bool repeatable = false; ///< idempotent, or of a method that the rule names
  bool whole = false;      ///< nobody took anything of it, or got of its answer
  uint32_t asked = 1;      ///< endpoints so far
  bool others = false;     ///< one that was not asked could be
};

enum class retry_verdict : uint8_t {
  unconcerned, ///< nothing is wrong, by the rule
  unfit,       ///< the request cannot be sent again
  exhausted,   ///< enough were asked
  alone,       ///< nobody else is there
  again,       ///< another endpoint is to be asked, if the budget allows
};

std::string_view to_string(retry_verdict verdict) noexcept;

/// Whether an answer, or the lack of one, is good for the visitor. Pure.
retry_verdict judge_answer(const config::retry& rule,
                           const retry_view& answer) noexcept;

/// Retries must not multiply the load of targets that are in trouble: they are
/// a share of the requests of the last ten seconds, and a few in any case.
/// Pure.
class retry_budget {
 public:
  static constexpr uint32_t slots = 10;  ///< of a second each
  static constexpr uint32_t always = 10; ///< in all of them

  void note_request(time_point now);

  /// Takes one, if `percent` of the requests are not used up.
  bool take(uint32_t percent, time_point now);

  /// Whether a new one would be the same.
  bool is_idle(time_point now) const noexcept;

 private:
  struct slot {
    int64_t second = -1;
    uint32_t requests = 0;
    uint32_t retries = 0;
  };

  slot& at(time_point now);

  std::array<slot, slots> slots_{};
};

} // namespace aps
