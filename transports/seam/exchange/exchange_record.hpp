#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/outcome.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aps {

struct route;
using route_ptr = std::shared_ptr<const route>;

/// How many bytes of what others wrote are kept in records, logs and events.
/// A record stays long after its exchange, and there are thousands.
namespace kept {
constexpr size_t path = 1024;
constexpr size_t host = 255; // the longest DNS name
constexpr size_t method = 32;
constexpr size_t address = 64; // the longest IPv6 address and a port
constexpr size_t request_id = 128;
constexpr size_t detail = 1024;
} // namespace kept

/// What actors may know of an exchange without touching it. The address is as
/// the visitor sent it, before a mapping was applied, cut to `kept` and clean
/// (foreign_text.hpp) as soon as an exchange has them.
struct exchange_facts {
  std::string visitor_address; ///< ip of the visitor
  std::string request_id;      ///< Aps-Request-Id
  route_ptr via;
  std::string scheme = {};
  std::string host = {};
  std::string path = {}; ///< path and query
  tls_facts_ptr tls = {}; ///< of the visitor's connection; null = plain

  /// Host and path as they were sent: "*" and the authority of a CONNECT are
  /// no paths, and stand alone. With `scheme://` in front of the host, if
  /// asked for.
  std::string target(bool with_scheme = false) const;

  /// Every text is as long as `kept` allows at most, and clean.
  void cut();
};

/// The connection that carries exchanges, for their records: one object per
/// connection, shared by all of them.
struct carrier {
  std::string tunnel;
  std::string endpoint;
  std::string connection;
  std::string session;   ///< hex
  std::string transport; ///< "grpc", "websocket", "poll" or "direct"
  std::atomic<int64_t> rtt_ns{0}; ///< smoothed; 0 = not measured
};
using carrier_ptr = std::shared_ptr<const carrier>;

/// One connection that an exchange was given to.
struct exchange_attempt {
  enum class kind : uint8_t {
    first,
    resume,  ///< the same session went on
    restart, ///< sent again from its first byte
    retry,   ///< dito, for the answer before was none for the visitor
  };
  kind cause = kind::first;
  time_point at{};
  carrier_ptr by;
  time_point lost_at{}; ///< zero = it was not
  std::string_view reason; ///< why it was lost; a constant word
};

/// What is remembered of one exchange. Written on the exchange's unit while it
/// lives, constant afterwards. Zero times did not happen.
struct exchange_record {
  exchange_id id = 0;
  std::shared_ptr<const exchange_facts> facts;
  std::string method;
  int64_t started_ms = 0; ///< since 1970
  time_point started{};
  time_point acquired{};
  time_point first_byte{};
  time_point ended{};
  std::vector<exchange_attempt> attempts;
  uint32_t moves = 0;
  uint64_t bytes_up = 0;
  uint64_t bytes_down = 0;
  uint64_t bytes_resent = 0; ///< body bytes sent again after a move
  uint16_t status = 0;       ///< to the visitor; 0 = not known
  bool over = false;
  bool over_quota = false; ///< its body was too large for its pass
  outcome result = outcome::ok;
  std::string detail;
  std::string user;   ///< who asks, as far as known
  std::string access; ///< the rules that let it in or refused
  size_t slot = 0; ///< for who keeps the live ones

  /// Makes it a new one that keeps its memory. Nobody else may look at it.
  void reuse();

  /// Takes its facts from the exchange, so that those can go with it.
  void keep_facts();

 private:
  std::shared_ptr<exchange_facts> kept_; ///< memory for `keep_facts`
};
using exchange_record_ptr = std::shared_ptr<exchange_record>;

/// Told when an exchange is over, on its unit's thread. The record does not
/// change any more.
class exchange_observer {
 public:
  virtual ~exchange_observer() = default;
  virtual void on_over(const exchange_record_ptr& record) = 0;
};

} // namespace aps
