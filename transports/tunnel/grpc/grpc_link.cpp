#include "transports/tunnel/grpc/grpc_link.hpp"

#include "transports/http2/grpc_status.hpp"
#include "transports/http2/h2_fields.hpp"
#include "transports/tunnel/grpc/grpc_wire.hpp"
#include "transports/tunnel/link_base.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/wire/codec.hpp"

#include <cassert>

namespace aps {

namespace {

constexpr std::string_view grpc_content = "application/grpc";

/// A link over one gRPC stream, which has its connection for itself.
/// Ownership, threads and errors are those of link_base; stream and connection
/// hold it until the stream is over.
class grpc_link final : public link_base, public h2_stream_owner {
 public:
  grpc_link(h2_connection_ptr connection, std::string server)
      : link_base(connection->unit(), transport_kind::grpc, connection->peer(),
                  std::move(server), connection->tls()),
        connection_(std::move(connection)) {}

  /// The node's side; the call came already.
  void accept(int32_t stream, place_ptr place) {
    stream_ = stream;
    dialled_ = false;
    reader_.limit(unauthenticated_bytes);
    take(std::move(place));
    connection_->pause(); // until somebody listens
    session().respond(stream_,
                      {{":status", "200"},
                       {"content-type", std::string{grpc_content}}},
                      false);
  }

  /// The agent's side; `done` follows.
  void open(const std::string& authority, grpc_result done) {
    done_ = std::move(done);
    session().counts().admit();
    stream_
      = session().open({{":method", "POST"},
                        {":scheme", connection_->secure() ? "https" : "http"},
                        {":authority", authority},
                        {":path", std::string{connect_method}},
                        {"te", "trailers"},
                        {"content-type", std::string{grpc_content}},
                        {"user-agent", "aps"}},
                       false, self<grpc_link>());
    connection_->start({});
  }

  // -- h2_stream_owner -------------------------------------------------------

  void on_response(header_list fields, bool) override {
    note_status(fields);
    if (!done_)
      return;
    http_status_ = value_of(fields, ":status");
    const bool is_grpc
      = value_of(fields, "content-type").starts_with(grpc_content);
    if (http_status_.starts_with('1'))
      return;
    if (http_status_ != "200" || (!is_grpc && !status_))
      return give_up(link_error::refused,
                     http_status_ == "200"
                       ? "the peer's answer is not gRPC"
                       : "the peer answered with status " + http_status_);
    if (status_)
      return; // it ends at once, and says why
    connection_->pause(); // until somebody listens
    answer(shared_from_this(), link_error::none, {});
  }

  void on_body(const slice& bytes, size_t retained) override {
    session().consume(stream_, bytes.size());
    if (!started_)
      early_ += bytes.view();
    else
      take(bytes, retained);
  }

  void on_trailers(header_list fields) override { note_status(fields); }

  // An agent that closes has no status to send; a node's comes with its end.
  void on_peer_end() override {
    peer_ended_ = true;
    if (!dialled_ && started_)
      peer_closed();
  }

  void on_sent(size_t bytes) override {
    assert(bytes <= writing_);
    writing_ -= bytes;
    if (writing_ == 0 && alive())
      wrote();
  }

  // What came before the end is heard before it.
  void on_over(const h2_ending& ending) override {
    stream_ = 0;
    if (started_ || done_)
      finish(ending);
    else
      early_ending_ = ending;
    connection_->linger();
  }

 private:
  void finish(const h2_ending& ending) {
    const auto [why, detail] = explain(ending);
    ended(why, detail);
    answer(nullptr, why == link_error::none ? link_error::refused : why,
           detail);
  }

  // -- link_base -------------------------------------------------------------

  void do_start() override {
    started_ = true;
    const auto early = slice::adopt(std::move(early_));
    early_.clear();
    if (!early.empty())
      take(early, early.size());
    if (early_ending_)
      return finish(*early_ending_);
    if (peer_ended_ && !dialled_)
      peer_closed();
    connection_->resume();
  }

  void do_write(const frame_batch& frames) override {
    const auto& parts = encoder_.encode(frames);
    writing_ = grpc_prefix_bytes + encoder_.size();
    session().write(stream_, prefix_of(encoder_.size()));
    for (const auto& part : parts)
      session().write(stream_, part);
    encoder_.clear();
    count_out(encoder_.size());
    connection_->pump();
  }

  void do_close(close_reason why, const std::string& detail) override {
    const bool given_up
      = why == close_reason::protocol || why == close_reason::stalled;
    if (!dialled_)
      session().finish(stream_, trailers_of(why, detail));
    else if (given_up)
      session().reset(stream_, h2_code::cancel);
    else
      session().finish(stream_);
    connection_->pump();
  }

  void do_abort() override { connection_->close(); }

  void on_welcome() override {
    session().counts().admit();
    reader_.limit(max_grpc_message);
    if (place_)
      place_->set(standing::agent);
  }

  // -- messages --------------------------------------------------------------

  void take(slice bytes, size_t retained) {
    std::optional<grpc_reader::message> message;
    for (;;) {
      const auto fault = reader_.read(bytes, retained, message);
      if (fault != grpc_reader::fault::none)
        return break_off(fault == grpc_reader::fault::too_large
                           ? link_error::too_large
                           : link_error::protocol,
                         fault == grpc_reader::fault::too_large
                           ? "a message is larger than allowed"
                           : "the peer sent a compressed message");
      if (!message || !alive())
        return;
      take_message(*message);
    }
  }

  void take_message(const grpc_reader::message& message) {
    const auto size = message.bytes.size();
    const bool lend = size < min_shared_message;
    frame_batch frames;
    const auto fault
      = decode({lend ? nullptr : message.bytes.owner(), message.bytes.view()},
               message.retained, frames);
    if (fault != codec_error::none)
      return break_off(link_error_of(fault), render(fault));
    received(std::move(frames), size);
  }

  /// A small block of our own, used again once nobody holds it.
  slice prefix_of(size_t bytes) {
    if (!prefix_ || prefix_.use_count() > 1)
      prefix_ = std::make_shared<std::array<char, grpc_prefix_bytes>>();
    *prefix_ = grpc_prefix(bytes);
    return {prefix_, {prefix_->data(), prefix_->size()}};
  }

  // -- beginning and end -----------------------------------------------------

  void take(place_ptr place) {
    place_ = std::move(place);
    if (!place_)
      return;
    place_->set(standing::proving);
    place_->on_evict([weak = std::weak_ptr{self<grpc_link>()}] {
      if (const auto me = weak.lock())
        me->abort(link_error::exhausted);
    });
  }

  void answer(link_ptr link, link_error why, const std::string& detail) {
    if (const auto done = std::exchange(done_, nullptr))
      done(std::move(link), why, detail);
  }

  void give_up(link_error why, const std::string& detail) {
    ended(why, detail);
    answer(nullptr, why, detail);
    session().reset(stream_, h2_code::cancel);
    connection_->linger();
  }

  void note_status(const header_list& fields) {
    if (const auto text = value_of(fields, "grpc-status"); !text.empty())
      status_ = parse_grpc_status(text).value_or(
        static_cast<int>(grpc_status::unknown));
    if (const auto text = value_of(fields, "grpc-message"); !text.empty())
      status_text_ = decode_grpc_message(text);
  }

  static header_list trailers_of(close_reason why, const std::string& detail) {
    const auto status = grpc_status_of(why);
    header_list out{{"grpc-status", std::to_string(status)}};
    if (why != close_reason::normal && !detail.empty())
      out.push_back({"grpc-message", encode_grpc_message(detail)});
    return out;
  }

  std::pair<link_error, std::string> explain(const h2_ending& ending) const {
    switch (ending.how) {
      case h2_ending::kind::lost:
        return {ending.error ? classify_socket_error(ending.error)
                             : link_error::lost,
                ending.detail};
      case h2_ending::kind::broken:
        // Before it answered it may be anything, a proxy in front of a node
        // that went away included.
        return {done_ ? link_error::unavailable : link_error::protocol,
                ending.detail};
      case h2_ending::kind::reset:
        if (!dialled_)
          return {link_error::lost, "the stream was cancelled"};
        if (!status_)
          return {classify_h2_code(ending.code), ending.detail};
        break;
      case h2_ending::kind::complete:
        break;
    }
    if (!dialled_)
      return {link_error::none, "closed by the peer"};
    if (!status_)
      return {link_error::lost, "the stream ended without a status"};
    return {classify_grpc_status(*status_), status_text_};
  }

  h2_session& session() noexcept { return connection_->session(); }

  const h2_connection_ptr connection_;
  place_ptr place_; ///< null on the agent's side
  grpc_result done_; ///< until the stream opened
  int32_t stream_ = 0;
  bool dialled_ = true;
  bool started_ = false;
  grpc_reader reader_{max_grpc_message};
  bool peer_ended_ = false;
  std::string early_; ///< what came before the start
  std::optional<h2_ending> early_ending_;
  batch_encoder encoder_;
  std::shared_ptr<std::array<char, grpc_prefix_bytes>> prefix_;
  size_t writing_ = 0; ///< bytes of our message that are on their way
  std::string http_status_;
  std::optional<int> status_;
  std::string status_text_;
};

} // namespace

// What arrives is taken at once, so this bounds no memory: the windows of
// exchanges do. Two of the largest fit.
h2_settings tunnel_settings() {
  return {.profile = agent_profile,
          .stream_window = 2 * max_grown_window,
          .connection_window = 2 * max_grown_window};
}

bool is_tunnel_call(const header_list& head) noexcept {
  return value_of(head, ":method") == "POST"
         && value_of(head, ":path") == connect_method;
}

accepted_grpc accept_grpc(const h2_connection_ptr& connection, int32_t stream,
                          std::string server, place_ptr place) {
  const auto made = std::make_shared<grpc_link>(connection, std::move(server));
  made->accept(stream, std::move(place));
  return {made, made};
}

link_ptr open_grpc(io_unit& unit, stream_ptr stream,
                   const std::string& authority, grpc_result done) {
  const auto made = std::make_shared<grpc_link>(
    std::make_shared<h2_connection>(unit, std::move(stream),
                                    tunnel_settings()),
    std::string{});
  made->open(authority, std::move(done));
  return made;
}

} // namespace aps
