#pragma once

#include "tools/cli/values.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace aps::ctl {

/// What is said of a peer that is none of the nodes that a command is for.
inline constexpr auto only_an_agent
  = "is an agent, which has status and top only; for the rest give -admin of "
    "its node";

/// The node did not do what was asked; the text names the peer.
class failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Speaks to the admin listener of one node: one request at a time, each over
/// a connection of its own. All functions throw `failure`.
class client {
 public:
  client(cli::address peer, std::string token);

  /// `path` begins behind /.api/.
  nlohmann::json get(const std::string& path) const;
  nlohmann::json post(const std::string& path,
                      const nlohmann::json& body) const;

  /// Answers like `get`, but also takes 503 as an answer (readiness).
  nlohmann::json get_ready() const;

  /// One message of an event stream.
  struct message {
    std::string id;
    std::string type;
    std::string data;
  };

  /// When a stream is read to its end: never, or when what is remembered has
  /// arrived, so that nothing comes for a second.
  enum class until { told, quiet };

  /// Reads the event stream until `on_message` returns false, or `when`. The
  /// end of the stream is a failure.
  void stream(const std::string& path, const std::string& last_event_id,
              until when,
              const std::function<bool(const message&)>& on_message) const;

  /// `host:port`, as errors name it.
  const std::string& peer_name() const noexcept { return name_; }

 private:
  [[noreturn]] void fail(std::string_view text) const;
  nlohmann::json ask(const std::string& method, const std::string& path,
                     const std::string& body, bool unready_is_fine) const;

  cli::address peer_;
  std::string name_;
  std::string token_;
};

/// Percent-encodes everything but what RFC 3986 calls unreserved.
std::string encoded(std::string_view text);

} // namespace aps::ctl
