#include "transports/real_network.hpp"

#include "transports/listener.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/net/names/name_service.hpp"
#include "transports/net/tls/client_settings.hpp"
#include "transports/origin/origin_client.hpp"
#include "transports/tunnel/dial.hpp"

#include <algorithm>
#include <thread>

namespace aps {

namespace {

class real_network final : public network {
 public:
  real_network(size_t count, const std::vector<std::string>& dns) {
    if (count == 0)
      count = std::max(1u, std::thread::hardware_concurrency());
    for (size_t i = 0; i < count; ++i)
      units_.push_back(std::make_unique<io_unit>(i, exceptions_));
    if (!dns.empty())
      make_dns(*units_.front(), dns); // throws what is wrong with them
    for (auto& unit : units_) {
      unit->use_dns(dns);
      unit->start();
    }
  }

  // What the units say about the end of their links is delivered.
  ~real_network() override {
    live_->close_all();
    for (auto& unit : units_)
      unit->run_dry();
    for (auto& unit : units_)
      unit->stop();
    for (auto& unit : units_)
      unit->let_go();
  }

  size_t units() const noexcept override { return units_.size(); }

  executor& unit(size_t index) noexcept override { return *units_[index]; }

  std::unique_ptr<listener> listen(const listen_options& options,
                                   front_ptr to) override {
    return open_listener(units_, options, std::move(to));
  }

  void dial(executor& unit, const dial_options& options,
            std::function<void(dial_result)> done) override {
    dispatch(unit, [&unit, options, live = live_,
                    done = std::move(done)]() mutable {
      dial_link(as_io_unit(unit), options, std::move(live), std::move(done));
    });
  }

  std::shared_ptr<origin_client>
  origins(const origin_options& options) override {
    return make_origin_client(options);
  }

  client_tls_ptr make_tls(const client_tls_options& options) override {
    return std::make_shared<const client_settings>(options);
  }

  std::shared_ptr<exception_watch> exceptions() const noexcept override {
    return exceptions_;
  }

 private:
  const std::shared_ptr<exception_watch> exceptions_
    = std::make_shared<exception_watch>();
  std::vector<std::unique_ptr<io_unit>> units_;
  std::shared_ptr<live_set> live_ = std::make_shared<live_set>();
};

} // namespace

std::shared_ptr<network> make_network(size_t units,
                                      std::vector<std::string> dns) {
  return std::make_shared<real_network>(units, dns);
}

} // namespace aps
