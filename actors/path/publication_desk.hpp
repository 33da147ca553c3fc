#pragma once

#include "actors/base/publication_table.hpp"
#include "actors/messages.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace aps {

/// What one tunnel's agents publish: held against what their credentials may,
/// and given up with their sessions. Gives all of it up at its own end. Part of
/// the tunnel's actor.
class publication_desk {
 public:
  /// Hears what happens, for `monitor`.
  using outlet = std::function<void(event_kind kind, const publisher& by,
                                    std::string detail)>;

  publication_desk(std::shared_ptr<publication_table> table, outlet tell);
  ~publication_desk();

  publication_desk(const publication_desk&) = delete;
  publication_desk& operator=(const publication_desk&) = delete;

  struct agent {
    session_id session{};
    publisher by;
    uint64_t started_ms = 0;
    connection_actor connection; ///< that its answers go to
  };

  struct moment {
    time_point now{};
    int64_t wall = 0; ///< s since 1970
  };

  /// An answer that nobody waits for: others took a name over, or rules
  /// changed.
  struct notice {
    connection_actor to;
    published_frame frame;
  };

  /// All that the agent wants from now on. `allowed` null = it may nothing.
  published_frame declare(const agent& from, const publish_frame& wanted,
                          const config::publishing* allowed, const moment& at);

  /// Which sessions an endpoint has. Who is missing is over, or may come back
  /// within the grace if its endpoint is `awaited`.
  void on_sessions(const std::string& endpoint,
                   const std::vector<session_id>& live, bool awaited,
                   time_point now);

  /// The endpoint is forgotten.
  void on_endpoint_gone(const std::string& endpoint);

  /// Whoever came with it is over.
  void revoke(const std::string& credential);

  /// What a credential may publish now; null = there is none of that name.
  using rules
    = std::function<const config::publishing*(const std::string& credential)>;

  /// Gives up what that, or the file's mappings, take away.
  void reconsider(const rules& rules_of);

  /// Ends those that stay away; returns when the next one is due.
  time_point expire(time_point now, duration grace);

  /// Those that came up since the last call.
  std::vector<notice> take_notices() { return std::exchange(notices_, {}); }

 private:
  enum class presence : uint8_t {
    announced, ///< it declared, and nobody has said that it is there
    live,
    lost, ///< it may come back
  };

  struct held {
    std::string asked;
    config::public_name name;
    std::string url;
  };

  struct session {
    agent from;
    uint32_t serial = 0;
    presence state = presence::announced;
    time_point since{}; ///< of the state
    std::vector<held> names;
    std::set<std::string> told; ///< why it did not get others
  };

  struct wish {
    std::string asked;
    config::public_name name;
    config::url target;
  };

  std::vector<wish> read(const agent& from, const publish_frame& wanted,
                         const config::publishing& allowed,
                         published_frame& answer);
  void grant(session& to, const wish& wish, const moment& at,
             published_frame& answer);
  void tell_refusals(session& own, const published_frame& answer);
  void displace(const session_id& session, const config::public_name& name,
                const publisher& by);
  std::string why_no_longer(const session& of, const held& name,
                            const config::publishing& allowed) const;
  void drop(session& from, const held& name);
  void end(session& ended);
  template <class Test>
  void end_if(Test test);

  std::shared_ptr<publication_table> table_;
  outlet tell_;
  std::map<session_id, session> sessions_;
  std::vector<notice> notices_;
};

} // namespace aps
