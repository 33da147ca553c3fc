#pragma once

#include "transports/net/first_bytes.hpp"
#include "transports/net/opening_step.hpp"

#include <functional>
#include <string>

namespace aps {

/// Reads the first bytes of a connection and says what it speaks; one that says
/// nothing is dropped at the deadline.
class sniffer final : public opening_step<sniffer> {
 public:
  /// Gets the stream and the bytes that were read from it.
  using handler = std::function<void(stream_ptr stream, std::string bytes,
                                     first_bytes protocol)>;

  sniffer(io_unit& unit, stream_ptr stream, duration timeout, handler done);

  void start();

 private:
  static constexpr size_t read_bytes = 8 * 1024;

  void read();
  void on_read(size_t size);
  void on_late() override { close(); }

  handler done_;
  std::string bytes_;
};

} // namespace aps
