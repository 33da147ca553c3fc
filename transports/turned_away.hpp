#pragma once

#include "transports/front/error_response.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/io_unit.hpp"

#include <memory>
#include <string>

namespace aps {

/// Tells somebody in plain HTTP/1.1 why it cannot stay, and closes: there is no
/// place, unless told otherwise. At most a few at a time are worth that; the
/// rest are closed at once. Lives in its handlers. Thread: the unit's.
class turned_away final : public watched,
                          public std::enable_shared_from_this<turned_away> {
 public:
  turned_away(io_unit& unit, stream_ptr stream, const error_reply& reply);
  ~turned_away() override;

  /// `asked`: its request, or a part, was read already.
  /// False when nothing will be said.
  static bool start(io_unit& unit, stream_ptr stream, bool asked,
                    const error_reply& reply = {.cause = outcome::overloaded});

  void on_tick(time_point now) override;
  void on_exception(const std::string&) override { close(); }

 private:
  void read();
  void answer();
  void close();

  io_unit& unit_;
  const stream_ptr stream_;
  const time_point deadline_;
  std::string bytes_;
  const std::string answer_;
  bool answered_ = false;
};

} // namespace aps
