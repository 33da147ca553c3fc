#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/first_bytes.hpp"
#include "transports/net/io_unit.hpp"

#include <functional>
#include <memory>
#include <string>

namespace aps {

/// Reads the first bytes of a connection and says what it speaks. Lives in
/// its handlers; a connection that says nothing is dropped at the deadline.
/// Thread: the unit's.
class sniffer final : public watched,
                      public std::enable_shared_from_this<sniffer> {
 public:
  /// Gets the stream and the bytes that were read from it.
  using handler = std::function<void(stream_ptr stream, std::string bytes,
                                     first_bytes protocol)>;

  sniffer(io_unit& unit, stream_ptr stream, duration timeout, handler done);

  void start();
  void close();
  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

  io_unit& unit() const noexcept { return unit_; }

 private:
  static constexpr size_t read_bytes = 8 * 1024;

  void read();
  void on_read(size_t size);

  io_unit& unit_;
  stream_ptr stream_; ///< until it was handed on
  const time_point deadline_;
  handler done_;
  std::string bytes_;
};

} // namespace aps
