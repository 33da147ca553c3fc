#include "transports/origin/origin_client.hpp"

#include "transports/origin/origin_request.hpp"
#include "transports/origin/streams/datagram_origin.hpp"
#include "transports/origin/streams/stream_origin.hpp"

#include <mutex>
#include <vector>

namespace aps {

namespace {

class http_origin_client final : public origin_client {
 public:
  explicit http_origin_client(const origin_options& options)
      : settings_(std::make_shared<const origin_settings>(options)) {}

  ~http_origin_client() override {
    for (auto& pool : pools_)
      if (pool)
        pool->unit().post([pool] { pool->shut_down(); });
  }

  served_exchange_ptr serve(executor& unit, exchange_id id,
                            request_head_ptr head,
                            uint32_t response_window) override {
    auto served = std::make_shared<served_exchange>(unit, id, std::move(head),
                                                    response_window);
    if (served->head()->scheme == "udp") {
      const auto datagrams
        = std::make_shared<datagram_origin>(pool_of(as_io_unit(unit)), served);
      served->set_origin(datagrams);
      datagrams->start();
      return served;
    }
    if (served->head()->kind() == exchange_kind::stream) {
      const auto stream
        = std::make_shared<stream_origin>(pool_of(as_io_unit(unit)), served);
      served->set_origin(stream);
      stream->start();
      return served;
    }
    auto request = std::make_shared<origin_request>(pool_of(as_io_unit(unit)),
                                                    served);
    served->set_origin(request);
    request->start();
    return served;
  }

  void add_tls(const std::map<uint32_t, origin_tls>& more) override {
    settings_->add_tls(more);
  }

 private:
  // A pool is used by its unit alone; only the table of pools is shared.
  std::shared_ptr<origin_pool> pool_of(io_unit& unit) {
    const std::lock_guard guard{mutex_};
    if (unit.index() >= pools_.size())
      pools_.resize(unit.index() + 1);
    auto& pool = pools_[unit.index()];
    if (!pool) {
      pool = std::make_shared<origin_pool>(unit, settings_);
      unit.watch(pool);
    }
    return pool;
  }

  const origin_settings_ptr settings_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<origin_pool>> pools_;
};

} // namespace

std::shared_ptr<origin_client>
make_origin_client(const origin_options& options) {
  return std::make_shared<http_origin_client>(options);
}

} // namespace aps
