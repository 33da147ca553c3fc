#pragma once

#include "actors/base/access/login_desk.hpp"
#include "actors/base/published.hpp"
#include "actors/policy/access/access_rules.hpp"
#include "actors/policy/access/credential_cache.hpp"
#include "actors/policy/access/guess_pauses.hpp"
#include "actors/policy/access/quota_ledger.hpp"
#include "transports/seam/front.hpp"
#include "transports/seam/limits/hold.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace aps {

/// A request that is not let in, and the limit that was reached, if any was.
struct access_refusal {
  denial answer = {};
  std::optional<limit> reached = {};
};

/// A pass, null where nobody asks for one, or a refusal.
using access_answer = std::variant<visitor_pass_ptr, access_refusal>;

/// Who of a node's visitors may come in: the rules in effect, which passwords
/// were looked at, who guesses, and how much of each quota is used. Rules are
/// replaced as a whole; what was counted stays. Thread: any.
class visitor_access {
  struct state;

 public:
  /// Threads that look at passwords.
  static constexpr size_t workers = 2;

  visitor_access();

  visitor_access(const visitor_access&) = delete;
  visitor_access& operator=(const visitor_access&) = delete;

  /// Rules for one configuration. Who has them keeps them.
  using rules_ptr = std::shared_ptr<const state>;

  /// The rules of `config`, which nobody goes by so far.
  rules_ptr make(const config::node& config);

  /// By these from now on. What runs goes on.
  void use(rules_ptr rules);

  void use(const config::node& config) { use(make(config)); }

  /// Whether anything is asked of anybody: the one look that costs nothing.
  static bool asks(const rules_ptr& rules) noexcept;
  bool active() const { return asks(now_in_use()); }

  /// Who comes over one connection as it came before is let in as before, as
  /// long as the rules are the same, and for so long.
  static constexpr duration connection_memory = std::chrono::minutes(1);

  /// `via` null = no mapping takes it; else one of the configuration that
  /// `rules` were made of. A pass with a claim needs `prove`.
  access_answer admit(const visitor_request& request, const route* via,
                      time_point now, const rules_ptr& rules);
  access_answer admit(const visitor_request& request, const route* via,
                      time_point now) {
    return admit(request, via, now, now_in_use());
  }

  /// Looks at the password of a pass' claim, or has somebody look at it who
  /// does so already, and calls `done` with a pass without claim or a refusal,
  /// on a thread of its own; those who guess are refused a second later. What
  /// waits at `stop` is forgotten.
  void prove(const visitor_pass_ptr& pass,
             std::function<void(access_answer)> done);

  /// Questions to login services that may be under way, of all visitors and of
  /// one address.
  static constexpr uint32_t most_logins = 4096;
  static constexpr uint32_t most_logins_of_address = 512;

  /// A place among those questions, given back with the last copy; or why
  /// there is none.
  std::variant<hold, access_refusal> wait_for_login(const std::string& address,
                                                    time_point now);

  /// What would become of a request, without counting it. `user` empty =
  /// nobody in particular; the networks count if `address` is not empty.
  struct question {
    std::string server;
    std::string address;
    std::string user;
    std::string certificate; ///< a name in the visitor's; empty = it shows none
    std::optional<uint64_t> body_bytes;
  };
  struct explanation {
    outcome result = outcome::ok;
    std::string reason;
    std::string user;
  };
  explanation explain(const question& asked, const route* via, time_point now,
                      const rules_ptr& rules) const;
  explanation explain(const question& asked, const route* via,
                      time_point now) const {
    return explain(asked, via, now, now_in_use());
  }

  /// Whether who asks so says to be one of these users, or in one of the
  /// groups.
  static bool is_among(const rules_ptr& rules, const visitor_request& request,
                       const std::vector<std::string>& users,
                       const std::vector<std::string>& groups);
  static bool is_among(const rules_ptr& rules, const question& asked,
                       const std::vector<std::string>& users,
                       const std::vector<std::string>& groups);

  /// Whether a user or token has that name.
  bool knows(const std::string& name) const;

  /// Looks at no password any more, and joins those who did.
  void stop();

 private:
  friend struct login_claim;

  /// What is replaced together: a cache of passwords is for its rules.
  struct state {
    access_rules rules;
    std::shared_ptr<credential_cache> passwords;
    uint64_t number = 0; ///< one more with each
  };
  using state_ptr = rules_ptr;
  using waiting
    = std::pair<visitor_pass_ptr, std::function<void(access_answer)>>;

  /// What a pass is made with, beside the verdict.
  struct arrival {
    std::string_view path;
    bool proxied = false;
  };

  state_ptr now_in_use() const;
  access_answer decide(const visitor_request& request, const route* via,
                       time_point now, const state_ptr& by);
  static known_visitor know(const state_ptr& by, access_verdict verdict,
                            const visitor_request& request, const route& via,
                            time_point now);
  access_answer admit_known(const known_visitor& known, time_point now);
  std::optional<access_refusal> take(const std::vector<quota_use>& quotas,
                                     std::string_view user, time_point now,
                                     hold& places);
  duration pause_of(const std::string& address, const basic_login& login,
                    std::string_view mark, time_point now);
  access_answer enter(const state& by, access_verdict verdict,
                      const arrival& how, time_point now);
  visitor_pass_ptr ask_for_proof(login_claim claim,
                                 const visitor_request& request) const;
  access_answer settle(const login_claim& claim, bool right, time_point now);
  access_refusal refuse(const access_rules& rules,
                        const access_verdict& verdict, bool proxied) const;
  void look_at(const visitor_pass_ptr& first);
  void refuse_late(access_refusal refusal,
                   std::function<void(access_answer)> done);

  std::atomic<uint64_t> number_{0}; ///< of the last state
  mutable std::mutex mutex_;
  state_ptr state_;                                     // by mutex_
  std::map<std::string, std::vector<waiting>> proving_; // dito, by mark
  const std::string key_;                               ///< random
  guess_pauses guesses_{key_};                          // by mutex_
  std::shared_ptr<quota_ledger> ledger_ = std::make_shared<quota_ledger>();
  login_desk desk_{workers};
};

} // namespace aps
