#include "transports/origin/streams/stream_circles.hpp"

namespace aps {

namespace {

std::string key_of(std::string_view scheme, std::string_view ends) {
  return std::string{scheme}.append(" ").append(ends);
}

} // namespace

size_t stream_circles::laps_of(std::string_view scheme,
                               std::string_view ends) const {
  if (ends.empty())
    return 0;
  const auto key = key_of(scheme, ends);
  const std::lock_guard guard{mutex_};
  const auto found = laps_.find(key);
  return found == laps_.end() ? 0 : found->second + 1;
}

std::shared_ptr<const void> stream_circles::add(std::string_view scheme,
                                                std::string_view ends,
                                                size_t laps) {
  const auto key = std::make_shared<const std::string>(key_of(scheme, ends));
  {
    const std::lock_guard guard{mutex_};
    laps_[*key] = laps;
  }
  return std::shared_ptr<const void>{
    key.get(), [self = shared_from_this(), key](const void*) {
      const std::lock_guard guard{self->mutex_};
      self->laps_.erase(*key);
    }};
}

} // namespace aps
