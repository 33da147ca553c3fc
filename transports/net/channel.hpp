#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/net/input_buffer.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/net/output_queue.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace aps {

/// The bytes of one connection, both ways: what was read lies in `input_`, what
/// is to be sent waits in `output_`; whoever derives from it says what they
/// mean. At most one read and one write are under way, and what a handler adds
/// goes out in one write behind it.
///
/// Ownership: kept alive by its reads and writes.
/// Thread: the unit's. Errors: `on_read` and `on_written` get them; what a
/// handler throws ends in `on_exception`.
class channel : public std::enable_shared_from_this<channel> {
 public:
  using error_code = boost::system::error_code;

  channel(io_unit& unit, stream_ptr stream);
  virtual ~channel() = default;

  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  io_unit& unit() noexcept { return unit_; }

  /// A handler let an exception out: lets go of the connection.
  virtual void on_exception(const std::string& text) = 0;

 protected:
  /// `bytes` were appended to `input_`, or reading failed.
  virtual void on_read(const error_code& error, size_t bytes) = 0;

  /// A write is over, with so many payload bytes in it.
  virtual void on_written(const error_code& error, size_t payload) = 0;

  /// Nothing waits to be sent.
  virtual void on_flushed() = 0;

  /// Looks at what is there; true when something was done and more may be
  /// possible.
  virtual bool step() = 0;

  /// After the steps, when no more is possible.
  virtual void on_steps_done() = 0;

  /// Reads once, `limit` bytes at most; 0 = what the buffer takes.
  void read_some(size_t limit = 0);

  /// Several times a second: one that has read nothing for a while lets go of
  /// its buffer until bytes come.
  void rest_when_idle();

  /// Sends what waits, as soon as the running handler is done or at once.
  void flush_soon();
  void flush();

  /// Handles everything in the buffer. What that calls may call it again; then
  /// the outermost call goes on. The caller keeps the channel alive.
  void process();

  /// From now on nothing is read, written or told; false = it was so before.
  bool end() noexcept { return !std::exchange(over_, true); }

  /// Ends, and gives the stream to somebody else; what was read and not used
  /// lies in `input_`. Not while a read or a write is under way.
  stream_ptr release();

  bool over() const noexcept { return over_; }
  bool reading() const noexcept { return reading_; }

  io_unit& unit_;
  stream_ptr stream_; ///< until it was released
  input_buffer input_;
  output_queue output_;

 private:
  /// How often it may be asked without a byte read until it rests.
  static constexpr uint8_t idle_looks = 10;

  void read_now();
  void wait_for_bytes();

  size_t limit_ = 0;       ///< of the read that is under way
  uint8_t idle_looks_ = 0; ///< since the last read began
  bool reading_ = false;
  bool resting_ = false; ///< reading, without a buffer
  bool processing_ = false;
  bool flush_posted_ = false;
  bool over_ = false;
};

} // namespace aps
