#include "transports/http2/h2_callbacks.hpp"

#include "transports/http2/h2_fields.hpp"

#include <algorithm>
#include <cassert>
#include <new>

namespace aps {

namespace {

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

/// Moves `length` bytes from the front of `from` to `out`.
void take_pieces(pieces& from, size_t length, output_queue& out) {
  while (length > 0) {
    auto piece = take_front(from, length);
    length -= piece.size();
    out.payload(std::move(piece));
  }
}

} // namespace

struct h2_session::callbacks::all {
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
        default: break;
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

  static void on_request(h2_session& session, stream& fresh, header_list fields,
                         bool last) {
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

  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data,
                     size_t size, void* user) {
    return shielded(user, [&](h2_session& session) {
      auto* found = session.find(id);
      const auto owner = found ? found->owner : nullptr;
      if (owner) {
        found->unconsumed += size;
      } else { // nobody wants it, but the connection goes on
        nghttp2_session_consume(session.session_, id, size);
        return 0;
      }
      owner->on_body(
        {session.input_->owner(), {reinterpret_cast<const char*>(data), size}},
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
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int,
                              void* user) {
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

  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame,
                           void* user) {
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

  static int send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head,
                       size_t length, nghttp2_data_source* source, void* user) {
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
      take_pieces(from.body, length, *session.output_);
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
};

ssize_t h2_session::callbacks::read_body(nghttp2_session* session, int32_t id,
                                         uint8_t*, size_t length,
                                         uint32_t* flags,
                                         nghttp2_data_source* source,
                                         void* user) {
  if (all::self(user).broken_) // the stream may be no more
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
  const auto failed = all::shielded(user, [&](h2_session&) {
    const auto fields = to_nghttp2(from.trailers);
    return nghttp2_submit_trailer(session, id, fields.data(), fields.size());
  });
  return failed != 0 ? ssize_t{NGHTTP2_ERR_CALLBACK_FAILURE}
                     : static_cast<ssize_t>(size);
}

const nghttp2_session_callbacks* h2_session::callbacks::table() {
  static const auto* const made = [] {
    nghttp2_session_callbacks* out = nullptr;
    if (nghttp2_session_callbacks_new(&out) != 0)
      throw std::bad_alloc{};
    nghttp2_session_callbacks_set_on_begin_frame_callback(out,
                                                          all::on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(
      out, all::on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(out, all::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(out, all::on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(out,
                                                              all::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(
      out, all::on_stream_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      out, all::on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(out,
                                                         all::on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(
      out, all::on_frame_not_sent);
    nghttp2_session_callbacks_set_data_source_read_length_callback(
      out, all::data_length);
    nghttp2_session_callbacks_set_send_data_callback(out, all::send_data);
    return out;
  }();
  return made;
}

} // namespace aps
