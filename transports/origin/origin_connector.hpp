#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/origin/streams/stream_circles.hpp"
#include "transports/seam/origins.hpp"

#include <boost/asio/ssl/context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace aps {

/// What all connections of one origin client share. Used on all units.
struct origin_settings {
  /// Throws std::runtime_error naming the file of `options` that cannot be
  /// used.
  explicit origin_settings(const origin_options& options);

  /// For a request with this `origin_tls`; unknown numbers are 0. OpenSSL
  /// counts references from several threads itself; none of them goes before
  /// all do.
  boost::asio::ssl::context& tls(uint32_t number) const;

  /// As `origin_client::add_tls`.
  void add_tls(const std::map<uint32_t, origin_tls>& more) const;

  const origin_options options;

  /// Of the streams of all units.
  const std::shared_ptr<stream_circles> circles
    = std::make_shared<stream_circles>();

 private:
  mutable std::mutex mutex_;
  mutable std::map<uint32_t, boost::asio::ssl::context> contexts_; ///< by it
};

using origin_settings_ptr = std::shared_ptr<const origin_settings>;

/// Where an origin is found.
struct origin_address {
  std::string scheme; ///< http | https
  std::string host;   ///< without brackets
  std::string port;
  std::string server_name = {}; ///< instead of `host` in TLS, where it is set
  uint32_t tls = 0;             ///< of the settings
  std::string preamble = {};    ///< goes before all else, TLS too
  std::string socket = {};      ///< path of a Unix socket, instead of all that

  /// host:port, for messages.
  std::string str() const;
};

/// Splits `host[:port]`, or `unix:PATH`; false when it is malformed.
bool parse_authority(std::string_view scheme, std::string_view authority,
                     origin_address& to);

/// A stream, or why there is none.
struct connect_result {
  stream_ptr stream;
  bool http2 = false; ///< what is spoken over it
  outcome error = outcome::ok;
  std::string detail; ///< names the address and the reason
};

/// Resolves, connects, and shakes hands for https, within
/// `options.connect_timeout`. Over TLS `protocol` is what ALPN offers. `done`
/// is called once, not from within the call. Thread: the unit's.
void connect_to_origin(io_unit& unit, origin_settings_ptr settings,
                       origin_address to, origin_protocol protocol,
                       std::function<void(connect_result)> done);

} // namespace aps
