#include "transports/net/admission/address_rate.hpp"

namespace aps {

namespace {

constexpr std::chrono::milliseconds sweep_pause{100};

} // namespace

token_bucket& address_rate::bucket_of(const std::string& address,
                                      time_point now) {
  if (const auto i = all_.find(address); i != all_.end())
    return i->second;
  if (all_.size() >= most_addresses && now - swept_ >= sweep_pause) {
    swept_ = now;
    std::erase_if(all_, [this, now](const auto& item) {
      return item.second.used_at(now, per_second_) == 0;
    });
  }
  return all_[all_.size() < most_addresses ? address : std::string{}];
}

bool address_rate::admit(const std::string& address, time_point now) {
  return bucket_of(address, now).take(1, now, burst_, per_second_);
}

void address_rate::give_back(const std::string& address) {
  auto i = all_.find(address);
  if (i == all_.end())
    i = all_.find({});
  if (i != all_.end())
    i->second.give(1);
}

} // namespace aps
