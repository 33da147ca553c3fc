#pragma once

#include "transports/seam/executor.hpp"

#include <array>
#include <mutex>
#include <optional>

namespace aps {

/// The keys that encrypt session tickets, for all connections of one port.
/// Nothing is stored per session. A key makes tickets for half a day and is
/// understood for another half, so that who steals one reads a day of
/// resumptions at most. Thread: any.
class ticket_keys {
 public:
  struct key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };

  static constexpr std::chrono::hours lifetime{12};

  /// Throws std::runtime_error without random bytes.
  ticket_keys();
  ~ticket_keys();

  ticket_keys(const ticket_keys&) = delete;
  ticket_keys& operator=(const ticket_keys&) = delete;

  /// The one to encrypt with.
  key current(time_point now);

  /// The one of that name, and whether the ticket should be made anew;
  /// nothing = nobody knows it any more.
  struct found {
    aps::ticket_keys::key key;
    bool old;
  };
  std::optional<found> find(const unsigned char* name, time_point now);

 private:
  void rotate(time_point now);

  std::mutex mutex_;
  key current_{};
  key previous_{};
  bool has_previous_ = false;
  time_point since_{};
};

} // namespace aps
