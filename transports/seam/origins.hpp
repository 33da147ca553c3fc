#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace aps {

class served_exchange; // transports/seam/exchange/exchange.hpp
using served_exchange_ptr = std::shared_ptr<served_exchange>;

/// How some https origins are met, by files in PEM.
struct origin_tls {
  std::string ca_file;   ///< who may have issued theirs; empty = as of all
  std::string cert_file; ///< what is shown to them; empty = nothing
  std::string key_file;
};

struct origin_options {
  bool insecure = false; ///< accept any certificate of https origins
  std::string ca_file;   ///< extra trusted certificates, PEM; empty = system
  std::string cert_file; ///< shown to https origins that ask, PEM; may be empty
  std::string key_file;
  std::map<uint32_t, origin_tls> tls = {}; ///< by `request_head::origin_tls`
  duration connect_timeout = std::chrono::seconds(10);
  duration idle_timeout = std::chrono::seconds(60); ///< keep-alive

  /// Silence inside an answer's body, while somebody waits for it; upgrades
  /// and event streams may be silent. 0 = no limit.
  duration read_timeout = std::chrono::seconds(60);

  /// An origin that takes nothing of what is sent. 0 = no limit.
  duration send_timeout = std::chrono::seconds(60);

  /// Bytes per second that either direction has to reach over such a time;
  /// 0 = any.
  uint32_t min_rate = 16;
  size_t max_idle_per_origin = 1024; ///< kept-alive connections per unit
};

/// Performs requests against origins. One object serves all units.
class origin_client {
 public:
  virtual ~origin_client() = default;

  /// Starts to perform `head` on `unit`. The caller attaches the result.
  /// Thread: the unit's.
  virtual served_exchange_ptr serve(executor& unit, exchange_id id,
                                    request_head_ptr head,
                                    uint32_t response_window) = 0;
};

} // namespace aps
