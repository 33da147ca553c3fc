#pragma once

#include "transports/net/channel.hpp"
#include "transports/net/progress_watch.hpp"
#include "transports/origin/origin_pool.hpp"
#include "transports/seam/exchange/exchange.hpp"

#include <memory>
#include <string>

namespace aps {

/// The target's end of a stream: connects, says so by a head, and hands bytes
/// on both ways, whatever they mean. Each direction ends for itself, an abort
/// of one side reaches the other. Connects once; what comes before waits. Its
/// deadlines are the node's, but for that of connecting.
///
/// Ownership: kept alive by its reads and writes, and by its exchange.
/// Thread: the unit's.
class stream_origin final : public origin,
                            public pool_user,
                            public watched,
                            public channel {
 public:
  stream_origin(std::shared_ptr<origin_pool> pool, served_exchange_ptr served);

  void start();

  // -- origin ----------------------------------------------------------------

  void on_body(slice bytes) override;
  void on_body_end(const header_list& trailers) override;
  void on_cancelled() override;
  void on_writable() override;

  // -- pool_user -------------------------------------------------------------

  void on_shut_down() override;

  // -- watched ---------------------------------------------------------------

  void on_tick(time_point now) override;
  void on_exception(const std::string& text) override;

 private:
  /// Where a direction is.
  enum class flow : uint8_t {
    open,
    ending, ///< behind what waits comes the end
    ended,
  };

  void on_read(const error_code& error, size_t bytes) override;
  void on_written(const error_code& error, size_t payload) override;
  void on_flushed() override;
  bool step() override;
  void on_steps_done() override;

  void on_connected(connect_result result);
  void note_ends();
  void drop(size_t bytes);
  void finish_if_done();
  void let_go(bool reset);
  void fail(outcome why, const std::string& detail);

  const std::shared_ptr<origin_pool> pool_;
  const std::string name_;
  served_exchange_ptr served_;
  std::shared_ptr<const void> noted_; ///< with its ends, while it lives
  size_t laps_ = 0;                   ///< that it came back
  flow to_target_ = flow::open;
  flow from_target_ = flow::open;
  progress_watch sending_;   ///< behind the target's own end
  size_t dropped_ = 0;       ///< bytes that the target did not take any more
  bool send_failed_ = false; ///< the target may have sent its last bytes before
};

} // namespace aps
