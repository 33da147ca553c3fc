#include "transports/tunnel/grpc/grpc_link.hpp"

#include "transports/tunnel/grpc/grpc_bytes.hpp"
#include "transports/tunnel/link_errors.hpp"

#include <grpc/grpc.h>

#include <climits>

namespace aps {

// Window probes are off because their pings count as a flood and follow the
// load late; instead each stream may have `lookahead` bytes on the way. The
// windows of the exchanges bound the rest. Our own pings tell a dead peer.
const std::vector<std::pair<const char*, int>>& tunnel_arguments() {
  constexpr int lookahead = 4 * 1024 * 1024;
  static const std::vector<std::pair<const char*, int>> result{
    {GRPC_ARG_HTTP2_BDP_PROBE, 0},
    {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, lookahead},
    {GRPC_ARG_KEEPALIVE_TIME_MS, INT_MAX},
    {GRPC_ARG_ENABLE_HTTP_PROXY, 0},
  };
  return result;
}

void grpc_link::on_message(const codec_fault& fault, frame_batch frames,
                           size_t bytes) {
  if (fault == codec_error::none)
    return received(std::move(frames), bytes);
  if (!alive())
    return;
  ended(link_error_of(fault), render(fault));
  if (call_)
    call_->finish(close_reason::protocol, render(fault));
}

void grpc_link::on_written(bool ok) {
  if (ok)
    wrote();
}

void grpc_link::on_read_end() {
  peer_closed();
}

void grpc_link::on_lost(link_error why, std::string detail) {
  ended(why, std::move(detail));
}

void grpc_link::on_done(link_error why, std::string detail) {
  call_ = nullptr;
  ended(why, std::move(detail));
}

void grpc_link::do_start() {
  if (call_)
    call_->read();
}

void grpc_link::do_write(const frame_batch& frames) {
  if (!call_)
    return;
  auto message = to_byte_buffer(encoder_.encode(frames));
  encoder_.clear();
  count_out(encoder_.size());
  call_->write(std::move(message));
}

void grpc_link::do_close(close_reason why, const std::string& detail) {
  if (call_)
    call_->finish(why, detail);
}

void grpc_link::do_abort() {
  if (call_)
    call_->cancel();
}

void grpc_link::on_welcome() {
  if (call_)
    call_->authenticated();
}

} // namespace aps
