#include "transports/http2/h2_session.hpp"

#include "transports/http2/h2_fields.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>

namespace aps {

namespace {

/// So much is made for one write; the rest follows when it is over.
constexpr size_t max_produced = 1024 * 1024;

/// So much is looked at at once until it is known who speaks.
constexpr size_t early_piece = 4096;

/// Every peer takes frames of this size, and sends none larger unless told so
/// (RFC 9113, 6.5.2).
constexpr size_t least_frame = 16384;

/// A header block of ours may be longer than the fields of any head that the
/// tunnel carries; nghttp2's own limit is less than most of them.
constexpr size_t max_sent_block = 4 * max_head_bytes;

// Codes by which streams that broke the rules are reset, or asked to.
bool is_fault(uint32_t code) noexcept {
  switch (code) {
    case NGHTTP2_PROTOCOL_ERROR:
    case NGHTTP2_FLOW_CONTROL_ERROR:
    case NGHTTP2_STREAM_CLOSED:
    case NGHTTP2_FRAME_SIZE_ERROR:
    case NGHTTP2_COMPRESSION_ERROR:
    case NGHTTP2_HTTP_1_1_REQUIRED: return true;
    default: return false;
  }
}

/// Frame header and payload of a GOAWAY without a reason (RFC 9113, 6.8).
std::string go_away_frame(uint32_t last_stream, uint32_t code) {
  std::string out{"\0\0\x08\x07\0\0\0\0\0", 9};
  for (const uint32_t word : {last_stream, code})
    for (int shift = 24; shift >= 0; shift -= 8)
      out += static_cast<char>(word >> shift);
  return out;
}

struct option_deleter {
  void operator()(nghttp2_option* options) const noexcept {
    nghttp2_option_del(options);
  }
};
using option_ptr = std::unique_ptr<nghttp2_option, option_deleter>;

option_ptr make_options(const h2_profile& profile) {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0)
    throw std::bad_alloc{};
  option_ptr out{made};
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_outbound_ack(made, 64);
  nghttp2_option_set_max_settings(made, 16);
  // As many as the longest block needs; others are counted by their bytes.
  nghttp2_option_set_max_continuations(made,
                                       8 + profile.header_bytes / least_frame);
  nghttp2_option_set_max_send_header_block_length(made, max_sent_block);
  nghttp2_option_set_stream_reset_rate_limit(made, profile.resets,
                                             profile.resets_per_second);
  return out;
}

/// Moves `length` bytes from the front of `from` to `out`.
void take_slices(std::deque<slice>& from, size_t length, output_queue& out) {
  while (length > 0) {
    assert(!from.empty());
    auto& first = from.front();
    if (first.size() > length) {
      out.payload(first.sub(0, length));
      first = first.sub(length);
      return;
    }
    length -= first.size();
    out.payload(std::move(first));
    from.pop_front();
  }
}

} // namespace

struct h2_session::stream {
  int32_t id = 0;
  h2_stream_owner_ptr owner;
  header_list fields; ///< of the block that comes in
  bool head_seen = false;
  std::deque<slice> body; ///< of ours
  size_t waiting = 0;     ///< bytes in it
  header_list trailers;
  bool finished = false; ///< nothing is added to our body
  bool deferred = false; ///< nghttp2 was told that nothing is there
  bool given_up = false; ///< by us: nothing more is sent but that
  size_t unconsumed = 0; ///< bytes of the peer's body
  bool unsent = false;   ///< a request that the peer never saw
  bool reset_by_peer = false;
};

/// What nghttp2 calls. It is C: no exception may pass through it.
struct h2_session::callbacks {
  static h2_session& self(void* user) {
    return *static_cast<h2_session*>(user);
  }

  template <class Work>
  static int shielded(void* user, Work work) {
    auto& session = self(user);
    if (session.broken_)
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    try {
      return work(session);
    } catch (...) {
      session.thrown_ = std::current_exception();
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head,
                            void* user) {
    auto& session = self(user);
    auto verdict
      = session.counts_.on_frame(head->type, head->length, session.now_);
    // Who serves may give up as many as were asked of it.
    if (verdict == h2_verdict::ok && session.acceptor_
        && head->type == NGHTTP2_RST_STREAM)
      verdict = session.counts_.on_reset(session.now_);
    return session.judge(verdict)
               && session.is_in_order(head->type, head->stream_id)
             ? 0
             : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame,
                              void* user) {
    return shielded(user, [frame](h2_session& session) {
      const auto id = frame->hd.stream_id;
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        session.add(id, nullptr);
      if (auto* found = session.find(id))
        found->fields.clear();
      return 0;
    });
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame,
                       const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t,
                       void* user) {
    return shielded(user, [&](h2_session& session) {
      if (!session.judge(session.counts_.on_field(name_size, value_size)))
        return int{NGHTTP2_ERR_CALLBACK_FAILURE};
      if (auto* found = session.find(frame->hd.stream_id))
        found->fields.push_back(
          {{reinterpret_cast<const char*>(name), name_size},
           {reinterpret_cast<const char*>(value), value_size}});
      return 0;
    });
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame,
                      void* user) {
    return shielded(user, [frame](h2_session& session) {
      switch (frame->hd.type) {
        case NGHTTP2_HEADERS:
          on_block(session, frame->headers, is_last(frame));
          break;
        case NGHTTP2_DATA:
          if (is_last(frame))
            on_peer_end(session, frame->hd.stream_id);
          break;
        case NGHTTP2_RST_STREAM:
          if (auto* found = session.find(frame->hd.stream_id))
            found->reset_by_peer = true;
          break;
        case NGHTTP2_GOAWAY:
          session.go_away_code_ = frame->goaway.error_code;
          break;
        case NGHTTP2_SETTINGS:
          session.settings_came_ = true;
          session.tell_settings();
          break;
        default:
          break;
      }
      return 0;
    });
  }

  static bool is_last(const nghttp2_frame* frame) noexcept {
    return (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  }

  static void on_block(h2_session& session, const nghttp2_headers& block,
                       bool last) {
    auto* found = session.find(block.hd.stream_id);
    if (!found)
      return;
    auto fields = std::move(found->fields);
    found->fields.clear();
    if (block.cat == NGHTTP2_HCAT_REQUEST)
      return on_request(session, *found, std::move(fields), last);
    const auto owner = found->owner;
    if (!owner)
      return;
    const bool interim = value_of(fields, ":status").starts_with('1');
    if (std::exchange(found->head_seen, found->head_seen || !interim))
      owner->on_trailers(std::move(fields));
    else
      owner->on_response(std::move(fields), last);
    if (last)
      on_peer_end(session, block.hd.stream_id);
  }

  static void on_request(h2_session& session, stream& fresh,
                         header_list fields, bool last) {
    assert(session.acceptor_);
    const auto id = fresh.id;
    fresh.head_seen = true;
    auto owner = session.acceptor_->on_request(id, std::move(fields), last);
    auto* found = session.find(id);
    if (!found)
      return;
    found->owner = std::move(owner);
    if (!found->owner)
      session.reset(id, h2_code::refused_stream);
    else if (last)
      on_peer_end(session, id);
  }

  static void on_peer_end(h2_session& session, int32_t id) {
    if (const auto* found = session.find(id))
      if (const auto owner = found->owner)
        owner->on_peer_end();
  }

  static int on_data(nghttp2_session*, uint8_t, int32_t id,
                     const uint8_t* data, size_t size, void* user) {
    return shielded(user, [&](h2_session& session) {
      auto* found = session.find(id);
      const auto owner = found ? found->owner : nullptr;
      if (owner) {
        found->unconsumed += size;
      } else { // nobody wants it, but the connection goes on
        nghttp2_session_consume(session.session_, id, size);
        return 0;
      }
      owner->on_body({session.input_->owner(),
                      {reinterpret_cast<const char*>(data), size}},
                     session.retained_);
      return 0;
    });
  }

  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t code,
                             void* user) {
    return shielded(user, [&](h2_session& session) {
      const auto found = session.streams_.find(id);
      if (found == session.streams_.end())
        return 0;
      const auto ended = std::move(found->second);
      session.streams_.erase(found);
      nghttp2_session_consume_connection(session.session_, ended->unconsumed);
      if (!ended->reset_by_peer
          && nghttp2_session_get_stream_remote_close(session.session_, id) == 0)
        session.note_rest(id);
      if (ended->owner) {
        auto ending = session_ending(session, code);
        ending.unprocessed = ending.unprocessed || ended->unsent;
        ended->owner->on_over(ending);
      }
      return 0;
    });
  }

  /// A request: the peer takes no more of them, which we heard too late. Other
  /// heads and trailers: they are larger than can be, and the stream is no use
  /// without them.
  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame,
                               int, void* user) {
    auto* found = self(user).find(frame->hd.stream_id);
    if (frame->hd.type != NGHTTP2_HEADERS || !found)
      return 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      found->unsent = true;
    else
      self(user).reset(found->id, h2_code::internal_error);
    return 0;
  }

  static h2_ending session_ending(const h2_session& session, uint32_t code) {
    if (code == h2_code::no_error)
      return {};
    const bool unprocessed = code == h2_code::refused_stream;
    // A stream above the last one that a GOAWAY names is told as refused.
    if (code == h2_code::refused_stream
        && session.go_away_code_ != h2_code::no_error)
      code = session.go_away_code_;
    return {.how = h2_ending::kind::reset,
            .code = code,
            .detail = std::string{"the stream was reset: "}
                      + nghttp2_http2_strerror(code),
            .unprocessed = unprocessed};
  }

  /// nghttp2 resets the stream, or ends the connection and says why.
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame,
                              int, void* user) {
    return shielded(user, [frame](h2_session& session) {
      if (!session.acceptor_ || frame->hd.type != NGHTTP2_HEADERS
          || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
      const auto id = frame->hd.stream_id; // 0 is none
      if (id > 0 && !is_last(frame) && !session.find(id))
        session.note_rest(id);
      if (!session.judge(session.counts_.on_bad_request()))
        return int{NGHTTP2_ERR_CALLBACK_FAILURE};
      session.acceptor_->on_bad_request();
      return 0;
    });
  }

  static int on_frame_sent(nghttp2_session* session,
                           const nghttp2_frame* frame, void* user) {
    return shielded(user, [&](h2_session& all) {
      if (frame->hd.type == NGHTTP2_GOAWAY)
        on_farewell(all, frame->goaway);
      if (frame->hd.type == NGHTTP2_RST_STREAM
          && is_fault(frame->rst_stream.error_code)
          && !all.judge(all.counts_.on_fault(all.now_)))
        return int{NGHTTP2_ERR_CALLBACK_FAILURE};
      // An answer is complete although its request is not: nobody waits for
      // the rest of that (RFC 9113, 8.1).
      const auto id = frame->hd.stream_id;
      if (all.acceptor_ && !all.takes_rests_ && is_last(frame)
          && (frame->hd.type == NGHTTP2_DATA
              || frame->hd.type == NGHTTP2_HEADERS)
          && nghttp2_session_get_stream_remote_close(session, id) == 0)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
                                  h2_code::no_error);
      return 0;
    });
  }

  /// nghttp2 tells the peer what is wrong with it; so we hear, too.
  static void on_farewell(h2_session& session, const nghttp2_goaway& frame) {
    if (frame.error_code == h2_code::no_error || session.terminated_
        || !session.fault_.empty())
      return;
    session.fault_ = "the peer broke HTTP/2: ";
    session.fault_ += nghttp2_http2_strerror(frame.error_code);
    if (frame.opaque_data_len > 0)
      session.fault_.append(", ").append(
        reinterpret_cast<const char*>(frame.opaque_data),
        frame.opaque_data_len);
  }

  /// nghttp2 keeps a buffer for the longest that was ever said here, although
  /// it copies no body: no more than there is.
  static ssize_t data_length(nghttp2_session*, uint8_t, int32_t id,
                             int32_t connection_window, int32_t stream_window,
                             uint32_t max_frame, void* user) {
    const auto& session = self(user);
    const auto most = std::min(max_frame, session.max_frame_);
    const auto there = std::max<size_t>(session.waiting(id), 1);
    return std::min({connection_window, stream_window,
                     static_cast<int32_t>(std::min<size_t>(most, there))});
  }

  static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t*,
                           size_t length, uint32_t* flags,
                           nghttp2_data_source* source, void* user) {
    if (self(user).broken_) // the stream may be no more
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    auto& from = *static_cast<stream*>(source->ptr);
    if (from.given_up || (from.waiting == 0 && !from.finished)) {
      from.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    const auto size = std::min(length, from.waiting);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size < from.waiting || !from.finished)
      return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (from.trailers.empty())
      return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto failed = shielded(user, [&](h2_session&) {
      const auto fields = to_nghttp2(from.trailers);
      return nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    });
    return failed != 0 ? ssize_t{NGHTTP2_ERR_CALLBACK_FAILURE}
                       : static_cast<ssize_t>(size);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head,
                       size_t length, nghttp2_data_source* source,
                       void* user) {
    constexpr size_t frame_head = 9;
    if (self(user).broken_) // the stream may be no more
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (static_cast<stream*>(source->ptr)->given_up)
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; // it waited for its turn
    if (self(user).output_->size() > max_produced)
      return NGHTTP2_ERR_WOULDBLOCK;
    return shielded(user, [&](h2_session& session) {
      auto& from = *static_cast<stream*>(source->ptr);
      session.output_->text().append(reinterpret_cast<const char*>(head),
                                     frame_head);
      take_slices(from.body, length, *session.output_);
      from.waiting -= length;
      session.counts_.on_data_sent();
      auto& portions = session.produced_;
      if (!portions.empty() && portions.back().stream == from.id)
        portions.back().bytes += length;
      else if (length > 0)
        portions.push_back({from.id, length});
      return 0;
    });
  }

  /// Of the process, never freed.
  static const nghttp2_session_callbacks* table() {
    static const auto* const made = [] {
      nghttp2_session_callbacks* out = nullptr;
      if (nghttp2_session_callbacks_new(&out) != 0)
        throw std::bad_alloc{};
      nghttp2_session_callbacks_set_on_begin_frame_callback(out,
                                                            on_begin_frame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(
        out, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(out, on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(out, on_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(out, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(out,
                                                             on_stream_close);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        out, on_invalid_frame);
      nghttp2_session_callbacks_set_on_frame_send_callback(out, on_frame_sent);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(
        out, on_frame_not_sent);
      nghttp2_session_callbacks_set_data_source_read_length_callback(
        out, data_length);
      nghttp2_session_callbacks_set_send_data_callback(out, send_data);
      return out;
    }();
    return made;
  }
};

h2_session::h2_session(const h2_settings& settings, h2_acceptor& acceptor)
    : h2_session(settings, &acceptor) {}

h2_session::h2_session(const h2_settings& settings)
    : h2_session(settings, nullptr) {}

h2_session::h2_session(const h2_settings& settings, h2_acceptor* acceptor)
    : acceptor_(acceptor), counts_(settings.profile),
      max_frame_(settings.max_frame) {
  const auto options = make_options(settings.profile);
  const auto make = acceptor ? nghttp2_session_server_new2
                             : nghttp2_session_client_new2;
  if (make(&session_, callbacks::table(), this, options.get()) != 0)
    throw std::bad_alloc{};
  begin(settings);
}

void h2_session::begin(const h2_settings& settings) {
  std::vector<nghttp2_settings_entry> entries{
    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
    {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, settings.max_frame},
    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.profile.header_bytes}};
  if (acceptor_)
    entries.push_back(
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.profile.streams});
  else
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  if (settings.connect_protocol)
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(),
                          entries.size());
  nghttp2_session_set_local_window_size(
    session_, NGHTTP2_FLAG_NONE, 0,
    static_cast<int32_t>(settings.connection_window));
}

h2_session::~h2_session() {
  nghttp2_session_del(session_);
}

// -- bytes -------------------------------------------------------------------

bool h2_session::receive(const slice& bytes, size_t retained, time_point now) {
  assert(!input_);
  if (broken_)
    return false;
  now_ = now;
  input_ = &bytes;
  retained_ = retained;
  ssize_t taken = 0;
  for (auto rest = bytes.view(); !rest.empty() && taken >= 0;) {
    // In pieces until it is known who speaks, so that what comes right behind
    // the first head is judged by what that says.
    const auto piece
      = rest.substr(0, counts_.is_admitted() ? rest.npos : early_piece);
    rest.remove_prefix(piece.size());
    taken = judge(counts_.on_bytes(piece.size()))
              ? nghttp2_session_mem_recv(
                session_, reinterpret_cast<const uint8_t*>(piece.data()),
                piece.size())
              : ssize_t{NGHTTP2_ERR_CALLBACK_FAILURE};
  }
  input_ = nullptr;
  rethrow();
  if (taken >= 0)
    return true;
  broken_ = true;
  if (fault_.empty())
    fault_ = nghttp2_strerror(static_cast<int>(taken));
  if (farewell_.empty())
    farewell_ = go_away_frame(0, h2_code::protocol_error);
  return false;
}

bool h2_session::produce(output_queue& out) {
  out.text().append(std::exchange(farewell_, {}));
  if (broken_)
    return true;
  output_ = &out;
  ssize_t size = 0;
  do {
    const uint8_t* bytes = nullptr;
    size = nghttp2_session_mem_send(session_, &bytes);
    if (size > 0)
      out.text().append(reinterpret_cast<const char*>(bytes),
                        static_cast<size_t>(size));
  } while (size > 0 && out.size() <= max_produced);
  output_ = nullptr;
  rethrow();
  if (size >= 0)
    return true;
  broken_ = true;
  out.text().append(std::exchange(farewell_, {}));
  if (fault_.empty())
    fault_ = nghttp2_strerror(static_cast<int>(size));
  return false;
}

void h2_session::sent() {
  std::swap(flying_, produced_);
  for (const auto& portion : flying_)
    if (const auto* found = find(portion.stream))
      if (const auto owner = found->owner)
        owner->on_sent(portion.bytes);
  flying_.clear();
}

bool h2_session::is_done() const noexcept {
  return broken_
         || (nghttp2_session_want_read(session_) == 0
             && nghttp2_session_want_write(session_) == 0);
}

size_t h2_session::waiting_frames() const noexcept {
  return nghttp2_session_get_outbound_queue_size(session_);
}

bool h2_session::judge(h2_verdict verdict) {
  if (verdict == h2_verdict::ok)
    return true;
  broken_ = true;
  fault_ = render(verdict);
  farewell_ = go_away_frame(0, h2_code::enhance_your_calm);
  return false;
}

// After our GOAWAY new streams are ignored, and so is what belongs to them.
bool h2_session::is_in_order(uint8_t type, int32_t id) {
  const bool opens = acceptor_ && !leaving_ && type == NGHTTP2_HEADERS
                     && id % 2 == 1; // nghttp2 objects to others
  if (!opens || order_.admit(id, find(id) != nullptr))
    return true;
  broken_ = true;
  fault_ = "the peer broke HTTP/2: HEADERS of a stream that is over";
  farewell_ = go_away_frame(static_cast<uint32_t>(order_.highest()),
                            h2_code::protocol_error);
  return false;
}

void h2_session::note_rest(int32_t id) {
  order_.on_rest(id);
  const auto window
    = nghttp2_session_get_stream_effective_local_window_size(session_, id);
  counts_.on_rest(
    static_cast<uint32_t>(window > 0 ? window : int32_t{1} << 16));
}

void h2_session::rethrow() {
  if (!thrown_)
    return;
  broken_ = true;
  std::rethrow_exception(std::exchange(thrown_, nullptr));
}

// -- streams -----------------------------------------------------------------

h2_session::stream* h2_session::find(int32_t id) const noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

h2_session::stream& h2_session::add(int32_t id, h2_stream_owner_ptr owner) {
  auto fresh = std::make_unique<stream>();
  fresh->id = id;
  fresh->owner = std::move(owner);
  return *(streams_[id] = std::move(fresh));
}

int32_t h2_session::open(const header_list& head, bool last,
                         h2_stream_owner_ptr owner) {
  assert(!acceptor_);
  if (broken_ || nghttp2_session_check_request_allowed(session_) == 0)
    return 0;
  const auto id = static_cast<int32_t>(
    nghttp2_session_get_next_stream_id(session_));
  auto& fresh = add(id, std::move(owner));
  fresh.finished = last;
  nghttp2_data_provider body{};
  body.source.ptr = &fresh;
  body.read_callback = callbacks::read_body;
  const auto fields = to_nghttp2(head);
  const auto got
    = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                             last ? nullptr : &body, nullptr);
  if (got == id)
    return id;
  streams_.erase(id);
  return 0;
}

bool h2_session::has_room() const noexcept {
  return !broken_ && nghttp2_session_check_request_allowed(session_) != 0
         && streams_.size() < nghttp2_session_get_remote_settings(
              session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void h2_session::ping() {
  if (!broken_)
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void h2_session::respond(int32_t id, const header_list& head, bool last) {
  auto* found = find(id);
  if (!found || found->given_up || broken_)
    return;
  nghttp2_data_provider body{};
  body.source.ptr = found;
  body.read_callback = callbacks::read_body;
  const auto fields = to_nghttp2(head);
  need(id, nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                                   last ? nullptr : &body));
}

void h2_session::interim(int32_t id, const header_list& head) {
  const auto* found = find(id);
  if (!found || found->given_up || broken_)
    return;
  const auto fields = to_nghttp2(head);
  need(id, nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr,
                                  fields.data(), fields.size(), nullptr));
}

// What cannot be said ends the stream; nobody may wait for it.
void h2_session::need(int32_t id, int result) {
  if (result != 0)
    reset(id, h2_code::internal_error);
}

void h2_session::widen(int32_t id, uint32_t window) {
  if (!broken_)
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, id,
                                          static_cast<int32_t>(window));
}

void h2_session::write(int32_t id, slice bytes) {
  auto* found = find(id);
  if (!found || found->given_up || bytes.empty())
    return;
  assert(!found->finished);
  found->waiting += bytes.size();
  found->body.push_back(std::move(bytes));
  resume(*found);
}

void h2_session::finish(int32_t id, header_list trailers) {
  auto* found = find(id);
  if (!found || found->finished)
    return;
  found->finished = true;
  found->trailers = std::move(trailers);
  resume(*found);
}

void h2_session::resume(stream& of) {
  if (std::exchange(of.deferred, false))
    nghttp2_session_resume_data(session_, of.id);
}

void h2_session::reset(int32_t id, uint32_t code) {
  auto* found = find(id);
  if (!found || broken_ || std::exchange(found->given_up, true))
    return;
  // It may take a while until the peer hears of it, and longer than it lives.
  found->body.clear();
  found->waiting = 0;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
}

bool h2_session::has_credit(int32_t id) const noexcept {
  return !broken_ && nghttp2_session_get_local_window_size(session_) > 0
         && nghttp2_session_get_stream_local_window_size(session_, id) > 0;
}

void h2_session::consume(int32_t id, size_t bytes) {
  auto* found = find(id);
  if (!found || broken_)
    return;
  assert(bytes <= found->unconsumed);
  found->unconsumed -= bytes;
  nghttp2_session_consume(session_, id, bytes);
}

size_t h2_session::waiting(int32_t id) const {
  const auto* found = find(id);
  return found ? found->waiting : 0;
}

// -- the connection's end ----------------------------------------------------

void h2_session::go_away() {
  if (broken_)
    return;
  leaving_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        h2_code::no_error, nullptr, 0);
}

std::optional<bool> h2_session::takes_sockets() const noexcept {
  if (!settings_came_ || broken_)
    return std::nullopt;
  return nghttp2_session_get_remote_settings(
           session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL)
         == 1;
}

bool h2_session::await_settings(std::function<void()> told) {
  const bool some = !settings_came_ && !broken_;
  if (some)
    await_settings_.push_back(std::move(told));
  return some;
}

void h2_session::tell_settings() {
  for (const auto& told : std::exchange(await_settings_, {}))
    told();
}

void h2_session::terminate(uint32_t code) {
  if (broken_)
    return;
  terminated_ = leaving_ = true;
  nghttp2_session_terminate_session2(session_, 0, code);
}

void h2_session::lose(const h2_ending& ending) {
  broken_ = true;
  // Owners may ask for other streams meanwhile: those are gone by then.
  const auto all = std::move(streams_);
  streams_.clear();
  for (const auto& [id, ended] : all)
    if (ended->owner)
      ended->owner->on_over(ending);
  tell_settings();
}

} // namespace aps
