#include "actors/base/access/agent_guesses.hpp"

#include "actors/policy/balance.hpp"
#include "transports/seam/peer_address.hpp"

namespace aps {

namespace {

const config::quota some_guesses{.requests = 1, .burst = 10};

std::vector<quota_use> use_of(std::string_view peer, std::string_view tunnel) {
  auto key = peer_group(address_of(peer));
  key.append(1, '\0').append(std::to_string(hash_of(tunnel)));
  return {{std::move(key), {}, &some_guesses}};
}

} // namespace

bool agent_guesses::too_many(std::string_view peer, std::string_view tunnel,
                             time_point now) const {
  return std::holds_alternative<quota_refusal>(
    ledger_->look(use_of(peer, tunnel), now));
}

void agent_guesses::note(std::string_view peer, std::string_view tunnel,
                         time_point now) {
  static_cast<void>(ledger_->take(use_of(peer, tunnel), now));
}

} // namespace aps
