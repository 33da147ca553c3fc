#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <utility>

namespace aps {

/// A step at the beginning of a connection, before it is known who serves it:
/// has the stream until it hands it on, lives in its handlers, and a deadline
/// ends it. Thread: the unit's.
template <class Step>
class opening_step : public watched, public std::enable_shared_from_this<Step> {
 public:
  /// Outstanding operations fail.
  void close() {
    if (stream_)
      stream_->close();
  }

  void on_tick(time_point now) final {
    if (now >= deadline_ && is_open())
      on_late();
  }

  void on_exception(const std::string&) final { close(); }

  io_unit& unit() const noexcept { return unit_; }

 protected:
  opening_step(io_unit& unit, stream_ptr stream, duration timeout)
      : unit_(unit), stream_(std::move(stream)),
        deadline_(unit.now() + timeout) {}

  /// From now on the deadline counts.
  void watch_time() { unit_.watch(this->weak_from_this()); }

  /// The same, and what is sent goes out at once.
  void begin() {
    boost::system::error_code ignored;
    stream_->socket().set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    watch_time();
  }

  /// Neither handed on nor closed.
  bool is_open() const { return stream_ && stream_->socket().is_open(); }

  /// The deadline passed; closes, and tells whoever wants to know.
  virtual void on_late() = 0;

  io_unit& unit_;
  stream_ptr stream_; ///< until it was handed on

 private:
  const time_point deadline_;
};

} // namespace aps
