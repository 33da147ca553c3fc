#include "transports/http/origin_pace.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstddef>

namespace aps {

namespace {

/// What <linux/tcp.h> knows of tcp_info and <netinet/tcp.h> does not; the two
/// cannot be included together.
struct long_tcp_info {
  tcp_info known;
  uint64_t pacing_rate;
  uint64_t max_pacing_rate;
  uint64_t bytes_acked;
};
static_assert(offsetof(long_tcp_info, bytes_acked) == 120);

} // namespace

pace_verdict pace_watch::look(time_point now, uint64_t bytes,
                              const pace_limit& limit) noexcept {
  if (!running_ || limit.silence <= duration::zero()) {
    running_ = true;
    since_ = last_at_ = now;
    at_start_ = last_ = bytes;
    return pace_verdict::fine;
  }
  if (bytes != last_) {
    last_ = bytes;
    last_at_ = now;
  } else if (now - last_at_ >= limit.silence) {
    return pace_verdict::silent;
  }
  const auto span = now - since_;
  if (span < limit.silence)
    return pace_verdict::fine;
  const auto seconds = std::chrono::duration<double>(span).count();
  const auto owed = static_cast<double>(limit.bytes_per_second) * seconds;
  if (static_cast<double>(bytes - at_start_) < owed)
    return pace_verdict::slow;
  since_ = now;
  at_start_ = bytes;
  return pace_verdict::fine;
}

uint64_t acknowledged_bytes(int socket) noexcept {
  long_tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0
      || size < sizeof info)
    return 0;
  return info.bytes_acked;
}

} // namespace aps
