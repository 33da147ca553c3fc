#pragma once

#include "transports/origin/origin_pool.hpp"
#include "transports/seam/exchange/exchange.hpp"

#include <memory>
#include <string>
#include <vector>

namespace aps {

/// Performs one exchange: finds it a carrier, hands its bytes on both ways, and
/// asks once more over a fresh connection when a kept-alive one turns out to be
/// dead, or when the origin did not look at the request. Lives until the
/// response ended, failed or was cancelled. Everything on the unit's thread.
class origin_request final
    : public origin,
      public response_receiver,
      public pool_user,
      public std::enable_shared_from_this<origin_request> {
 public:
  origin_request(std::shared_ptr<origin_pool> pool, served_exchange_ptr served);

  void start();

  // -- origin ----------------------------------------------------------------

  void on_body(slice bytes) override;
  void on_body_end(const header_list& trailers) override;
  void on_cancelled() override;
  void on_writable() override;

  // -- response_receiver -----------------------------------------------------

  void on_response_head(response_head_ptr head) override;
  void on_response_body(slice bytes) override;
  void on_response_end(header_list trailers) override;
  size_t response_room() const noexcept override;
  void on_request_written(size_t bytes) override;
  void on_broken(outcome cause, std::string detail,
                 request_reach reach) override;

  // -- pool_user -------------------------------------------------------------

  void on_shut_down() override;

 private:
  void open_fresh();
  void run_on(request_carrier_ptr carrier);
  void keep(slice bytes);
  void fail(outcome why, std::string detail);
  void done();

  const std::shared_ptr<origin_pool> pool_;
  served_exchange_ptr served_;
  const std::string key_;
  request_carrier_ptr carrier_;

  // What was not sent yet, or may have to be sent again.
  std::vector<slice> kept_;
  size_t kept_bytes_ = 0;
  bool complete_ = true; // kept_ is the whole body so far
  bool ended_ = false;
  bool again_ = false; // it was sent a second time
  header_list trailers_;
  size_t written_ = 0; // told to the exchange as consumed
  size_t skip_ = 0;    // bytes of a second sending that were told before
};

} // namespace aps
