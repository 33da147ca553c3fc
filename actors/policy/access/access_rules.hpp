#pragma once

#include "actors/policy/access/credentials.hpp"
#include "actors/policy/access/login_service.hpp"
#include "actors/policy/access/quota_ledger.hpp"
#include "config/access/password_hash.hpp"
#include "config/config.hpp"
#include "config/networks.hpp"
#include "config/routing/routes.hpp"
#include "transports/seam/outcome.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aps {

/// What of a request access goes by. Views live as long as the question.
struct access_request {
  std::string_view server = {};  ///< empty: the rules of servers are left out
  std::string_view address = {}; ///< empty: networks are left out
  /// Credentials are looked for here; null = there are none.
  const header_list* headers = nullptr;
  bool proxied = false;           ///< in absolute form, as a proxy is asked
  const tls_facts* tls = nullptr; ///< null = plain
  std::optional<uint64_t> body_bytes = {}; ///< as announced
  int64_t now = 0;                         ///< s since 1970, for what expires
  /// Who asks where somebody has to be known, beyond doubt, whatever the
  /// credentials say; empty = they count.
  std::string_view proven = {};
};

/// Somebody known: a user, or a program with a token.
struct account {
  std::string name;
  bool program = false;
  std::vector<std::string> groups = {};
  std::optional<config::password_hash> hash = {};
  std::string password = {};
  int64_t expires_at = 0; ///< s since 1970; 0 = never

  bool is_over(int64_t now) const noexcept {
    return expires_at != 0 && now >= expires_at;
  }
};

/// Whether that is one of the users, or in one of the groups.
bool is_member(const account& user, const std::vector<std::string>& users,
               const std::vector<std::string>& groups);

/// What becomes of a request, and by which rule.
struct access_verdict {
  outcome result = outcome::ok;
  std::string reason = {};       ///< empty = no rule asks for anything
  const account* user = nullptr; ///< of the rules; null = nobody known
  /// Holds only if the password is right, which nobody looked at yet.
  bool unproven = false;
  basic_login login = {};             ///< of what is unproven
  bool by_field = false;              ///< credentials in a field told who asks
  bool wrong_token = false;           ///< a guess
  uint64_t max_body_bytes = 0;        ///< 0 = no limit of ours
  std::vector<quota_use> quotas = {}; ///< that count it, if it is let in
  std::vector<login_service_ptr> logins
    = {}; ///< that are asked behind all that
};

/// Who may come in where. The rules of the server, of each tunnel that the
/// mapping names and of the mapping are asked, and all of them have to be met:
/// first the networks, then who it is, then how much it brings, and then login
/// services, which others ask. Quotas are counted by others (quota_ledger).
/// Immutable, thread-safe; pure but for `proves`, which takes its time.
class access_rules {
 public:
  access_rules() = default;

  /// Mappings are known by their position (`route::index`).
  explicit access_rules(const config::node& config);

  access_rules(access_rules&&) = default;
  access_rules& operator=(access_rules&&) = default;

  /// Nobody has to be asked.
  bool empty() const noexcept { return empty_; }

  /// `via` null = no mapping takes it: then only the server's networks count.
  access_verdict decide(const access_request& request, const route* via) const;

  /// Whether that is a user's password. As slow for a name that nobody has,
  /// as far as there are slow passwords at all.
  bool proves(const basic_login& login) const;

  /// Who asks, as the credentials say: a token is known, of a user the password
  /// may be wrong. Null = nobody in particular.
  const account* claimed(const access_request& request) const;

  /// Null = nobody has that name.
  const account* find(std::string_view name) const;

  /// Fields that say with which credentials to come; none = with none.
  header_list challenges(bool proxied) const;

  const std::string& user_header() const noexcept { return user_header_; }

  /// The same in lower case.
  const std::string& user_variable() const noexcept { return user_variable_; }

  /// It is one that visitors' copies are removed of anyway.
  bool has_usual_header() const noexcept;
  bool pass_authorization() const noexcept { return pass_authorization_; }

 private:
  /// What of quotas is for whom.
  struct counted {
    std::string rule; ///< the quota's place in the configuration
    config::quota limits;

    bool empty() const noexcept {
      return limits.requests == 0 && limits.concurrent_requests == 0
             && limits.max_body_bytes == 0;
    }
  };
  struct scope {
    std::string place; ///< in the configuration: "mappings[0]"
    std::string allow_place;
    std::string require_place;
    config::network_set allow;
    config::network_set deny;
    bool some_allowed = false;
    std::optional<config::requirement> require;
    std::set<std::string, std::less<>> users;
    std::set<std::string, std::less<>> groups;
    counted all;
    counted per_user;
    counted per_address;
    login_service_ptr login;
  };
  /// Of the server, of some tunnels, of the mapping.
  using scopes = boost::container::small_vector<const scope*, 4>;

  void add_accounts(const config::auth& auth);
  account& add_account(const std::string& name,
                       const std::vector<std::string>& groups);
  void add_scopes(const config::node& config);
  const scope* add_scope(std::string place, const config::access& access);
  static void use(const counted& quota, std::string_view whose,
                  access_verdict& to);
  scopes scopes_of(std::string_view server, const route* via) const;
  void identify(const access_request& request, bool asked,
                access_verdict& to) const;
  void identify_beyond_doubt(const access_request& request,
                             access_verdict& to) const;
  void identify_by_field(const access_request& request,
                         access_verdict& to) const;
  void identify_by_token(const access_request& request, std::string_view token,
                         access_verdict& to) const;
  const account* of_certificate(const tls_facts* tls) const;
  void refuse_unknown(const access_request& request, std::string reason,
                      access_verdict& to) const;
  static bool is_among(const scope& scope, const account& user);

  bool empty_ = true;
  std::string user_header_;
  std::string user_variable_;
  std::string realm_;
  bool pass_authorization_ = false;
  bool passwords_ = false; ///< somebody has one
  std::vector<std::unique_ptr<const scope>> all_scopes_;
  std::map<std::string, const scope*, std::less<>> servers_;
  std::map<std::string, const scope*, std::less<>> tunnels_;
  std::vector<scopes> mappings_; ///< with those of its tunnels in front
  std::vector<std::unique_ptr<account>> accounts_;
  std::unordered_map<std::string_view, account*> by_name_;   ///< of theirs
  std::unordered_map<std::string, const account*> by_token_; ///< hex of SHA-256
  std::map<std::string, const account*, std::less<>> by_certificate_;
  std::optional<config::password_hash> decoy_; ///< for names nobody has
};

} // namespace aps
