#pragma once

#include "transports/tunnel/grpc/grpc_bytes.hpp"
#include "transports/tunnel/grpc/grpc_link.hpp"

#include <boost/asio/post.hpp>
#include <grpcpp/support/status.h>

#include <atomic>

namespace aps {

/// What the reactors of both sides have in common. gRPC's reactions come on
/// its own threads; each becomes one post to the link's unit, where all
/// decisions are made. So nothing here needs a lock.
///
/// A read is either outstanding or being handled from the first `read` on
/// until the stream ends; the next one starts after the post, so messages
/// keep their order. When the unit falls behind by `max_backlog` bytes, it
/// starts the next read itself.
template <class Reactor>
class basic_grpc_call : public Reactor, public grpc_call {
 public:
  /// Bytes of messages that may wait for the unit.
  static constexpr size_t max_backlog = 1024 * 1024;

  /// `lease` is held as long as the call lives, see grpc_lease.
  basic_grpc_call(io_unit& unit, std::shared_ptr<void> lease)
      : unit_(unit), lease_(std::move(lease)) {}

  void read() override {
    if (over_)
      return;
    reading_ = true;
    this->StartRead(&in_);
  }

  void write(grpc::ByteBuffer message) override {
    if (over_)
      return;
    writing_ = true;
    out_.Swap(&message);
    this->StartWrite(&out_);
  }

  void OnReadDone(bool ok) override {
    if (!ok)
      return post([this] { on_read_end(); });
    const auto size = in_.Length();
    frame_batch frames;
    const auto fault = decode_in(frames);
    in_.Clear();
    const bool later = backlog_.fetch_add(size) + size > max_backlog
                       || fault != codec_error::none;
    post([this, size, fault, later, frames = std::move(frames)]() mutable {
      backlog_.fetch_sub(size);
      link_->on_message(fault, std::move(frames), size);
      if (later)
        read();
    });
    if (!later)
      this->StartRead(&in_);
  }

  void OnWriteDone(bool ok) override {
    post([this, ok] {
      writing_ = false;
      out_.Clear();
      after_write(ok);
    });
  }

 protected:
  ~basic_grpc_call() = default;

  /// The stream ended; on the unit's thread.
  virtual void on_read_end() = 0;

  /// A write is complete; on the unit's thread.
  virtual void after_write(bool ok) { link_->on_written(ok); }

  /// A call lives until gRPC is done with it, so an exception ends its link
  /// and not the call itself.
  template <class Work>
  void post(Work work) {
    boost::asio::post(unit_.context(),
                      [this, unit = &unit_, work = std::move(work)]() mutable {
                        const auto link = link_;
                        try {
                          work();
                        } catch (...) {
                          const auto text = unit->on_exception();
                          if (link)
                            link->on_exception(text);
                          else
                            cancel();
                        }
                      });
  }

  io_unit& unit_;
  std::shared_ptr<grpc_link> link_;

  // The unit's own; no operation may be started any more once `over_` is set.
  bool over_ = false;
  bool reading_ = false;
  bool writing_ = false;

 private:
  /// On gRPC's thread, which takes no exceptions.
  codec_fault decode_in(frame_batch& frames) noexcept {
    try {
      return decode(in_, frames);
    } catch (...) {
      unit_.on_exception();
      return codec_fault{codec_error::malformed};
    }
  }

  std::shared_ptr<void> lease_;
  std::atomic<size_t> backlog_{0};
  grpc::ByteBuffer in_;
  grpc::ByteBuffer out_;
};

} // namespace aps
