#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aps {

/// An endpoint by its tunnel's name and its own.
using endpoint_place = std::pair<std::string, std::string>;

/// Which endpoints have a connection: tunnels write it, and who wonders whether
/// a request could go elsewhere reads it without asking them. Thread: any.
class live_endpoints {
 public:
  void set(const std::string& tunnel, const std::string& endpoint, bool live);

  /// The tunnel is gone, with all its endpoints.
  void forget(const std::string& tunnel);

  /// Those of these tunnels, and of these names unless there are none.
  std::vector<endpoint_place> of(const std::vector<std::string>& tunnels,
                                 const std::vector<std::string>& only) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::set<std::string>> all_; ///< by mutex_
};

} // namespace aps
