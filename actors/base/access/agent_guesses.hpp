#pragma once

#include "actors/policy/access/quota_ledger.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// How often one address is wrong about the password of one tunnel: ten times
/// at once, then once in a second. Whoever is beyond that is not looked at;
/// whether there is such a tunnel makes no difference. One agent that is set
/// up wrongly, and dials again and again, keeps no other one out. Thread: any.
class agent_guesses {
 public:
  /// Whether `peer` ("ip:port") has to wait.
  bool too_many(std::string_view peer, std::string_view tunnel,
                time_point now) const;

  /// It was wrong.
  void note(std::string_view peer, std::string_view tunnel, time_point now);

 private:
  std::shared_ptr<quota_ledger> ledger_ = std::make_shared<quota_ledger>();
};

} // namespace aps
