#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aps {

/// The streams to targets that live here, by their two ends. A visitor whose
/// connection is one of them came through us before: some times may be meant,
/// as one mapping may lead to the next, but a stream that comes again and again
/// is led in a circle and would go round for ever. Behind an address translator
/// none is known. Thread-safe.
class stream_circles : public std::enable_shared_from_this<stream_circles> {
 public:
  /// Times that a stream may come back.
  static constexpr size_t most_laps = 4;

  /// How often the visitor's stream came back until now; its ends as
  /// `request_head::proxy_ends` has them, "SOURCE DESTINATION".
  size_t laps_of(std::string_view scheme, std::string_view ends) const;

  /// The ends of one of ours, which came back so often, while the result lives.
  std::shared_ptr<const void> add(std::string_view scheme,
                                  std::string_view ends, size_t laps);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, size_t> laps_; ///< by mutex_
};

} // namespace aps
