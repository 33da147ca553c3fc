#pragma once

#include "transports/http2/h2_limits.hpp"
#include "transports/http2/h2_order.hpp"
#include "transports/http2/h2_stream.hpp"
#include "transports/net/output_queue.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct nghttp2_session;

namespace aps {

/// Takes the requests of a connection. On the unit's thread.
class h2_acceptor {
 public:
  virtual ~h2_acceptor() = default;

  /// A request came; its head has pseudo-header fields in front. `last`: it
  /// has no body. Null = the stream is refused.
  virtual h2_stream_owner_ptr on_request(int32_t stream, header_list head,
                                         bool last)
    = 0;

  /// A request came that is none by the rules (RFC 9113, 8.1.1); its stream is
  /// reset.
  virtual void on_bad_request() {}

  /// Several times a second.
  virtual void on_tick(time_point now) { static_cast<void>(now); }
};

/// What both sides of a connection agree on at its start.
struct h2_settings {
  h2_profile profile;
  uint32_t stream_window = 8 * 1024 * 1024;
  uint32_t connection_window = 8 * 1024 * 1024;
  bool connect_protocol = false; ///< WebSockets may come (RFC 8441)
  uint32_t max_frame = 64 * 1024; ///< of DATA, both ways
};

/// The HTTP/2 language (RFC 9113) over libnghttp2, either side: bytes in,
/// streams out. Knows no sockets. Streams are named by their number; asking
/// for one that is over does nothing. Not thread-safe. An exception of an owner
/// comes out of `receive` or `produce`, after which the session is broken.
class h2_session {
 public:
  /// A server's; `acceptor` outlives it.
  h2_session(const h2_settings& settings, h2_acceptor& acceptor);

  /// A client's.
  explicit h2_session(const h2_settings& settings);

  ~h2_session();

  h2_session(const h2_session&) = delete;
  h2_session& operator=(const h2_session&) = delete;

  // -- bytes -----------------------------------------------------------------

  /// Takes all of what was read. False when nothing more may be read: `fault`
  /// says why, and `produce` what to tell the peer.
  bool receive(const slice& bytes, size_t retained, time_point now);

  /// Appends what is to be sent. False when that failed.
  bool produce(output_queue& out);

  /// All that was produced so far is with the kernel.
  void sent();

  /// What is wrong with the peer, for humans; empty = nothing.
  const std::string& fault() const noexcept { return fault_; }

  /// Nothing more is to be read or written.
  bool is_done() const noexcept;

  /// Control frames that wait, answers of ours to the peer's among them.
  size_t waiting_frames() const noexcept;

  h2_counts& counts() noexcept { return counts_; }

  // -- streams ---------------------------------------------------------------

  /// Begins a request; `last`: without a body. 0 when there can be none.
  int32_t open(const header_list& head, bool last, h2_stream_owner_ptr owner);

  /// Whether the peer takes another request now.
  bool has_room() const noexcept;

  /// How many are not over.
  size_t streams() const noexcept { return streams_.size(); }

  /// Whether the peer takes WebSockets (RFC 8441); nothing = its settings did
  /// not come yet.
  std::optional<bool> takes_sockets() const noexcept;

  /// Calls `told` once, when they came or never will; not from within the call.
  /// False = that is so already, and nobody is called.
  bool await_settings(std::function<void()> told);

  /// Asks for a sign of life, which is a frame like others.
  void ping();

  /// Answers a request; `last`: without a body.
  void respond(int32_t stream, const header_list& head, bool last);

  /// Says something before the answer (1xx).
  void interim(int32_t stream, const header_list& head);

  /// The peer may send so much, instead of what it was told at the start;
  /// stream 0 = all together.
  void widen(int32_t stream, uint32_t window);

  /// Adds bytes to our body.
  void write(int32_t stream, slice bytes);

  /// Our body is complete, with trailers or without.
  void finish(int32_t stream, header_list trailers = {});

  /// Gives the stream up, and at once what was not sent of our body.
  void reset(int32_t stream, uint32_t code);

  /// So many bytes of the peer's body make room for others; those that nobody
  /// consumed until their stream is over do so then.
  void consume(int32_t stream, size_t bytes);

  /// Whether the peer may send more of its body now.
  bool has_credit(int32_t stream) const noexcept;

  /// A request may go on after its answer, until its owner has enough of it;
  /// otherwise the answer's end is its own (RFC 9113, 8.1).
  void take_rests() noexcept { takes_rests_ = true; }

  /// Bytes of our body that nobody took so far.
  size_t waiting(int32_t stream) const;

  // -- the connection's end --------------------------------------------------

  /// No further requests are taken; the others go on.
  void go_away();

  /// Everything ends now, and the peer learns why: it may ask for all of it
  /// elsewhere.
  void terminate(uint32_t code);

  /// The connection is gone: tells all owners. Nothing is taken or made any
  /// more.
  void lose(const h2_ending& ending);

 private:
  struct stream;
  struct callbacks;
  struct portion {
    int32_t stream;
    size_t bytes;
  };

  h2_session(const h2_settings& settings, h2_acceptor* acceptor);
  void begin(const h2_settings& settings);
  stream* find(int32_t id) const noexcept;
  stream& add(int32_t id, h2_stream_owner_ptr owner);
  void resume(stream& of);
  void need(int32_t id, int result);
  bool judge(h2_verdict verdict);
  bool is_in_order(uint8_t type, int32_t id);
  void note_rest(int32_t id);
  void tell_settings();
  void rethrow();

  h2_acceptor* const acceptor_; ///< null = a client
  h2_counts counts_;
  h2_order order_;
  const uint32_t max_frame_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<stream>> streams_;
  const slice* input_ = nullptr; ///< while bytes are taken
  size_t retained_ = 0;
  time_point now_{};
  output_queue* output_ = nullptr; ///< while bytes are made
  std::vector<portion> produced_;
  std::vector<portion> flying_;
  std::string fault_;
  std::string farewell_; ///< the last frame, when nghttp2 says no more
  uint32_t go_away_code_ = 0;
  std::exception_ptr thrown_;
  std::vector<std::function<void()>> await_settings_;
  bool takes_rests_ = false;
  bool terminated_ = false; ///< by us
  bool leaving_ = false;    ///< a GOAWAY of ours said so
  bool broken_ = false;
  bool settings_came_ = false;
};

} // namespace aps
