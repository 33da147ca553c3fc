#pragma once

#include "transports/http2/h2_session.hpp"
#include "transports/net/channel.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <cassert>
#include <memory>
#include <string>

namespace aps {

/// One HTTP/2 connection over a byte stream: carries the bytes of its session,
/// as few writes as possible, and stops reading when a peer that takes nothing
/// makes us answer. Whoever changed something in the session calls `pump`.
///
/// Ownership: its reads and writes, and the owners of its streams.
/// Thread: the unit's. Errors: all owners of streams hear how it ended.
class h2_connection final : public channel, public watched {
 public:
  /// A server's; the acceptor belongs to it.
  h2_connection(io_unit& unit, stream_ptr stream, const h2_settings& settings,
                std::shared_ptr<h2_acceptor> acceptor);

  /// A client's.
  h2_connection(io_unit& unit, stream_ptr stream, const h2_settings& settings);

  /// Begins, with bytes that were read already.
  void start(std::string already_read);

  std::shared_ptr<h2_connection> shared_from_this() {
    return std::static_pointer_cast<h2_connection>(
      channel::shared_from_this());
  }

  h2_session& session() noexcept { return session_; }
  const std::string& peer() const noexcept { return peer_; }
  const std::string& peer_ip() const noexcept { return peer_ip_; }

  /// Precondition: it is not over.
  int native_handle() {
    assert(!over());
    return stream_->socket().native_handle();
  }
  const byte_stream* stream() const noexcept { return stream_.get(); }
  bool is_over() const noexcept { return over(); }
  bool secure() const noexcept { return tls_ != nullptr; }

  /// A write is under way.
  bool is_writing() const noexcept { return output_.in_flight(); }

  /// Bytes that came, ever.
  uint64_t received() const noexcept { return received_; }

  /// Null = it is plain.
  const tls_facts_ptr& tls() const noexcept { return tls_; }

  /// Sends what the session has to say.
  void pump();

  /// The same behind what the running handler still adds.
  void pump_soon();

  /// Nothing is read until `resume`.
  void pause() noexcept { paused_ = true; }
  void resume();

  /// It is dropped at this time, unless another one is said until then; when
  /// it lingers, that is the last word.
  void expire_at(time_point deadline) noexcept;

  /// All is said: sends what is left, and waits a moment for the peer to close,
  /// as closing at once may destroy what is on its way.
  void linger();

  /// Ends the connection at once.
  void close();
  void close(const std::string& detail);

  void on_tick(time_point now) override;
  void on_exception(const std::string& text) override;

  /// How long the peer may take for what is said last, and to close.
  static constexpr std::chrono::seconds linger_time{2};

 private:
  enum class state : uint8_t { open, lingering, silent };

  void on_read(const error_code& error, size_t bytes) override;
  void on_written(const error_code& error, size_t payload) override;
  void on_flushed() override {}
  bool step() override { return false; }
  void on_steps_done() override {}

  void take(const slice& bytes, size_t retained);
  bool may_drop(size_t bytes);
  void read_more();
  void settle();
  void leave(state last);
  void lose(const h2_ending& ending);

  const std::string peer_;
  const std::string peer_ip_;
  const tls_facts_ptr tls_;
  const std::shared_ptr<h2_acceptor> acceptor_;
  h2_session session_;
  time_point deadline_ = time_point::max();
  uint64_t received_ = 0;
  size_t dropped_ = 0; ///< bytes that came after the end
  int small_reads_ = 0;
  bool busy_ = false;   ///< inside of the session
  bool paused_ = false; ///< by who takes the bytes
  bool pump_posted_ = false;
  state state_ = state::open;
};

using h2_connection_ptr = std::shared_ptr<h2_connection>;

} // namespace aps
