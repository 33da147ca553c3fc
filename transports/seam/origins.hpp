#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace aps {

class served_exchange; // transports/seam/exchange/exchange.hpp
using served_exchange_ptr = std::shared_ptr<served_exchange>;

/// How some https origins are met, by files in PEM.
struct origin_tls {
  std::string ca_file;   ///< who may have issued theirs; empty = as of all
  std::string cert_file; ///< what is shown to them; empty = nothing
  std::string key_file;
};

/// Where a connection to an origin would go.
struct origin_destination {
  std::string_view host; ///< as it was asked for
  std::string_view ip;   ///< what that stands for
  uint16_t port = 0;
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

  /// Asked about each address at each connect, whatever the request is; others
  /// than those that it lets in are not connected to. Empty = all are let in.
  /// Thread: any unit's.
  std::function<bool(const origin_destination&)> admits = {};

  /// A request found none that is let in; told with the first of them. Thread:
  /// any unit's.
  std::function<void(const origin_destination&)> on_forbidden = {};
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

  /// Knows these as well, beside those it has (`origin_options::tls`): files
  /// that it has are not read again. Throws std::runtime_error naming the one
  /// that cannot be used, and has changed nothing then. Thread: any.
  virtual void add_tls(const std::map<uint32_t, origin_tls>& more) {
    static_cast<void>(more);
  }
};

} // namespace aps
