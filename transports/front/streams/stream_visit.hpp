#pragma once

#include "transports/front/front_request.hpp"
#include "transports/front/http_front.hpp"
#include "transports/front/streams/connect_request.hpp"
#include "transports/net/channel.hpp"
#include "transports/net/progress_watch.hpp"

#include <memory>
#include <string>

namespace aps {

/// The visitor's end of a stream: its connection, from which bytes go to the
/// exchange and back, whatever they mean. Each direction ends for itself, an
/// abort of one side reaches the other behind the bytes that came before it.
///
/// Nothing is held without a deadline: a stream over which nothing passes is
/// cut, a visitor has to take what is written to it, and a target has to be
/// there in time.
///
/// Ownership: kept alive by its reads and writes, and by its exchange.
/// Thread: the unit's.
class stream_visit final : public visitor, public watched, public channel {
 public:
  stream_visit(io_unit& unit, stream_ptr stream, http_front_ptr context,
               place_ptr place);
  ~stream_visit() override;

  std::shared_ptr<stream_visit> shared_from_this() {
    return std::static_pointer_cast<stream_visit>(channel::shared_from_this());
  }

  /// `early` are bytes that were read before. `asked`: by CONNECT, and so it is
  /// answered.
  void start(onward_request request, std::string_view early = {},
             std::unique_ptr<const connect_answers> asked = nullptr);

  /// Ends the connection at once and cancels the exchange.
  void close();

  // -- visitor ---------------------------------------------------------------

  void on_head(const response_head_ptr& head) override;
  void on_data(slice bytes) override;
  void on_half_end() override;
  void on_end(const header_list& trailers) override;
  void on_failed(outcome outcome, const std::string& detail) override;
  void on_writable() override;
  void on_refused(outcome outcome, const header_list& fields) override;

  // -- watched ---------------------------------------------------------------

  void on_tick(time_point now) override;
  void on_exception(const std::string& text) override;

 private:
  /// Where the way to the visitor is.
  enum class output_state : uint8_t {
    waiting,  ///< for the target
    open,     ///< bytes may come
    ending,   ///< behind what waits comes the end
    ended,    ///< it was sent
    aborting, ///< behind what waits comes an abort
    parting,  ///< the refusal was sent, and all that comes is dropped
  };

  /// Where the way from the visitor is.
  enum class input_state : uint8_t {
    open,
    ending, ///< what was read is still to be passed on
    ended,
  };

  void on_read(const error_code& error, size_t bytes) override;
  void on_written(const error_code& error, size_t payload) override;
  void on_flushed() override;
  bool step() override;
  void on_steps_done() override;

  const listen_options& options() const noexcept { return context_->options(); }
  void set_deadlines(const route& via);
  void read_more();
  void refuse(outcome outcome, const std::string& detail,
              const header_list* fields);
  void finish();
  void cut(outcome why);
  bool is_taken() noexcept;
  bool takes(time_point now) noexcept;
  bool is_idle(time_point now) noexcept;
  void look_at_visitor();

  const http_front_ptr context_;
  const place_ptr place_;
  exchange_ptr exchange_;
  std::unique_ptr<const connect_answers>
    asked_;                          ///< null = nobody waits for one
  std::shared_ptr<void> last_words_; ///< ourselves, behind the exchange
  input_state incoming_ = input_state::open;
  output_state outgoing_ = output_state::waiting;
  duration idle_limit_{};
  uint64_t passed_ = 0;        ///< bytes, both ways
  uint64_t watched_bytes_ = 0; ///< of them, at the last tick
  time_point moved_at_{};      ///< when they grew last, or an end passed
  time_point begun_at_{};
  time_point leave_by_{}; ///< behind the exchange
  progress_watch taking_;
  bool unacknowledged_ = false; ///< the kernel may have unsent bytes of ours
};

} // namespace aps
