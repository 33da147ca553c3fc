#pragma once

#include "transports/net/names/resolver.hpp"
#include "transports/origin/origin_pool.hpp"
#include "transports/seam/exchange/exchange.hpp"
#include "transports/seam/limits/hold.hpp"

#include <boost/asio/ip/udp.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aps {

/// The target's end of a session of datagrams: a socket of its own, whose
/// datagrams go over the exchange each for itself. What there is no credit for
/// is dropped. Ends when the node ends it.
///
/// Ownership: kept alive by its reads, and by its exchange.
/// Thread: the unit's.
class datagram_origin final
    : public origin,
      public pool_user,
      public std::enable_shared_from_this<datagram_origin> {
 public:
  datagram_origin(std::shared_ptr<origin_pool> pool,
                  served_exchange_ptr served);

  void start();

  // -- origin ----------------------------------------------------------------

  void on_body(slice) override {} // there is none
  void on_body_end(const header_list&) override {}
  void on_datagram(slice datagram) override;
  void on_cancelled() override;
  void on_writable() override {} // what had no room is gone

  // -- pool_user -------------------------------------------------------------

  void on_shut_down() override;

  void on_exception(const std::string& text);

 private:
  void on_resolved(const boost::system::error_code& error,
                   const resolver::addresses& found);
  void send(const slice& datagram);
  bool connect(const boost::asio::ip::address& to, uint16_t port);
  void wait();
  void receive();
  void let_go();
  void fail(outcome why, const std::string& reason);

  const std::shared_ptr<origin_pool> pool_;
  const std::string name_;
  served_exchange_ptr served_;
  std::shared_ptr<const void> noted_; ///< with its ends, while it lives
  size_t laps_ = 0;                   ///< that it came back
  origin_address to_;
  hold wanted_; ///< as long as its name is
  boost::asio::ip::udp::socket socket_;
  std::vector<slice> early_; ///< before the socket is there
  size_t early_cost_ = 0;    ///< what they take of `most_early`
};

} // namespace aps
