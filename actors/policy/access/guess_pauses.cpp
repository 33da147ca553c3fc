#include "actors/policy/access/guess_pauses.hpp"

#include "transports/seam/auth.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// As many as `login_limit` knows, so that none of them pushes another one out.
constexpr size_t user_buckets = login_limit::most_addresses;

} // namespace

std::string guess_pauses::bucket_of(std::string_view user) const {
  assert(!user.empty());
  const auto hash = keyed_mark(key_, user);
  const auto number = static_cast<unsigned char>(hash[0]) << 8
                      | static_cast<unsigned char>(hash[1]);
  return std::to_string(static_cast<size_t>(number) % user_buckets);
}

duration guess_pauses::pause(const std::string& address, std::string_view user,
                             time_point now) const {
  if (by_address_.size() + by_user_.size() == 0)
    return duration::zero();
  const auto out = by_address_.wait(address, now);
  return user.empty() ? out
                      : std::max(out, by_user_.wait(bucket_of(user), now));
}

duration guess_pauses::pause_of_login(const std::string& address,
                                      std::string_view user,
                                      std::string_view mark, time_point now) {
  const auto out = pause(address, user, now);
  return out > duration::zero() && visits_.passes(address, user, mark, now)
           ? duration::zero()
           : out;
}

void guess_pauses::on_wrong(const std::string& address, std::string_view user,
                            time_point now) {
  by_address_.on_failure(address, now);
  if (!user.empty())
    by_user_.on_failure(bucket_of(user), now);
}

} // namespace aps
