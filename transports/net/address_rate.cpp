#include "transports/net/address_rate.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr std::chrono::milliseconds sweep_pause{100};

} // namespace

double address_rate::used_of(const bucket& bucket,
                             time_point now) const noexcept {
  const std::chrono::duration<double> passed = now - bucket.since;
  return std::max(0.0, bucket.used - passed.count() * per_second_);
}

address_rate::bucket& address_rate::bucket_of(const std::string& address,
                                              time_point now) {
  if (const auto i = all_.find(address); i != all_.end())
    return i->second;
  if (all_.size() >= most_addresses && now - swept_ >= sweep_pause) {
    swept_ = now;
    std::erase_if(all_, [this, now](const auto& item) {
      return used_of(item.second, now) == 0;
    });
  }
  return all_[all_.size() < most_addresses ? address : std::string{}];
}

bool address_rate::admit(const std::string& address, time_point now) {
  auto& bucket = bucket_of(address, now);
  const auto used = used_of(bucket, now);
  if (used + 1 > burst_)
    return false;
  bucket = {used + 1, now};
  return true;
}

void address_rate::give_back(const std::string& address) {
  auto i = all_.find(address);
  if (i == all_.end())
    i = all_.find({});
  if (i != all_.end())
    i->second.used = std::max(0.0, i->second.used - 1);
}

} // namespace aps
