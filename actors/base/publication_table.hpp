#pragma once

#include "actors/base/configuration.hpp"
#include "actors/base/published.hpp"
#include "config/access/publishing.hpp"
#include "config/routing/routes.hpp"
#include "transports/seam/frame.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace aps {

/// Who publishes a name: the tunnel, which of its credentials, and as which
/// endpoint.
struct publisher {
  std::string tunnel;
  std::string credential; ///< empty = the tunnel's password
  std::string endpoint;
  bool operator==(const publisher&) const = default;

  /// Whose a name is: agents of one credential take names over from each other.
  bool has_rights_of(const publisher& other) const {
    return tunnel == other.tunnel && credential == other.credential;
  }

  /// "endpoint web of tunnel team (credential ci)".
  std::string str() const;
};

/// A name that is published, as it is shown.
struct publication {
  size_t index = 0; ///< of its route for `url`, which no other ever has
  config::public_name name;
  std::string url; ///< where visitors find it
  config::url target;
  publisher by;
  int64_t since = 0; ///< s since 1970
  size_t agents = 0; ///< sessions that publish it

  /// As it would stand in a file, for http.
  config::mapping mapping() const;
};

/// The names that agents publish. A host that a mapping of the file has for its
/// own answers by the file alone; wildcards and the default do not.
/// Made for names that come and go: a change costs what the names of its host
/// cost. Thread: any.
class publication_table {
 public:
  publication_table() : publication_table(config::node{}) {}
  explicit publication_table(const config::node& config);

  /// Another file from now on; what its mappings take is told by `configured`.
  /// Not what is only read at a start: servers and tunnels' windows.
  void use(const std::shared_ptr<const configuration>& now);

  /// A server that visitors reach, for the URLs that agents are told.
  struct public_server {
    bool tls = false;
    uint16_t port = 0;
  };
  void use(std::vector<public_server> servers);

  /// Who opens and closes the ports of raw TCP. `open` returns why it could
  /// not, or "". Neither blocks. Before the first name is taken.
  struct port_keeper {
    std::function<std::string(const config::mapping& rule)> open;
    std::function<void(const config::mapping& rule)> close;
  };
  void use(port_keeper ports) { ports_ = std::move(ports); }

  struct claim {
    config::public_name name;
    config::url target;
    publisher by;
    session_id session{};
    uint64_t started_ms = 0; ///< of the agent: the later one takes over
    int64_t now = 0;         ///< s since 1970
  };
  struct grant {
    std::string url;
    bool is_new = false;                    ///< nobody had it with this target
    std::vector<session_id> displaced = {}; ///< who had it until now
  };

  /// Gives it the name, again if it has it, or says why not, in words that go
  /// behind the name. Sessions of one endpoint and target share a name.
  std::variant<grant, std::string> take(const claim& claim);

  /// Returns whether nobody has the name any more.
  bool give_up(const config::public_name& name, const session_id& session);

  /// What of the file has the name: "mappings[0]", "server main"; "" = nothing.
  std::string configured(const config::public_name& name) const;

  /// Whether there is any: the one look that costs nothing.
  bool any() const noexcept { return count_ > 0; }

  /// As `find_route`.
  route_ptr find(const route_request& request) const;

  /// By name, the hosts in order.
  std::vector<publication> list() const;

 private:
  struct entry {
    config::public_name name;
    publisher by;
    config::url target;
    std::map<session_id, uint64_t> sessions; ///< when their agents started
    int64_t since = 0;
    size_t index = 0;

    uint64_t started_ms() const;
  };
  /// All names of one host; of one credential.
  struct site {
    std::map<std::string, entry> by_path;
    /// Null = to be made of them, by who needs it: a thousand changes cost it
    /// once.
    std::shared_ptr<const route_table> routes;
  };
  struct shard {
    mutable std::mutex mutex;
    mutable std::unordered_map<std::string, site> sites; // by mutex
  };

  shard& shard_of(const std::string& host);
  const shard& shard_of(const std::string& host) const;
  std::string url_of(const config::public_name& name) const;
  std::string open_port(const claim& claim) const;
  void keep_routes(site& site) const;

  /// Beyond those of any file.
  static constexpr size_t first_index = size_t{1} << 32;

  /// Names of one host.
  static constexpr size_t most_of_host = 200;

  published<std::shared_ptr<const configuration>> file_;
  /// A server sends visitors of http there, so names are not for them.
  std::atomic<bool> https_alone_{false};
  std::atomic<std::shared_ptr<const std::vector<public_server>>> servers_;
  port_keeper ports_; ///< none = no raw TCP
  std::atomic<size_t> count_{0};
  mutable std::atomic<size_t> next_index_{first_index};
  std::array<shard, 64> shards_;
};

/// The mapping of the file or the published name that takes a request, or null.
/// `published` null = there are none.
route_ptr find_in_effect(const route_table& routes,
                         const publication_table* published,
                         const route_request& request);

} // namespace aps
