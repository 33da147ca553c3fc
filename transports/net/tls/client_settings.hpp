#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/guard.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/tls/client_tls.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <utility>

namespace aps {

/// What all TLS connections of an agent to its nodes share. Thread: any.
class client_settings final : public client_tls {
 public:
  /// Throws std::runtime_error naming the file that cannot be used.
  explicit client_settings(client_tls_options options);

  bool verifies() const noexcept override {
    return !options_.insecure || !options_.pins.empty();
  }

  /// Puts TLS on a connected stream, for `protocol` (ALPN, "h2" or
  /// "http/1.1"). What it returns gets to know why the peer is not who it
  /// should be.
  std::shared_ptr<std::string> prepare(byte_stream& stream,
                                       const std::string& host,
                                       std::string_view protocol) const;

  /// Why the handshake failed, or what is wrong with a peer that got through
  /// it; empty = nothing. `verdict` is what `prepare` returned.
  std::string trouble(byte_stream& stream,
                      const boost::system::error_code& error,
                      const std::string& verdict) const;

 private:
  bool has_pin(byte_stream& stream) const;

  const client_tls_options options_;
  /// OpenSSL counts references from several threads itself.
  mutable boost::asio::ssl::context context_;
};

/// The real thing behind what the network made; null stays null.
inline std::shared_ptr<const client_settings>
as_settings(const client_tls_ptr& tls) {
  return std::static_pointer_cast<const client_settings>(tls);
}

/// Shakes hands on a connected stream, which belongs to `owner`, and calls
/// `owner->on_secured(why)` with what went wrong, or nothing, exceptions
/// guarded. Thread: the unit's.
template <class Owner>
void secure_stream(io_unit& unit, const std::shared_ptr<Owner>& owner,
                   byte_stream& stream,
                   std::shared_ptr<const client_settings> settings,
                   const std::string& host, std::string_view protocol) {
  auto verdict = settings->prepare(stream, host, protocol);
  stream.tls().async_handshake(
    tls_stream::side::client,
    guard(
      unit, owner,
      [&stream, settings = std::move(settings), verdict = std::move(verdict)](
        const auto& me, const boost::system::error_code& error, size_t) {
        me->on_secured(settings->trouble(stream, error, *verdict));
      }));
}

} // namespace aps
