#pragma once

#include "config/config.hpp"
#include "transports/seam/listener.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace aps {

/// The ports of the mappings of raw streams; names of TLS share those of their
/// number. What a connection is for is looked up when it comes, so a port stays
/// open while its mapping changes.
/// Thread-safe; `apply` blocks for system calls, and is not for unit threads.
class stream_doors {
 public:
  /// Opens the port of a mapping, `key` its place in the configuration; throws
  /// std::system_error.
  using opener = std::function<std::unique_ptr<listener>(
    const config::mapping& rule, const std::string& key)>;

  explicit stream_doors(opener open) : open_(std::move(open)) {}

  /// Ports of servers, which take the names there themselves.
  void leave(std::vector<uint16_t> served);

  /// From now on the ports of these mappings are open, and no others: those
  /// that are gone take nobody any more, and what came through them goes on.
  /// Or, if one cannot be opened, all stays as it was: returns why, or "".
  /// Nothing happens once `stop_accepting` was called.
  std::string apply(const std::vector<config::mapping>& mappings);

  /// One more; returns why it could not be opened, or "".
  std::string open(const config::mapping& rule);

  /// The port of that mapping takes nobody any more; dito.
  void close(const config::mapping& rule);

  /// Closes those whose port a mapping of these has for its own; returns
  /// theirs.
  std::vector<config::mapping>
  make_way_for(const std::vector<config::mapping>& mappings);

  /// The port of a mapping by its `from`; 0 = it is not open.
  uint16_t port(const std::string& from) const;

  void stop_accepting();

  /// Streams that live.
  size_t sessions() const;

  /// Cuts all streams and closes all ports.
  void close();

 private:
  struct door {
    config::mapping rule;
    std::unique_ptr<listener> port;
  };

  using wanted = std::vector<std::pair<const config::mapping*, std::string>>;

  void forget_closed();
  wanted missing_of(const std::vector<config::mapping>& mappings) const;
  void make_room(const config::mapping& rule,
                 const std::vector<config::mapping>& mappings,
                 std::vector<door>& moved);
  std::string add(const config::mapping& rule, const std::string& key);
  bool has_own(const config::mapping& rule) const;
  bool is_for(const door& door, const config::mapping& rule) const;
  bool is_wanted(const door& door,
                 const std::vector<config::mapping>& mappings) const;
  void retire(door& door);

  const opener open_;
  mutable std::mutex mutex_;
  std::vector<uint16_t> served_; ///< by mutex_, as below
  std::vector<door> doors_;
  std::vector<door> closing_; ///< take nobody any more
  bool stopped_ = false;
};

} // namespace aps
