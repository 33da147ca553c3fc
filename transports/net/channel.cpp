#include "transports/net/channel.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/post.hpp>

#include <cassert>

namespace aps {

channel::channel(io_unit& unit, stream_ptr stream)
    : unit_(unit), stream_(std::move(stream)) {}

void channel::read_some(size_t limit) {
  if (reading_ || over_)
    return;
  reading_ = true;
  limit_ = limit;
  read_now();
}

void channel::read_now() {
  idle_looks_ = 0;
  stream_->async_read_some(
    input_.prepare(limit_),
    guard(unit_, shared_from_this(),
          [](const auto& self, const error_code& error, size_t bytes) {
            // Should it be over, waiting tells so, too.
            if (error && self->resting_ && !self->over_)
              return self->wait_for_bytes();
            self->reading_ = self->resting_ = false;
            if (self->over_)
              return;
            if (!error)
              self->input_.commit(bytes);
            self->on_read(error, bytes);
          }));
}

// Only the read is under way: what is cancelled with it is nothing.
void channel::rest_when_idle() {
  if (!reading_ || resting_ || over_ || ++idle_looks_ < idle_looks)
    return;
  idle_looks_ = 0;
  if (!input_.empty() || output_.in_flight())
    return;
  resting_ = true;
  boost::system::error_code ignored;
  stream_->socket().cancel(ignored);
}

void channel::wait_for_bytes() {
  input_.release();
  stream_->socket().async_wait(
    tcp_socket::wait_read, guard(unit_, shared_from_this(),
                                 [](const auto& self, const error_code& error) {
                                   self->resting_ = false;
                                   if (!error && !self->over_)
                                     return self->read_now();
                                   self->reading_ = false;
                                   if (!self->over_)
                                     self->on_read(error, 0);
                                 }));
}

stream_ptr channel::release() {
  assert(!over_ && !reading_ && !output_.in_flight());
  over_ = true;
  return std::move(stream_);
}

void channel::flush_soon() {
  if (flush_posted_ || output_.in_flight())
    return;
  flush_posted_ = true;
  boost::asio::post(unit_.context(),
                    guard(unit_, shared_from_this(), [](const auto& self) {
                      self->flush_posted_ = false;
                      self->flush();
                    }));
}

void channel::flush() {
  if (over_ || output_.in_flight())
    return;
  if (output_.empty())
    return on_flushed();
  stream_->async_write(
    output_, guard(unit_, shared_from_this(),
                   [](const auto& self, const error_code& error, size_t) {
                     const auto payload = self->output_.finish();
                     if (!self->over_)
                       self->on_written(error, payload);
                   }));
}

void channel::process() {
  if (processing_)
    return;
  processing_ = true;
  while (step())
    ;
  processing_ = false;
  on_steps_done();
}

} // namespace aps
